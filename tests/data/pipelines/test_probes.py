"""Probes: their texts, where they fit, and the images that they make."""

import numpy as np
import pytest

from cnnrepro import data
from cnnrepro.data.pipelines.catalogue import PIPELINES
from cnnrepro.data.pipelines.moving import scaled, shifted
from cnnrepro.data.pipelines.probes import checked_texts, moving, probe
from cnnrepro.errors import UsageError

FRAMED = PIPELINES["framed-digits"]


@pytest.mark.parametrize(
    "spelled, text, suffix",
    [
        ("shift 4", "shift 4", "shift_4"),
        ("shift  4.0", "shift 4", "shift_4"),
        ("scale .750", "scale 0.75", "scale_0.75"),
        ("scale 1.3", "scale 1.3", "scale_1.3"),
    ],
)
def test_however_a_probe_is_spelled_it_has_one_name(spelled, text, suffix):
    assert (probe(spelled).text, probe(spelled).suffix) == (text, suffix)
    assert probe(text) == probe(spelled)


@pytest.mark.parametrize(
    "texts, pipeline, sentence",
    [
        (["turn 5"], FRAMED, "Unknown kind of probe 'turn'; known are: scale, shift"),
        (["training 5"], FRAMED, "A probe is 'training', .* Received: 'training 5'"),
        (["training", " training"], FRAMED, "differ from one another"),
        (["shift"], FRAMED, "A probe is 'training', 'shift PIXELS' or 'scale SHARE'.* Received: 'shift'"),
        (["shift far"], FRAMED, "A probe is .* Received: 'shift far'"),
        (["scale nan"], FRAMED, "A probe is .* Received: 'scale nan'"),
        ([4], FRAMED, "A probe is .* Received: 4"),
        (["shift 7"], FRAMED, "from 1 to 6, the pixels of the frame of pipeline 'framed-digits'. Received: 'shift 7'"),
        (["shift 7"], PIPELINES["scattered-digits"], "whole number from 1 to 6"),
        (["shift 3"], PIPELINES["lenet-1998"], "whole number from 1 to 2"),
        (["shift 0"], FRAMED, "whole number from 1 to 6"),
        (["shift -1"], FRAMED, "whole number from 1 to 6"),
        (["shift 1.5"], FRAMED, "whole number from 1 to 6"),
        (["scale 0"], FRAMED, "canvas of 28 pixels at least 1, and at most the 40 .* Received: 'scale 0'"),
        (["scale -0.5"], FRAMED, "at least 1"),
        (["scale 0.03"], FRAMED, "at least 1"),
        (["scale 1.43"], FRAMED, "at most the 40"),
        (["shift 1"], PIPELINES["plain"], "frame.*framed-digits, lenet-1998, scattered-digits.*pipeline 'plain'"),
        (["scale 0.5"], PIPELINES["shifted-digits"], "a frame .*Received: 'scale 0.5' with pipeline 'shifted-digits'"),
        (["shift 4", "shift 4.0"], FRAMED, "differ from one another"),
        ("shift 4", FRAMED, "probes must be a list of texts. Received: 'shift 4'"),
    ],
)
def test_what_cannot_be_is_one_sentence(texts, pipeline, sentence):
    with pytest.raises(UsageError, match=sentence):
        checked_texts(texts, pipeline, 28)


def test_the_farthest_that_fits_is_taken():
    texts = ("shift 6", "scale 1.42", "scale 0.05")
    assert checked_texts(texts, FRAMED, 28) == texts
    assert checked_texts((), PIPELINES["plain"], 28) == ()


@pytest.mark.parametrize("pipeline", PIPELINES.values(), ids=PIPELINES)
def test_training_images_need_no_frame_and_are_not_moved(pipeline):
    assert checked_texts([" training "], pipeline, 256) == ("training",)
    assert moving(["training"]) == []


def test_training_stands_beside_probes_that_move():
    assert checked_texts(["shift 4.0", "training", "scale .5"], FRAMED, 28) == ("shift 4", "training", "scale 0.5")
    assert [one.text for one in moving(["shift 4", "training", "scale 0.5"])] == ["shift 4", "scale 0.5"]


@pytest.mark.parametrize("name", ["framed-digits", "scattered-digits", "lenet-1998"])
@pytest.mark.parametrize("placement", data.PLACEMENTS)
def test_what_comes_in_is_what_the_frame_is_made_of(digits, name, placement):
    feed = data.Feed(digits, PIPELINES[name], placement)
    images, labels = next(feed.taken("test", 50))
    np.testing.assert_array_equal(labels, digits.examples["test"].labels[:50])
    frame = feed.pipeline.frame
    assert (images.dtype, images.shape[1]) == (np.float32, 28 + 2 * frame)
    np.testing.assert_array_equal(images[:, :frame], np.broadcast_to(feed.background, images[:, :frame].shape))
    assert (images[:, frame:-frame] != feed.background).any()


def test_a_shift_is_four_sets_of_images_and_a_scale_is_one():
    images, background = np.random.default_rng(0).normal(size=(2, 40, 40, 1)).astype(np.float32), np.zeros(1)
    up, down, left, right = probe("shift 3").moved(images, background)
    for found, by in ((up, (-3, 0)), (down, (3, 0)), (left, (0, -3)), (right, (0, 3))):
        np.testing.assert_array_equal(found, shifted(images, *by, background))
    (small,) = probe("scale 0.75").moved(images, background)
    np.testing.assert_array_equal(small, scaled(images, 0.75, background))


def test_the_farthest_shift_and_the_largest_scale_keep_every_pixel():
    canvas = np.zeros((1, 40, 40, 1), np.float32)
    canvas[:, 6:-6, 6:-6] = 1
    for moved in probe("shift 6").moved(canvas, np.zeros(1)):
        assert moved.sum() == 28 * 28
    (large,) = probe("scale 1.42857").moved(canvas, np.zeros(1, np.float32))
    assert large.min() > 0.5  # up to the last row: half of a pixel's width is blurred
