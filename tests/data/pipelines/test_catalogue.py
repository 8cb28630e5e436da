import json
from unittest import mock

import numpy as np
import pytest

from cnnrepro import data
from cnnrepro.data.pipelines.catalogue import PIPELINES
from cnnrepro.data.pipelines.definition import IMAGENET_DIRECTIONS, IMAGENET_VARIANCES, Pipeline
from cnnrepro.errors import UsageError


@pytest.mark.parametrize(
    "name, canvas, size",
    [
        ("plain", 256, 256),
        ("alexnet-2012", 256, 224),
        ("alexnet-2012", 32, 28),
        ("alexnet-2012", 28, 24),
        ("alexnet-2012-227", 256, 227),
        ("googlenet-2014", 256, 224),
        ("resnet-cifar-2015", 32, 32),
        ("lenet-1998", 28, 32),
        ("framed-digits", 28, 40),
        ("scattered-digits", 28, 40),
    ],
)
def test_the_size_that_a_network_gets(name, canvas, size):
    assert PIPELINES[name].size(canvas) == size


def test_a_frame_lies_around_the_whole_canvas():
    frames = {name: one.frame for name, one in PIPELINES.items() if one.frame}
    assert frames == {"framed-digits": 6, "scattered-digits": 6, "lenet-1998": 2}


def test_a_field_that_came_later_is_in_no_older_runs_key():
    told = {name: pipeline.to_dict() for name, pipeline in PIPELINES.items()}
    assert {name: one["grow"] for name, one in told.items() if "grow" in one} == {"scattered-digits": 12}
    assert list(told["shifted-digits"]) == [
        *("name", "crop", "window", "offsets", "padding", "mirror", "values", "colour_noise", "colours", "scale"),
        *("area", "aspect", "views"),
    ]


@pytest.mark.parametrize("pipeline", PIPELINES.values(), ids=lambda one: one.name)
def test_a_pipeline_is_plain_and_told(pipeline):
    told = json.loads(json.dumps(pipeline.to_dict()))
    assert told["name"] == pipeline.name
    assert "source" not in told
    assert len(pipeline.source) > 30
    assert pipeline.describe()
    pipeline.check((64, 64, 3))


@pytest.mark.parametrize(
    "name, canvas, sentence",
    [
        ("plain", (20, 30, 3), "square canvases. Received: 20 x 30"),
        ("alexnet-2012", (4, 4, 3), "at least 5 pixels. Received: 4"),
        ("alexnet-2012-imagenet", (28, 28, 1), "red, green and blue. Received: pictures with 1 channel;"),
    ],
)
def test_pictures_that_cannot_go_through_are_refused(name, canvas, sentence):
    with pytest.raises(UsageError, match=sentence):
        PIPELINES[name].check(canvas)


@pytest.mark.parametrize(
    "wrong, sentence",
    [
        ({"crop": "windows"}, "Unknown crop 'windows'"),
        ({"offsets": "papers"}, "Unknown law of offsets"),
        ({"values": "zero"}, "Unknown form of values"),
        ({"colours": "cifar"}, "Unknown set of principal colours"),
        ({"views": 5}, "views must be 1 or 10. Received: 5"),
        ({"crop": "area", "padding": 4}, "padding goes with"),
        ({"mirror": True}, "mirror goes with a crop"),
        ({"padding": 4, "grow": 2}, "grow goes with crop 'window'.*Received: grow=2, crop='none', padding=4"),
        ({"crop": "window", "padding": 4, "grow": 9}, "at most twice the padding. Received: grow=9"),
        ({"crop": "window", "padding": 4, "grow": -1}, "grow goes with"),
        ({"crop": "window", "grow": 1}, "at most twice the padding"),
        ({"crop": "area", "values": "minus_mean_image"}, "the mean image has no place"),
    ],
)
def test_choices_that_do_not_go_together_are_refused(wrong, sentence):
    with pytest.raises(UsageError, match=sentence):
        Pipeline("mine", "nowhere", **wrong)


def test_an_unknown_pipeline_lists_the_known():
    with pytest.raises(UsageError, match="Unknown pipeline 'alexnet-2013'.*Did you mean 'alexnet-2012'"):
        data.pipeline("alexnet-2013")


def test_the_published_colours_are_directions_at_right_angles():
    directions = np.array(IMAGENET_DIRECTIONS)
    np.testing.assert_allclose(directions.T @ directions, np.eye(3), atol=1e-3)
    assert list(IMAGENET_VARIANCES) == sorted(IMAGENET_VARIANCES, reverse=True)


def test_statistics_are_computed_only_where_they_are_wanted(digits):
    statistics = data.statistics_of(digits)
    for name, pipeline in PIPELINES.items():
        if pipeline.colours == "imagenet":
            continue
        compute = mock.Mock(return_value=statistics)
        pipeline.constants(digits, compute)
        wanted = pipeline.values == "minus_mean_image" or pipeline.colour_noise > 0
        assert compute.called == wanted, name
