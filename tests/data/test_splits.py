from itertools import chain

import numpy as np
import pytest

from cnnrepro import data
from cnnrepro.data.labelled_images import Examples, fingerprint
from cnnrepro.errors import UsageError

# A changed value here means that every published number on the data set was measured on other data.
FINGERPRINTS = {
    "mnist_5k": "631d3d3f9857e2c1e1b1157a7cac9c6ab13ae0037e94cdc144a8518f29508598",
    "mnist": "6db38cefe2f37ebf64c2720700d3828a2c8cc6aa686db0d93e38a35538a90b79",
}


@pytest.fixture(scope="module")
def mnist(prepared_mnist):
    return data.load("mnist", data_dir=prepared_mnist)


def multiset(images, labels):
    return sorted(image.tobytes() + bytes([label]) for image, label in zip(images, labels, strict=True))


def test_the_digits_are_split_by_class(digits):
    assert digits.sizes == dict(digits.info.sizes) == {"train": 3_500, "validation": 500, "test": 1_000}
    for split, each in {"train": 350, "validation": 50, "test": 100}.items():
        images, labels = data.arrays(digits, split)
        assert images.shape == (10 * each, 28, 28, 1) and images.dtype == np.uint8
        assert labels.dtype == np.int64 and np.bincount(labels).tolist() == [each] * 10


def test_no_digit_is_in_two_splits_and_none_is_lost(digits):
    from cnnrepro.data.embedded import read_digits

    parts = [multiset(*data.arrays(digits, split)) for split in digits.sizes]
    assert sorted(chain(*parts)) == multiset(*read_digits())
    assert len(set().union(*parts)) == 5_000


def test_the_first_digits_show_all_classes(digits):
    assert set(data.arrays(digits, "train")[1][:50]) == set(range(10))


def test_the_digits_never_change(digits):
    assert digits.fingerprint == FINGERPRINTS["mnist_5k"]


def test_mnist_never_changes(mnist):
    assert mnist.fingerprint == FINGERPRINTS["mnist"]


def test_mnist_is_split_with_each_class_in_proportion(mnist, mnist_files, idx):
    assert mnist.sizes == dict(mnist.info.sizes)
    counts = np.bincount(idx(mnist_files / "train-labels-idx1-ubyte.gz"))
    validation = np.bincount(data.arrays(mnist, "validation")[1])
    assert np.all(abs(validation - counts / 12) < 1)
    assert np.array_equal(np.bincount(data.arrays(mnist, "train")[1]), counts - validation)


def test_mnist_holds_the_images_of_the_original_files(mnist, mnist_files, idx):
    test = multiset(*data.arrays(mnist, "test"))
    assert test == multiset(*(idx(mnist_files / f"t10k-{part}-ubyte.gz") for part in ("images-idx3", "labels-idx1")))
    known = multiset(*data.arrays(mnist, "train")) + multiset(*data.arrays(mnist, "validation"))
    originals = (idx(mnist_files / f"train-{part}-ubyte.gz") for part in ("images-idx3", "labels-idx1"))
    assert sorted(known) == multiset(*originals)


def test_the_splits_as_tf_data(digits):
    import tensorflow as tf

    for split in ("train", "validation", "test"):
        dataset = getattr(digits, split)
        assert dataset.element_spec == (tf.TensorSpec((28, 28, 1), tf.uint8), tf.TensorSpec((), tf.int64))
        assert len(dataset) == digits.sizes[split]
        images, labels = data.arrays(digits, split)
        for place, (image, label) in enumerate(dataset.take(20)):
            assert np.array_equal(image, images[place]) and label == labels[place]


def test_mean_and_deviation_are_those_of_the_training_pixels(digits):
    pixels = data.arrays(digits, "train")[0].astype(np.float64) / 255
    assert digits.mean == pytest.approx([pixels.mean()], rel=1e-12)
    assert digits.std == pytest.approx([pixels.std()], rel=1e-12)


@pytest.mark.parametrize("count", [1, 10, 105, 2_000, 3_499])
def test_fewer_training_images_in_proportion(digits, count):
    fewer = data.load("mnist_5k", train_images=count)
    images, labels = data.arrays(fewer, "train")
    counts = np.bincount(labels, minlength=10)
    assert len(labels) == fewer.sizes["train"] == count
    assert counts.max() - counts.min() <= 1
    assert set(multiset(images, labels)) < set(multiset(*data.arrays(digits, "train")))
    for split in ("validation", "test"):
        assert np.array_equal(data.arrays(fewer, split)[0], data.arrays(digits, split)[0])
    assert fewer.fingerprint != digits.fingerprint
    assert fewer.mean == pytest.approx([images.mean() / 255])


def test_all_training_images_are_the_whole_set(digits):
    assert data.load("mnist_5k", train_images=3_500).fingerprint == digits.fingerprint


@pytest.mark.parametrize("count", [0, -1, 3_501, 2.5, "ten", True])
def test_a_wrong_number_of_training_images(count):
    with pytest.raises(UsageError, match=rf"from 1 to 3500.*'mnist_5k'.*Received: {count!r}"):
        data.load("mnist_5k", train_images=count)


def test_a_wrong_number_is_refused_before_anything_is_prepared(tmp_path):
    with pytest.raises(UsageError, match="from 1 to 55000"):
        data.load("mnist", train_images=0, data_dir=tmp_path)


def test_an_unknown_split(digits):
    with pytest.raises(UsageError, match=r"split 'testing'.*test, train, validation.*'test'"):
        data.arrays(digits, "testing")


def test_the_fingerprint_covers_images_labels_order_and_place():
    def three(train, validation, test):
        parts = {"train": train, "validation": validation, "test": test}
        return fingerprint({name: Examples(np.array(i, np.uint8).reshape(-1, 1, 1, 1), np.array(y, np.int64))
                            for name, (i, y) in parts.items()})  # fmt: skip

    one, two = ([1, 2], [0, 1]), ([3], [2])
    prints = [
        three(one, two, two),
        three(([1, 9], [0, 1]), two, two),  # another pixel
        three(([1, 2], [0, 9]), two, two),  # another label
        three(([2, 1], [1, 0]), two, two),  # another order
        three(two, one, two),  # another place
        three(one, two, ([], [])),  # fewer
    ]
    assert len(set(prints)) == len(prints)
    assert prints[0] == three(one, two, two)
