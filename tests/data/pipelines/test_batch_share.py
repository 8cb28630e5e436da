"""What each of several workers reads: together they read what one alone does, picture for picture."""

import numpy as np
import pytest

from cnnrepro import data
from cnnrepro.data.pipelines.feeding import WHOLE_BATCHES, BatchShare


def test_alone_everything_is_read():
    order = np.arange(10)
    ((found, size),) = WHOLE_BATCHES.pieces(order, 4)
    assert (found.tolist(), size) == (order.tolist(), 4)


@pytest.mark.parametrize(
    "images, expected",
    [
        (8, ([[0, 1], [4, 5]], [[2, 3], [6, 7]])),
        (10, ([[0, 1], [4, 5], [8]], [[2, 3], [6, 7], [9]])),
        (11, ([[0, 1], [4, 5], [8, 9, 10]], [[2, 3], [6, 7], [8, 9, 10]])),  # a batch of 3 is everybody's
        (3, ([[0, 1, 2]], [[0, 1, 2]])),
    ],
)
def test_slices_of_two(images, expected):
    for worker, wanted in enumerate(expected):
        pieces = BatchShare(worker, 2, 2).pieces(np.arange(images), 4)
        assert [batch.tolist() for order, size in pieces for batch in order.reshape(-1, size)] == wanted


def test_what_the_devices_cannot_divide_is_everybodys():
    share = BatchShare(0, 2, 8)  # four devices a worker: a batch of 12 divides among the workers, not among the devices
    assert [(len(order), size) for order, size in share.pieces(np.arange(28), 16)] == [(8, 8), (12, 12)]


@pytest.mark.parametrize(("name", "placement"), [("plain", "cpu"), ("alexnet-2012", "cpu"), ("alexnet-2012", "step")])
def test_two_feeds_give_what_one_gives(name, placement):
    splits = data.load("mnist_5k", train_images=75)
    whole = data.Feed(splits, data.pipeline(name), placement)
    feeds = [data.Feed(splits, data.pipeline(name), placement, share=BatchShare(worker, 2, 2)) for worker in range(2)]
    wanted, *halves = (list(feed.batches("train", 32, seed=3, epoch=1)) for feed in (whole, *feeds))
    assert [len(one) for one in (wanted, *halves)] == [3, 3, 3]  # 32, 32 and 11
    for step, (images, labels) in enumerate(wanted):
        parts = [half[step] for half in halves]
        for _, part in parts:
            assert len(part) == (11 if step == 2 else 16)
        if step == 2:
            parts = parts[:1]
        np.testing.assert_array_equal(labels, np.concatenate([part for _, part in parts]))
        together = _joined([images for images, _ in parts])
        for key, value in _named(images).items():
            np.testing.assert_array_equal(value, together[key])


def _named(images):
    return images if isinstance(images, dict) else {"image": images}


def _joined(parts):
    return {key: np.concatenate([_named(one)[key] for one in parts]) for key in _named(parts[0])}
