"""Feed: what reaches the network, in both placements, from every kind of store."""

from unittest.mock import patch

import numpy as np
import pytest
from PIL import Image

from cnnrepro import data
from cnnrepro.data.pipelines import feeding
from cnnrepro.data.pipelines.catalogue import PIPELINES
from cnnrepro.errors import UsageError
from cnnrepro.layers.augmentation import Augment

BATCH = 8


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    root, random = tmp_path_factory.mktemp("feed"), np.random.default_rng(0)
    for name in ("ant", "bee"):
        (root / "set" / name).mkdir(parents=True)
        for number in range(16):
            Image.fromarray(random.integers(0, 256, (40, 50, 3), np.uint8)).save(
                root / "set" / name / f"{number:02}.jpg"
            )
    return root


@pytest.fixture(scope="module")
def loaded(folder):
    """The splits by where they are cached."""
    return {
        cache: data.load(f"folder:{folder / 'set'}", canvas=32, cache=cache, pictures=folder / cache)
        for cache in ("disk", "memory", "none")
    }


@pytest.fixture(scope="module")
def splits(loaded):
    return loaded["disk"]


def gathered(feed, split="train", **how):
    """All of a split: images as the network gets them, and labels."""
    images, labels = [], []
    head = Augment(feed.pipeline, feed.constants, feed.size)
    for given, label in feed.batches(split, BATCH, **how):
        images.append(np.asarray(head(given) if feed.placement == "step" else given))
        labels.append(np.asarray(label))
    return np.concatenate(images), np.concatenate(labels)


def test_every_cache_gives_the_same_pictures(loaded):
    disk, memory, none = (
        gathered(data.Feed(splits, PIPELINES["alexnet-2012"]), seed=3, epoch=2) for splits in loaded.values()
    )
    for images, labels in (memory, none):
        np.testing.assert_array_equal(images, disk[0])
        np.testing.assert_array_equal(labels, disk[1])


@pytest.mark.parametrize("name", PIPELINES)
def test_both_placements_give_the_same_pictures(splits, name):
    feeds = [data.Feed(splits, PIPELINES[name], placement) for placement in data.PLACEMENTS]
    (beside, labels), (inside, other) = (gathered(feed, seed=3, epoch=2) for feed in feeds)
    assert beside.shape == (26, feeds[0].size, feeds[0].size, 3)
    np.testing.assert_array_equal(labels, other)
    assert sorted(labels) == sorted(splits.examples["train"].labels)
    # Interpolation between pixels may round otherwise under another library; cutting and subtracting may not.
    np.testing.assert_allclose(beside, inside, rtol=0, atol=1e-3 if PIPELINES[name].resamples else 1e-5)


def test_seed_and_epoch_decide_what_is_seen(splits):
    feed = data.Feed(splits, PIPELINES["alexnet-2012"])
    first, again = (gathered(feed, seed=0, epoch=1)[0] for _ in range(2))
    np.testing.assert_array_equal(first, again)
    for other in (gathered(feed, seed=0, epoch=2), gathered(feed, seed=1, epoch=1)):
        assert np.abs(other[0] - first).mean() > 1


def test_without_a_seed_it_is_the_middle_of_each_in_order(splits):
    feed = data.Feed(splits, PIPELINES["alexnet-2012"])
    images, labels = gathered(feed, "test")
    stored = splits.examples["test"].images[:].astype(np.float32)
    mean = data.statistics_of(splits).mean_image.astype(np.float32)
    np.testing.assert_allclose(images, (stored - mean)[:, 2:30, 2:30], atol=1e-4)
    np.testing.assert_array_equal(labels, splits.examples["test"].labels)


def test_an_image_keeps_its_draws_whatever_the_batches(splits):
    feed = data.Feed(splits, PIPELINES["vgg-2014"])
    small, _ = gathered(feed, seed=0)
    whole = np.concatenate([np.asarray(images) for images, _ in feed.batches("train", 100, seed=0)])
    np.testing.assert_allclose(small, whole, atol=1e-5)


def test_not_deterministic_gives_the_same_images_in_some_order(splits):
    ordered = data.Feed(splits, PIPELINES["vgg-2014"])
    free = data.Feed(splits, PIPELINES["vgg-2014"], deterministic=False)
    one, other = (np.sort(gathered(feed, seed=0)[0].sum(axis=(1, 2, 3))) for feed in (ordered, free))
    np.testing.assert_allclose(one, other, rtol=1e-3)


@pytest.mark.parametrize("name", ["plain", "framed-digits"])
def test_without_a_seed_the_order_is_kept_though_nothing_else_need_be(digits, name):
    """What is predicted of a split is held against its labels by place: one that overtakes another is wrong."""
    feed = data.Feed(digits, PIPELINES[name], deterministic=False)
    with patch.object(feeding.tf_helpers, "batches_at_once", lambda: 16):  # many at once overtake one another
        for _ in range(20):
            labels = np.concatenate([np.asarray(own) for _, own in feed.batches("test", 4)])
            np.testing.assert_array_equal(labels, digits.examples["test"].labels)


def test_plain_images_are_standardised(splits):
    images, _ = gathered(data.Feed(splits, PIPELINES["plain"]))
    np.testing.assert_allclose(images.mean(axis=(0, 1, 2)), 0, atol=1e-4)
    np.testing.assert_allclose(images.std(axis=(0, 1, 2)), 1, atol=1e-4)


def test_plain_digits_are_as_they_were_before_there_were_pipelines(digits):
    """Keys of runs from before rest on it: batches() and the stages give the same numbers."""
    feed = data.Feed(digits, PIPELINES["plain"], "step")
    given, _ = next(iter(feed.batches("train", 32, seed=1)))
    made = Augment(feed.pipeline, feed.constants, feed.size)(given)
    plain, _ = next(iter(data.batches(digits, "train", 32, seed=1)))
    np.testing.assert_allclose(np.asarray(made), plain, atol=1e-6)


@pytest.mark.parametrize("placement", data.PLACEMENTS)
def test_digits_are_scattered_in_training_and_framed_at_test(digits, placement):
    framed, scattered = (
        data.Feed(digits, PIPELINES[name], placement) for name in ("framed-digits", "scattered-digits")
    )
    in_middle, _ = gathered(framed, "test")
    np.testing.assert_array_equal(gathered(scattered, "test")[0], in_middle)
    stored = digits.examples["test"].images.astype(float)
    by_hand = (np.pad(stored, ((0, 0), (6, 6), (6, 6), (0, 0))) / 255 - digits.mean[0]) / digits.std[0]
    np.testing.assert_allclose(in_middle, by_hand, atol=1e-5)

    images, _ = next(iter(scattered.batches("train", 64, seed=3)))
    if placement == "step":
        images = Augment(scattered.pipeline, scattered.constants, scattered.size)(images)
    order = data.random_numbers.permutation(3500, 3, 0)[:64]
    drawn = data.draw(scattered.pipeline, 3500, 28, 3, 0).at(order).to_dict()
    train = digits.examples["train"].images[order]
    for image, digit, top, left in zip(np.asarray(images), train, drawn["top"], drawn["left"], strict=True):
        expected = np.zeros((40, 40, 1))
        expected[12 - top : 40 - top, 12 - left : 40 - left] = digit
        np.testing.assert_allclose(image, (expected / 255 - digits.mean[0]) / digits.std[0], atol=1e-5)


def test_ten_views_in_one_pass_are_ten_passes(splits):
    from cnnrepro.engine import keras

    feed = data.Feed(splits, PIPELINES["alexnet-2012"])
    keras.utils.set_random_seed(0)
    network = keras.Sequential([keras.Input(feed.input_shape), keras.layers.Flatten(), keras.layers.Dense(2)])
    stored = splits.examples["test"].images[:]
    found = np.asarray(feed.viewing(network)(stored))
    mean = data.statistics_of(splits).mean_image.astype(np.float32)
    views = []
    for top, left in ((0, 0), (0, 4), (4, 0), (4, 4), (2, 2)):
        at = (slice(top, top + 28), slice(left, left + 28))
        views.append(stored[:, *at].astype(np.float32) - mean[at])
    views += [view[:, :, ::-1] for view in views]  # less the mean first, then mirrored
    for place, view in enumerate(views):
        expected = np.asarray(network(np.ascontiguousarray(view)))
        np.testing.assert_allclose(found[:, place], expected, rtol=1e-3, atol=1e-2)
    assert found.shape == (len(stored), 10, 2)


def test_it_tells_what_a_record_needs(splits):
    told = data.Feed(splits, PIPELINES["alexnet-2012"], "step").describe()
    assert told["placement"] == "step"
    assert told["statistics"] == data.statistics_of(splits).fingerprint
    assert "statistics" not in data.Feed(splits, PIPELINES["plain"]).describe()


def test_an_unknown_placement_is_refused(digits):
    with pytest.raises(UsageError, match="Unknown placement of the augmentation 'gpu'; known are: cpu, step"):
        data.Feed(digits, PIPELINES["plain"], "gpu")
    with pytest.raises(UsageError, match="red, green and blue"):
        data.Feed(digits, PIPELINES["alexnet-2012-imagenet"])
