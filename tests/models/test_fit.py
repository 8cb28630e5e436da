"""Sizes that do not fit a network's arithmetic are told; those that do need no word."""

import pytest

from cnnrepro.errors import UsageError
from cnnrepro.models import build
from cnnrepro.models.fit import fit_notes
from cnnrepro.models.inspection import inspect


def test_224_pixels_into_alexnets_unpadded_first_layer():
    lost, other = fit_notes("alexnet", (224, 224, 3))
    assert "at 224x224, otherwise than at 227x227: windows do not divide their input" in lost
    assert "never read (1 of conv1" in lost
    assert "first maps are 54x54, not 55x55 as at 227x227" in other
    assert "49,430,888 parameters, not 60,965,224" in other
    assert inspect("alexnet", input_shape=(224, 224, 3)).to_dict()["notes"] == [lost, other]


@pytest.mark.parametrize(
    "name, shape",
    [
        ("alexnet", (227, 227, 3)),
        ("alexnet_one_tower", (224, 224, 3)),
        ("vgg11", (224, 224, 1)),
        ("resnet20", (28, 28, 1)),
        ("resnet18_small", (28, 28, 1)),
    ],
)
def test_sizes_that_fit_need_no_word(name, shape):
    assert fit_notes(name, shape) == ()


@pytest.mark.parametrize(
    "name, form", [("alexnet", "alexnet_small"), ("alexnet_torchvision", "alexnet_small"), ("vgg16", "vgg16_small")]
)
def test_images_that_are_too_small_are_refused_with_the_name_of_the_small_form(name, form):
    with pytest.raises(UsageError, match=f"{form} is made for small ones. Received"):
        build(name, (28, 28, 1))
