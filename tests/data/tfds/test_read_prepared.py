import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from cnnrepro import data
from cnnrepro.data.tfds import read_prepared
from cnnrepro.errors import WorkFailed
from tests.data.tfds.helpers import change_a_bit


@pytest.fixture
def copy(prepared_mnist, tmp_path):
    """A prepared MNIST, to be damaged: the data folder and the prepared folder in it."""
    shutil.copytree(prepared_mnist / "mnist", tmp_path / "mnist")
    return tmp_path, tmp_path / "mnist" / "3.0.1"


def test_the_list_says_what_can_be_loaded(prepared_mnist):
    rows = {row["name"]: row for row in data.list_datasets(prepared_mnist)}
    assert {name for name, row in rows.items() if row["status"] != "absent"} == {"mnist_5k", "mnist"}
    assert rows["mnist_5k"]["status"] == "embedded"
    assert rows["mnist"] == {
        "name": "mnist",
        "title": "MNIST",
        "status": "prepared",
        "sizes": {"train": 55_000, "validation": 5_000, "test": 10_000},
        "classes": 10,
        "download_megabytes": 11.6,
    }


def test_the_folder_comes_from_the_environment(prepared_mnist, monkeypatch):
    monkeypatch.setenv("CNNREPRO_DATA", str(prepared_mnist))
    assert data.status("mnist") == "prepared"


@pytest.mark.parametrize("name", ["dataset_info.json", "features.json", "mnist-train.tfrecord-00000-of-00001"])
def test_a_folder_that_lacks_a_file_is_not_prepared(copy, name):
    data_dir, folder = copy
    for damage in (lambda path: path.write_bytes(b""), Path.unlink):
        damage(folder / name)
        assert data.status("mnist", data_dir) == "absent"
        with pytest.raises(WorkFailed, match=r"missing or empty\. Remove that folder and prepare it again"):
            data.load("mnist", data_dir=data_dir)


def test_a_folder_with_fewer_images_is_not_prepared(copy):
    data_dir, folder = copy
    description = folder / "dataset_info.json"
    description.write_text(description.read_text().replace('"60000"', '"600"'))
    assert data.status("mnist", data_dir) == "absent"


@pytest.mark.parametrize("place", [-1_000, pytest.param(1_000, marks=pytest.mark.soak)])
def test_a_changed_byte_in_the_records_is_noticed(copy, place):
    data_dir, folder = copy
    change_a_bit(folder / "mnist-train.tfrecord-00000-of-00001", place)
    with pytest.raises(WorkFailed, match=r"cannot be read.*Remove that folder and prepare it again"):
        data.load("mnist", data_dir=data_dir)


def test_records_that_end_early_are_noticed(copy):
    data_dir, folder = copy
    records = folder / "mnist-test.tfrecord-00000-of-00001"
    records.write_bytes(records.read_bytes()[:1_000_000])
    with pytest.raises(WorkFailed, match=r"cannot be read.*Remove that folder"):
        data.load("mnist", data_dir=data_dir)


def test_images_are_decoded_once_and_again_when_what_was_kept_is_no_longer_of_them(tmp_path, monkeypatch):
    random, decoded, kept = np.random.default_rng(0), [], tmp_path / read_prepared.DECODED
    (tmp_path / "features.json").write_text("{}")
    splits = {
        name: (random.integers(0, 256, (size, 28, 28, 1), np.uint8), random.integers(0, 10, size))
        for name, size in (("train", 30), ("test", 20))
    }
    monkeypatch.setattr(read_prepared, "_decode", lambda *of: decoded.append(of) or splits)

    def times_decoded():
        del decoded[:]
        found = read_prepared.read(data.info("mnist"), tmp_path)
        assert set(found) == {"train", "test"}
        for name, pair in splits.items():
            for ours, theirs in zip(found[name], pair, strict=True):
                np.testing.assert_array_equal(ours, theirs)
                assert ours.dtype == theirs.dtype
        return len(decoded)

    assert [times_decoded(), times_decoded()] == [1, 0]
    change_a_bit(kept, 20_000)
    assert [times_decoded(), times_decoded()] == [1, 0]
    (tmp_path / "features.json").write_text("{ }")
    assert [times_decoded(), times_decoded()] == [1, 0]
    state = (tmp_path / "features.json").stat()
    (tmp_path / "features.json").write_text("[ ]")  # of equal size, and given its time
    os.utime(tmp_path / "features.json", ns=(state.st_atime_ns, state.st_mtime_ns))
    assert [times_decoded(), times_decoded()] == [1, 0]
    kept.unlink()
    monkeypatch.setattr(read_prepared, "write_whole", lambda *_: (_ for _ in ()).throw(OSError("read-only")))
    assert [times_decoded(), times_decoded()] == [1, 1]
    assert not kept.exists()


@pytest.mark.soak
def test_fashion_mnist_is_read_from_its_own_folder(copy):
    """MNIST's records under Fashion-MNIST's names: the real files are not at hand, the reading is the same."""
    data_dir, folder = copy
    fashion = data_dir / "fashion_mnist" / "3.0.1"
    shutil.copytree(folder, fashion)
    for path in fashion.glob("mnist-*"):
        path.rename(fashion / f"fashion_{path.name}")
    description = fashion / "dataset_info.json"
    description.write_text(description.read_text().replace('"name": "mnist"', '"name": "fashion_mnist"'))
    splits = data.load("fashion_mnist", data_dir=data_dir, train_images=100)
    assert splits.sizes == {"train": 100, "validation": 5_000, "test": 10_000}
    assert splits.info.classes[9] == "Ankle boot"
    assert np.bincount(splits.examples["test"].labels).sum() == 10_000
