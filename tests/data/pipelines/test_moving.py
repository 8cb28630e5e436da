"""Moving images: shifts against NumPy's padding and cutting, scales against Pillow and SciPy."""

import numpy as np
import pytest
from PIL import Image
from scipy.ndimage import map_coordinates

from cnnrepro.data.pipelines.moving import scaled, shifted

SIDE, FRAME = 28, 6
FULL = SIDE + 2 * FRAME
BACKGROUND = np.array([-0.5, 0.25], np.float32)


def framed(count=3, seed=0):
    """Noise in the middle of a frame, (count, 40, 40, 2); each channel has its own background."""
    images = np.tile(BACKGROUND, (count, FULL, FULL, 1))
    noise = np.random.default_rng(seed).normal(size=(count, SIDE, SIDE, 2))
    images[:, FRAME:-FRAME, FRAME:-FRAME] = noise
    return images.astype(np.float32)


@pytest.mark.parametrize("down, right", [(4, 0), (-4, 0), (0, 6), (0, -6), (2, -3), (0, 0)])
def test_a_shift_is_the_same_image_elsewhere_in_a_wider_frame(down, right):
    images = framed()
    wide = np.tile(BACKGROUND, (3, FULL + 12, FULL + 12, 1))
    wide[:, 6:-6, 6:-6] = images
    expected = wide[:, 6 - down : 6 - down + FULL, 6 - right : 6 - right + FULL]
    found = shifted(images, down, right, BACKGROUND)
    assert found.dtype == np.float32
    np.testing.assert_array_equal(found, expected)


def test_a_shift_down_moves_down_and_one_to_the_right_to_the_right():
    image = np.zeros((1, 5, 5, 1), np.float32)
    image[0, 2, 2] = 1
    assert np.argwhere(shifted(image, 1, 0, np.zeros(1))[0, ..., 0]).tolist() == [[3, 2]]
    assert np.argwhere(shifted(image, 0, 2, np.zeros(1))[0, ..., 0]).tolist() == [[2, 4]]


@pytest.mark.parametrize("small", [10, 20, 30, 36])
def test_a_smaller_image_is_pillows_in_the_middle(small):
    """Pillow, too, averages over as many pixels as come to one, and says so of its BILINEAR."""
    images = framed()
    expected = np.tile(BACKGROUND, (3, FULL, FULL, 1))
    gap = (FULL - small) // 2
    for image, into in zip(images, expected, strict=True):
        for channel in range(2):
            resized = Image.fromarray(image[..., channel]).resize((small, small), Image.Resampling.BILINEAR)
            into[gap : FULL - gap, gap : FULL - gap, channel] = resized
    found = scaled(images, small / FULL, BACKGROUND)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found, expected, atol=1e-5)


@pytest.mark.parametrize("share", [1.0, 1.1, 1.25, 40 / 28])
def test_a_larger_image_is_scipys_linear_interpolation(share):
    images, middle = framed(), (FULL - 1) / 2
    places = middle + (np.arange(FULL) - middle) / share
    grid = np.meshgrid(places, places, indexing="ij")
    expected = np.stack(
        [
            np.stack([map_coordinates(image[..., c].astype(float), grid, order=1) for c in range(2)], axis=-1)
            for image in images
        ]
    )
    np.testing.assert_allclose(scaled(images, share, BACKGROUND), expected, atol=1e-5)


def test_a_scale_of_one_leaves_the_image_and_any_scale_the_frame():
    images = framed()
    np.testing.assert_allclose(scaled(images, 1.0, BACKGROUND), images, atol=1e-6)
    nothing = np.tile(BACKGROUND, (1, FULL, FULL, 1))
    for share in (0.05, 0.5, 0.77, 1.4):
        np.testing.assert_array_equal(scaled(nothing, share, BACKGROUND), nothing)


@pytest.mark.parametrize("share", [0.5, 0.7, 0.9, 1.2])
def test_ink_becomes_less_or_more_with_the_area(share):
    """No stroke is lost between two samples: the sum over a smooth image goes with the square of the share."""
    x = np.arange(FULL) - (FULL - 1) / 2
    blob = np.exp(-(x[:, None] ** 2 + x[None] ** 2) / 40)[None, ..., None].astype(np.float32)
    assert scaled(blob, share, np.zeros(1, np.float32)).sum() == pytest.approx(share**2 * blob.sum(), rel=1e-3)
