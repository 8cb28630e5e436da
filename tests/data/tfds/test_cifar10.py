import dataclasses
import hashlib
import shutil
import struct

import numpy as np
import pytest

from cnnrepro import data
from cnnrepro.data.catalogue import DATASETS
from cnnrepro.data.tfds import cifar10, prepare
from cnnrepro.errors import UsageError, WorkFailed
from tests.data.tfds.helpers import change_a_bit

IMAGES = 20


def batch(number):
    """A file of 20 records, and what was put in: images (20, 32, 32, 3), labels (20,)."""
    random = np.random.default_rng(number)
    images, labels = random.integers(0, 256, (IMAGES, 32, 32, 3), np.uint8), np.arange(IMAGES) % 10
    record = [
        struct.pack("B", label) + b"".join(image[:, :, colour].tobytes() for colour in range(3))
        for image, label in zip(images, labels, strict=True)
    ]
    return b"".join(record), images, labels


@pytest.fixture
def small(monkeypatch):
    """Files of 20 images in place of 10,000, with the checksums that they have."""
    files = {name: batch(number)[0] for number, name in enumerate(cifar10.FILES)}
    monkeypatch.setattr(cifar10, "IMAGES", IMAGES)
    checksums = {name: hashlib.sha256(contents).hexdigest() for name, contents in files.items()}
    monkeypatch.setattr(cifar10, "FILES", checksums)
    return files


def write(files, folder, names=None):
    folder.mkdir(parents=True, exist_ok=True)
    for name in names or files:
        (folder / name).write_bytes(files[name])
    return folder


def test_records_are_label_then_red_green_and_blue_rows(small, tmp_path):
    write(small, tmp_path)
    images, labels = cifar10.parse(tmp_path / "data_batch_2.bin")
    _, expected, expected_labels = batch(1)
    np.testing.assert_array_equal(images, expected)
    np.testing.assert_array_equal(labels, expected_labels)
    assert (images.dtype, labels.dtype) == (np.uint8, np.int64)


def test_a_file_of_another_size_or_label_is_refused(small, tmp_path):
    (tmp_path / "short.bin").write_bytes(small["test_batch.bin"][:-1])
    with pytest.raises(WorkFailed, match=r"should have 61,460 bytes. Received: 61,459"):
        cifar10.parse(tmp_path / "short.bin")
    (tmp_path / "label.bin").write_bytes(b"\x0a" + small["test_batch.bin"][1:])
    with pytest.raises(WorkFailed, match="holds the label 10"):
        cifar10.parse(tmp_path / "label.bin")


@pytest.mark.parametrize("place", ["", "cifar-10-batches-bin"])
def test_all_six_files_are_prepared_and_read_in_official_order(small, tmp_path, place):
    write(small, tmp_path / "from" / place)
    folder = data.prepare("cifar10", source=tmp_path / "from", data_dir=tmp_path / "data")
    parts = cifar10.read(tmp_path / "data")
    assert folder == tmp_path / "data" / "cifar10_files"
    assert parts.partial is None
    np.testing.assert_array_equal(parts.train[0], np.concatenate([batch(number)[1] for number in range(5)]))
    np.testing.assert_array_equal(parts.test[0], batch(5)[1])
    assert data.status("cifar10", tmp_path / "data") == "prepared"
    assert data.prepare("cifar10", data_dir=tmp_path / "data") == folder  # no network is asked


def test_missing_files_are_named_and_taken_only_as_partial(small, tmp_path):
    source = write(small, tmp_path / "from", ["data_batch_1.bin", "data_batch_4.bin", "test_batch.bin"])
    with pytest.raises(UsageError, match=r"lacks data_batch_2.bin, data_batch_3.bin, data_batch_5.bin.*--partial"):
        data.prepare("cifar10", source=source, data_dir=tmp_path / "data")
    assert not list((tmp_path / "data").glob("cifar*"))
    data.prepare("cifar10", source=source, data_dir=tmp_path / "data", partial=True)
    assert data.status("cifar10", tmp_path / "data") == "partial: 2 of 5 training batches"
    assert cifar10.read(tmp_path / "data").partial == "2 of 5 training batches"


@pytest.mark.parametrize("names", [["data_batch_1.bin", "data_batch_2.bin"], ["test_batch.bin"]])
def test_the_least_is_the_test_file_and_one_other(small, tmp_path, names):
    source = write(small, tmp_path / "from", names)
    with pytest.raises(UsageError, match=r"test_batch.bin and one training batch are the least"):
        data.prepare("cifar10", source=source, data_dir=tmp_path / "data", partial=True)


@pytest.fixture
def part(small, tmp_path):
    """A data folder with two of the five training batches."""
    source = write(small, tmp_path / "part", ["data_batch_1.bin", "data_batch_2.bin", "test_batch.bin"])
    data.prepare("cifar10", source=source, data_dir=tmp_path / "data", partial=True)
    return tmp_path / "data"


def contents(root):
    return {path.name: path.read_bytes() for path in (root / cifar10.FOLDER_NAME).iterdir()}


@pytest.mark.parametrize(
    ("file", "error", "message"),
    [
        (None, UsageError, "is not a folder"),
        ("notes.txt", UsageError, r"cifar-10-binary.tar.gz is missing.*original files do as well: data_batch_1.bin"),
        ("cifar-10-binary.tar.gz", WorkFailed, "cifar-10-binary.tar.gz is damaged or another file"),
    ],
    ids=["no folder", "other files", "damaged archive"],
)
def test_what_is_there_in_part_does_not_make_a_useless_source_good(part, tmp_path, file, error, message):
    before = contents(part)
    if file:
        write({file: b"no such thing"}, tmp_path / "from")
    with pytest.raises(error, match=message):
        data.prepare("cifar10", source=tmp_path / "from", data_dir=part)
    assert contents(part) == before


def test_a_damaged_file_is_refused_even_as_partial_and_leaves_what_was_prepared_before(part, small, tmp_path):
    before = contents(part)
    source = write(small, tmp_path / "from")
    change_a_bit(source / "data_batch_5.bin", 100)
    for partial in (False, True):
        with pytest.raises(WorkFailed, match=r"data_batch_5.bin .* is damaged or another file: expected SHA-256"):
            data.prepare("cifar10", source=source, data_dir=part, partial=partial)
    assert contents(part) == before
    assert [path.name for path in part.iterdir() if path.is_dir()] == [cifar10.FOLDER_NAME]


def test_where_the_new_folder_cannot_take_its_place_the_old_one_is_back(part, tmp_path):
    before = contents(part)
    with pytest.raises(FileNotFoundError):
        cifar10._replace(part / cifar10.FOLDER_NAME, tmp_path / "never made", tmp_path / "before")
    assert contents(part) == before


def test_a_byte_that_changed_since_is_noticed(part):
    change_a_bit(part / cifar10.FOLDER_NAME / "data_batch_2.bin", 100)
    with pytest.raises(WorkFailed, match=r"data_batch_2.bin changed since. Remove that folder and prepare it again"):
        data.load("cifar10", data_dir=part)


def test_a_file_cut_short_is_not_a_smaller_data_set_and_is_mended(part, small, tmp_path):
    path = part / cifar10.FOLDER_NAME / "data_batch_2.bin"
    path.write_bytes(path.read_bytes()[:-1])
    assert data.status("cifar10", part) == "absent"
    with pytest.raises(WorkFailed, match="missing or cut short. Remove that folder and prepare it again"):
        data.load("cifar10", data_dir=part)
    data.prepare("cifar10", source=tmp_path / "part", data_dir=part, partial=True)
    assert contents(part) == {name: small[name] for name in ("data_batch_1.bin", "data_batch_2.bin", "test_batch.bin")}


def test_what_a_killed_process_left_is_removed(small, tmp_path):
    (tmp_path / "data" / ".cnnrepro-cifar10-killed").mkdir(parents=True)
    data.prepare("cifar10", source=write(small, tmp_path / "from"), data_dir=tmp_path / "data")
    assert {path.name for path in (tmp_path / "data").iterdir() if path.is_dir()} == {cifar10.FOLDER_NAME}


def test_of_several_folders_the_one_with_most_files_is_taken(small, tmp_path):
    write(small, tmp_path / "from", ["test_batch.bin"])
    fullest = write(small, tmp_path / "from" / "cifar-10-batches-bin")
    assert cifar10.lies_in(tmp_path / "from") == fullest
    assert cifar10.lies_in(tmp_path / "absent") is None


def test_a_whole_set_is_not_replaced_by_a_part_of_it(small, tmp_path):
    data.prepare("cifar10", source=write(small, tmp_path / "all"), data_dir=tmp_path / "data")
    source = write(small, tmp_path / "part", ["data_batch_1.bin", "test_batch.bin"])
    data.prepare("cifar10", source=source, data_dir=tmp_path / "data", partial=True)
    assert contents(tmp_path / "data") == small


def test_more_files_complete_a_partial_set(part, small, tmp_path):
    source = write(small, tmp_path / "from", [f"data_batch_{number}.bin" for number in (3, 4, 5)] + ["test_batch.bin"])
    data.prepare("cifar10", source=source, data_dir=part, partial=True)
    assert data.status("cifar10", part) == "prepared"
    assert contents(part) == small


def test_partial_is_for_cifar10_from_a_folder(tmp_path):
    for name, source in (("mnist", tmp_path), ("cifar10", None)):
        with pytest.raises(UsageError, match="--partial goes with cifar10 --from DIR"):
            prepare.prepare(name, source=source, data_dir=tmp_path, partial=True)


def test_tfds_order_is_brought_to_the_official_one():
    random = np.random.default_rng(0)
    images, labels = random.integers(0, 256, (30, 2, 2, 3), np.uint8), random.integers(0, 10, 30)
    shuffled = random.permutation(30)
    ids = np.array([f"train_{number:05d}".encode() for number in shuffled], object)
    ordered = cifar10.in_official_order(images[shuffled], labels[shuffled], ids)
    np.testing.assert_array_equal(ordered[0], images)
    np.testing.assert_array_equal(ordered[1], labels)


def test_tfds_and_the_original_files_give_the_same_data_set(small, tmp_path, monkeypatch):
    """TFDS's own builder on the small files; only its download of the archive is replaced by the unpacked files."""
    import tensorflow_datasets as tfds

    sizes = {"train": 90, "validation": 10, "test": 20}
    entry = dataclasses.replace(data.info("cifar10"), sizes=sizes)
    monkeypatch.setitem(DATASETS, "cifar10", entry)
    unpacked = write(small, tmp_path / "unpacked" / "cifar-10-batches-bin")
    (unpacked / "batches.meta.txt").write_text("\n".join(entry.classes) + "\n")
    monkeypatch.setattr(
        tfds.download.DownloadManager, "download_and_extract", lambda manager, url: str(unpacked.parent)
    )
    (tmp_path / "scratch" / "manual").mkdir(parents=True)
    folder = prepare.run_tfds(entry, tmp_path / "scratch")
    stored = tfds.builder_from_directory(folder).as_dataset(split="train", batch_size=-1)
    ids = [name.decode() for name in stored["id"].numpy()]
    assert sorted(ids) == [f"train_{number:05d}" for number in range(100)] != ids  # stored in another order

    data.prepare("cifar10", source=unpacked, data_dir=tmp_path / "files")
    from_files = data.load("cifar10", data_dir=tmp_path / "files")
    from_tfds = data.load("cifar10", data_dir=tmp_path / "scratch" / "prepared")
    assert from_tfds.sizes == from_files.sizes == sizes
    assert from_tfds.fingerprint == from_files.fingerprint

    records = folder / "cifar10-train.tfrecord-00000-of-00001"
    change_a_bit(records, -1_000)
    with pytest.raises(WorkFailed, match=r"cannot be read.*Remove that folder and prepare it again"):
        data.load("cifar10", data_dir=tmp_path / "scratch" / "prepared")
    records.write_bytes(b"")
    assert data.status("cifar10", tmp_path / "scratch" / "prepared") == "absent"
    with pytest.raises(WorkFailed, match=r"missing or empty\. Remove that folder and prepare it again"):
        data.load("cifar10", data_dir=tmp_path / "scratch" / "prepared")


@pytest.fixture
def half(test_data, tmp_path):
    """Two of the real training batches and the test batch."""
    names = ["data_batch_1.bin", "data_batch_2.bin", "test_batch.bin"]
    folder = test_data / "cifar10" / "cifar-10-batches-bin"
    if missing := [name for name in names if not (folder / name).is_file()]:
        pytest.skip(f"no {', '.join(missing)} in {folder} (CNNREPRO_TEST_DATA may name another folder)")
    (tmp_path / "half").mkdir()
    for name in names:
        shutil.copyfile(folder / name, tmp_path / "half" / name)
    return tmp_path / "half"


def test_half_of_the_real_cifar10(half, tmp_path):
    data.prepare("cifar10", source=half, data_dir=tmp_path, partial=True)
    splits = data.load("cifar10", data_dir=tmp_path)
    assert splits.sizes == {"train": 18_000, "validation": 2_000, "test": 10_000}
    assert splits.info.sizes == splits.sizes
    assert splits.partial == "2 of 5 training batches"
    assert np.bincount(splits.examples["test"].labels).tolist() == [1_000] * 10
    train, validation = (np.bincount(splits.examples[split].labels) for split in ("train", "validation"))
    assert np.abs(validation - (train + validation) / 10).max() < 1  # every class with its share
    # Krizhevsky 2009; the means that everyone uses are 0.491, 0.482, 0.447
    np.testing.assert_allclose(splits.mean, [0.491, 0.482, 0.447], atol=0.003)
    with pytest.raises(UsageError, match="from 1 to 18000, the training images of 'cifar10'"):
        data.load("cifar10", data_dir=tmp_path, train_images=20_000)
