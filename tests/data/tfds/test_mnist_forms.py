"""MNIST unpacked, as mnist.npz and as tables of pixels; the digits here are made up, and few."""

import gzip
import hashlib
import io
import zipfile

import numpy as np
import pytest

from cnnrepro import data
from cnnrepro.data.tfds import mnist_forms, prepare
from cnnrepro.data.tfds.published_files import known_files
from cnnrepro.errors import UsageError, WorkFailed
from tests.calling import call


@pytest.fixture
def digits(monkeypatch):
    """Images and labels of both parts; their checksums are taken for the published ones."""
    random = np.random.default_rng(0)
    parts = {
        part: (random.integers(0, 256, (count, 28, 28), np.uint8), (np.arange(count) % 10).astype(np.uint8))
        for part, count in (("train", 60), ("t10k", 20))
    }
    sums = {name: hashlib.sha256(content).hexdigest() for name, content in idx(parts).items()}
    monkeypatch.setattr(mnist_forms, "UNPACKED", sums)
    return parts


def idx(parts):
    """The four files by name, as the format is described: big-endian lengths of the axes after 0, 0, type, axes."""
    contents = {}
    for part, (images, labels) in parts.items():
        lengths = np.array([len(images), 28, 28], ">u4").tobytes()
        contents[f"{part}-images-idx3-ubyte"] = b"\x00\x00\x08\x03" + lengths + images.tobytes()
        contents[f"{part}-labels-idx1-ubyte"] = b"\x00\x00\x08\x01" + lengths[:4] + labels.tobytes()
    return contents


def write_table(path, images, labels, header=True):
    rows = np.column_stack([labels, images.reshape(len(images), -1)])
    titles = ",".join(["label", *(f"pixel{number}" for number in range(784))])
    np.savetxt(path, rows, "%d", ",", header=titles if header else "", comments="")


def test_an_archive_that_unpacks_to_gigabytes_is_not_unpacked(tmp_path):
    head = io.BytesIO()
    np.lib.format.write_array_header_1_0(head, {"shape": (2**40,), "fortran_order": False, "descr": "|u1"})
    for packed, reason in (
        (zipfile.ZIP_DEFLATED, "has 1,099,511,627,776 bytes"),
        (zipfile.ZIP_BZIP2, "neither stored"),
    ):
        with zipfile.ZipFile(tmp_path / "mnist.npz", "w", packed) as archive:
            archive.writestr("x_train.npy", head.getvalue())
        with pytest.raises(WorkFailed, match=rf"mnist.npz' is damaged or another file \(x_train.npy.*{reason}"):
            mnist_forms.whole(tmp_path)


@pytest.mark.parametrize("form", ["idx", "idx with a dot", "idx in folders", "npz", "tables", "a folder below"])
def test_every_whole_form_gives_the_contents_of_the_published_files(digits, tmp_path, form):
    if form.startswith("idx") or form == "a folder below":
        for name, content in idx(digits).items():
            written = name.replace("-idx", ".idx") if form == "idx with a dot" else name
            folder = {"idx in folders": tmp_path / name, "a folder below": tmp_path / "below"}.get(form, tmp_path)
            folder.mkdir(exist_ok=True)
            (folder / written).write_bytes(content)
    elif form == "npz":
        (x, y), (u, v) = digits["train"], digits["t10k"]
        np.savez(tmp_path / "mnist.npz", x_train=x, y_train=y, x_test=u, y_test=v)
    else:
        write_table(tmp_path / "mnist_train.csv", *digits["train"], header=False)
        write_table(tmp_path / "mnist_test.csv", *digits["t10k"])
    assert mnist_forms.whole(tmp_path) == idx(digits)


def test_the_checksums_are_those_of_the_published_files(mnist_files):
    for name, expected in mnist_forms.UNPACKED.items():
        assert hashlib.sha256(gzip.decompress((mnist_files / f"{name}.gz").read_bytes())).hexdigest() == expected


def test_tfds_is_given_the_checksums_of_what_was_packed_here(digits, tmp_path, monkeypatch):
    for name, content in idx(digits).items():
        (tmp_path / name).write_bytes(content)
    seen = []

    def prepared(info, scratch, own_files):
        for file in own_files:
            packed = (scratch / "manual" / file.name).read_bytes()
            assert (len(packed), hashlib.sha256(packed).hexdigest()) == (file.size, file.sha256)
            assert gzip.decompress(packed) == idx(digits)[file.name.removesuffix(".gz")]
            seen.append(file.url)
        (scratch / "made").mkdir()
        return scratch / "made"

    monkeypatch.setattr(prepare, "run_tfds", prepared)
    assert data.prepare("mnist", source=tmp_path, data_dir=tmp_path / "data") == tmp_path / "data" / "mnist" / "3.0.1"
    assert seen == [file.url for file in known_files("mnist")]


def test_other_contents_are_refused_with_both_checksums(digits, tmp_path):
    (x, y), (u, v) = digits["train"], digits["t10k"]
    x[0, 0, 0] ^= 1
    np.savez(tmp_path / "mnist.npz", x_train=x, y_train=y, x_test=u, y_test=v)
    with pytest.raises(
        WorkFailed, match="train-images-idx3-ubyte in mnist.npz is damaged or another file: expected SHA"
    ):
        data.prepare("mnist", source=tmp_path, data_dir=tmp_path / "data")
    (tmp_path / "mnist.npz").write_bytes(b"no archive")
    with pytest.raises(WorkFailed, match=r"mnist.npz' is damaged or another file \("):
        data.prepare("mnist", source=tmp_path, data_dir=tmp_path / "data")
    assert not (tmp_path / "data").exists()


def test_a_table_without_a_known_checksum_is_kept_and_marked(tmp_path, capsys, monkeypatch):
    monkeypatch.setenv("CNNREPRO_DATA", str(tmp_path / "data"))
    images = np.random.default_rng(1).integers(0, 256, (210, 28, 28), np.uint8)
    write_table(tmp_path / "train.csv", images, np.arange(210) % 10)
    status, out, err = call(capsys, "data", "prepare", "mnist", "--from", tmp_path)
    marked = "210 digits of train.csv (no known checksum), their test split drawn"
    assert (status, out) == (0, f"mnist is ready in {tmp_path / 'data' / 'mnist_table'}\n")
    assert err == f"cnnrepro: mnist: {marked}. Records and pages say so.\n"
    assert data.status("mnist") == f"partial: {marked}"
    splits = data.load("mnist")
    assert (splits.partial, splits.sizes) == (marked, {"train": 165, "validation": 15, "test": 30})
    whole = np.concatenate([examples.images for examples in splits.examples.values()])
    assert sorted(map(bytes, whole)) == sorted(map(bytes, images))
    (tmp_path / "data" / "mnist_table" / "digits.npz").write_bytes(b"changed")
    with pytest.raises(WorkFailed, match="it changed since. Remove that folder and prepare it again"):
        data.load("mnist")


@pytest.mark.parametrize(
    "content, sentence",
    [
        ("id,label\n1,2\n", "the first column must be label. Received: 'id'"),
        ("label,pixel0\n1,2\n", "a label and 784 pixels. Received: 2 columns"),
        ("label" + ",p" * 784 + "\n" + "1" + ",256" * 784 + "\n", "whole numbers from 0 to 255"),
        ("label" + ",p" * 784 + "\n" + "10" + ",0" * 784 + "\n", "labels must be 0 to 9. Received: 10"),
        ("", "No columns to parse|first column"),
    ],
)
def test_tables_of_something_else_are_refused(tmp_path, content, sentence):
    (tmp_path / "train.csv").write_text(content)
    with pytest.raises(UsageError, match=sentence):
        data.prepare("mnist", source=tmp_path, data_dir=tmp_path / "data")
    assert data.status("mnist", tmp_path / "data") == "absent"


def test_a_folder_with_none_of_them_names_all_forms(tmp_path):
    (tmp_path / "notes.txt").touch()
    with pytest.raises(UsageError, match=r"Other forms do as well: the four files unpacked, mnist.npz, .*train.csv"):
        data.prepare("mnist", source=tmp_path, data_dir=tmp_path / "data")


@pytest.mark.soak
def test_tfds_makes_the_same_of_unpacked_files(mnist_files, prepared_mnist, tmp_path):
    for name in mnist_forms.UNPACKED:
        (tmp_path / name).write_bytes(gzip.decompress((mnist_files / f"{name}.gz").read_bytes()))
    data.prepare("mnist", source=tmp_path, data_dir=tmp_path / "data")
    same = [data.load("mnist", data_dir=folder).fingerprint for folder in (prepared_mnist, tmp_path / "data")]
    assert same[0] == same[1]
