import hashlib
import subprocess
import sys

import numpy as np
import pytest

from cnnrepro import data
from cnnrepro.errors import UsageError


def run_through(splits, split="train", batch_size=64, **options):
    """All images and labels that come out of the pipeline, in order."""
    parts = [(images.numpy(), labels.numpy()) for images, labels in data.batches(splits, split, batch_size, **options)]
    return np.concatenate([images for images, _ in parts]), np.concatenate([labels for _, labels in parts])


def digest(arrays):
    return hashlib.sha256(b"".join(array.tobytes() for array in arrays)).hexdigest()


def test_in_order_and_standardised_as_numpy_does_it(digits):
    for split in digits.sizes:
        images, labels = data.arrays(digits, split)
        out, out_labels = run_through(digits, split)
        expected = (images / 255 - np.array(digits.mean)) / np.array(digits.std)
        assert out.dtype == np.float32 and out_labels.dtype == np.int64
        np.testing.assert_allclose(out, expected, rtol=1e-5, atol=1e-5)
        assert np.array_equal(out_labels, labels)


def test_standardise_gives_the_same_to_the_bit(digits):
    images, _ = run_through(digits, "validation")
    np.testing.assert_array_equal(data.standardise(digits.examples["validation"].images, digits), images)


def test_a_channel_that_is_the_same_everywhere_becomes_0(digits):
    grey = {name: data.Examples(np.full((4, 4, 4, 1), 9, np.uint8), np.arange(4)) for name in digits.sizes}
    images, _ = run_through(data.Splits("grey", digits.info, grey, "", (9 / 255,), (0.0,)), batch_size=4)
    np.testing.assert_allclose(images, 0, atol=1e-7)


def test_the_training_images_have_mean_zero_and_deviation_one(digits):
    images, _ = run_through(digits, seed=0)
    assert images.mean(dtype=np.float64) == pytest.approx(0, abs=1e-5)
    assert images.std(dtype=np.float64) == pytest.approx(1, abs=1e-5)


def test_several_channels_are_standardised_each(digits):
    pixels = np.random.default_rng(0).integers(0, [50, 150, 256], (40, 4, 4, 3)).astype(np.uint8)
    examples = {name: data.Examples(pixels, np.arange(40)) for name in digits.sizes}
    mean, std = ((pixels / 255).reshape(-1, 3).mean(0), (pixels / 255).reshape(-1, 3).std(0))
    splits = data.Splits("colours", digits.info, examples, "", tuple(mean), tuple(std))
    out, _ = run_through(splits)
    np.testing.assert_allclose(out, (pixels / 255 - mean) / std, rtol=1e-5, atol=1e-5)


def test_the_ragged_last_batch_is_kept(digits):
    import tensorflow as tf

    batches = data.batches(digits, "validation", 64)
    assert [len(labels) for _, labels in batches] == [64] * 7 + [52]
    assert len(batches) == 8
    spec = (tf.TensorSpec((None, 28, 28, 1), tf.float32), tf.TensorSpec((None,), tf.int64))
    assert batches.element_spec == spec


@pytest.mark.parametrize("batch_size", [7, 9_999])
def test_any_batch_size_gives_the_same_images(digits, batch_size):
    assert digest(run_through(digits, "validation", batch_size, seed=3)) == digest(
        run_through(digits, "validation", 64, seed=3)
    )


def test_a_shuffled_epoch_has_every_image_once_with_its_label(digits):
    def pairs(arrays):
        return sorted(image.tobytes() + label.tobytes() for image, label in zip(*arrays, strict=True))

    assert pairs(run_through(digits, seed=5, epoch=2)) == pairs(run_through(digits))


def test_the_whole_split_is_shuffled_before_it_is_batched(digits):
    """Images that travel together in one epoch part in the next."""
    _, first = run_through(digits, seed=0, epoch=0)
    together = {frozenset(part) for part in np.array_split(_order(digits, 0, 0), 10)}
    again = {frozenset(part) for part in np.array_split(_order(digits, 0, 1), 10)}
    assert not together & again
    assert max(np.bincount(first[:350], minlength=10)) < 70  # no batch is of one class


def _order(splits, seed, epoch):
    """Which image of the split stands where in the epoch."""
    places = {image.tobytes(): place for place, image in enumerate(run_through(splits)[0])}
    return [places[image.tobytes()] for image in run_through(splits, seed=seed, epoch=epoch)[0]]


def test_order_depends_on_seed_and_epoch_alone(digits):
    import tensorflow as tf

    orders = {(seed, epoch): digest(run_through(digits, seed=seed, epoch=epoch)) for seed in (0, 1) for epoch in (0, 1)}
    assert len(set(orders.values())) == 4
    tf.random.set_seed(99)
    np.random.seed(99)  # noqa: NPY002 - the point is that it does not matter
    assert digest(run_through(digits, seed=1, epoch=1)) == orders[1, 1]


@pytest.mark.soak
def test_another_process_has_the_same_order(digits):
    code = (
        "import hashlib; from cnnrepro import data; digest = hashlib.sha256();"
        "[digest.update(labels.numpy().tobytes())"
        " for _, labels in data.batches(data.load('mnist_5k'), 'train', 50, seed=4, epoch=7)];"
        "print(digest.hexdigest())"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    _, labels = run_through(digits, seed=4, epoch=7)
    assert done.stdout.strip() == hashlib.sha256(labels.tobytes()).hexdigest()


def test_going_through_twice_gives_the_same(digits):
    batches = data.batches(digits, "train", 64, seed=0)
    first, second = ([labels.numpy() for _, labels in batches] for _ in range(2))
    assert np.array_equal(np.concatenate(first), np.concatenate(second))


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        ({"batch_size": 0}, "batch_size must be at least 1. Received: 0"),
        ({"seed": -1}, "seed must be at least 0. Received: -1"),
        ({"epoch": -1}, "epoch must be at least 0. Received: -1"),
        ({"split": "valid"}, "split 'valid'.*'validation'"),
    ],
)
def test_wrong_arguments(digits, arguments, message):
    with pytest.raises(UsageError, match=message):
        data.batches(digits, **({"split": "train", "batch_size": 64} | arguments))
