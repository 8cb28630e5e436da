import hashlib
import struct

import numpy as np
import pytest

from cnnrepro import data
from cnnrepro.data import cifar10, prepared, staging
from cnnrepro.errors import UsageError, WorkFailed

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
    monkeypatch.setattr(
        cifar10, "FILES", {name: hashlib.sha256(contents).hexdigest() for name, contents in files.items()}
    )
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


def test_a_damaged_file_is_refused_even_as_partial(small, tmp_path):
    source = write(small, tmp_path / "from")
    spoiled = bytearray(small["data_batch_3.bin"])
    spoiled[100] ^= 1
    (source / "data_batch_3.bin").write_bytes(spoiled)
    with pytest.raises(WorkFailed, match=r"data_batch_3.bin .* is damaged or another file: expected SHA-256"):
        data.prepare("cifar10", source=source, data_dir=tmp_path / "data", partial=True)
    assert [path.name for path in (tmp_path / "data").iterdir() if path.is_dir()] == []


def test_more_files_complete_a_partial_set(small, tmp_path):
    first = write(small, tmp_path / "first", ["data_batch_1.bin", "data_batch_2.bin", "test_batch.bin"])
    second = write(
        small, tmp_path / "second", ["data_batch_3.bin", "data_batch_4.bin", "data_batch_5.bin", "test_batch.bin"]
    )
    data.prepare("cifar10", source=first, data_dir=tmp_path / "data", partial=True)
    data.prepare("cifar10", source=second, data_dir=tmp_path / "data", partial=True)
    assert data.status("cifar10", tmp_path / "data") == "prepared"
    assert len(cifar10.read(tmp_path / "data").train[1]) == 5 * IMAGES


def test_partial_is_for_cifar10_from_a_folder(tmp_path):
    for name, source in (("mnist", tmp_path), ("cifar10", None)):
        with pytest.raises(UsageError, match="--partial goes with cifar10 --from DIR"):
            staging.prepare(name, source=source, data_dir=tmp_path, partial=True)


def test_tfds_order_is_brought_to_the_official_one():
    random = np.random.default_rng(0)
    images, labels = random.integers(0, 256, (30, 2, 2, 3), np.uint8), random.integers(0, 10, 30)
    shuffled = random.permutation(30)
    ids = np.array([f"train_{number:05d}".encode() for number in shuffled], object)
    found = cifar10.in_official_order(images[shuffled], labels[shuffled], ids)
    np.testing.assert_array_equal(found[0], images)
    np.testing.assert_array_equal(found[1], labels)


def test_what_tfds_prepared_is_sorted_as_it_is_read(monkeypatch, tmp_path):
    """TFDS's own archive is not at hand; its form is: images, labels and names, stored by a hash of the number."""

    class Tensor:
        def __init__(self, value):
            self.numpy = lambda: value

    ids = np.array([b"train_00001", b"train_00000"], object)
    part = {"image": Tensor(np.arange(2)[:, None]), "label": Tensor(np.array([7, 8])), "id": Tensor(ids)}
    images, labels = prepared._arrays(data.info("cifar10"), part)
    assert (images.ravel().tolist(), labels.tolist()) == ([1, 0], [8, 7])


def test_half_of_the_real_cifar10(test_data, tmp_path):
    source = test_data / "cifar10"
    data.prepare("cifar10", source=source, data_dir=tmp_path, partial=True)
    splits = data.load("cifar10", data_dir=tmp_path)
    assert splits.sizes == {"train": 18_000, "validation": 2_000, "test": 10_000}
    assert splits.info.sizes == splits.sizes
    assert splits.partial == "2 of 5 training batches"
    assert np.bincount(splits.examples["test"].labels).tolist() == [1_000] * 10
    # Krizhevsky 2009; the means that everyone uses are 0.491, 0.482, 0.447
    np.testing.assert_allclose(splits.mean, [0.491, 0.482, 0.447], atol=0.003)
    with pytest.raises(UsageError, match="from 1 to 18000, the training images of 'cifar10'"):
        data.load("cifar10", data_dir=tmp_path, train_images=20_000)
