import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnrepro.data.image_statistics import Statistics, of_examples, of_pieces, stored
from cnnrepro.data.labelled_images import Examples
from cnnrepro.errors import UsageError


def noise(count, side, channels, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, side, side, channels), np.uint8)


def agrees(found, images):
    """With NumPy's mean and covariance over all pixels at once, and the eigenvectors of that."""
    pixels = images.reshape(-1, images.shape[-1]) / 255.0
    covariance = np.atleast_2d(np.cov(pixels.T, bias=True))
    values, vectors = np.linalg.eigh(covariance)
    np.testing.assert_allclose(found.mean_image, images.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(found.mean_colour, pixels.mean(axis=0), rtol=1e-12)
    np.testing.assert_allclose(found.std, pixels.std(axis=0), rtol=1e-9, atol=1e-12)
    np.testing.assert_allclose(found.covariance, covariance, atol=1e-12)
    np.testing.assert_allclose(found.variances, values[::-1], atol=1e-5)
    cosines = np.abs((found.directions * vectors[:, ::-1]).sum(axis=0))
    np.testing.assert_allclose(cosines, 1, atol=1e-5)
    np.testing.assert_allclose(found.directions.T @ found.directions, np.eye(len(values)), atol=1e-12)


def test_the_embedded_digits(digits):
    images = digits.examples["train"].images
    agrees(of_examples(digits.examples["train"]), images)


def test_real_photographs_on_their_canvas(photographs):
    from cnnrepro.data.folder.canvas import to_canvas
    from cnnrepro.data.folder.decoding import decode

    images = np.stack([to_canvas(decode(path.read_bytes()), 64).numpy() for path in photographs])
    found = of_pieces(images[start : start + 17] for start in range(0, len(images), 17))
    agrees(found, images)
    grey = abs(found.directions[:, 0].sum()) / 3**0.5
    assert grey > 0.98  # the first principal colour of photographs is light
    # What is copied for ImageNet (0.2175, 0.0188, 0.0045) is of this size: 0.24 in all.
    assert 0.19 < found.variances.sum() < 0.25
    assert found.variances[0] > 0.85 * found.variances.sum()


@settings(max_examples=10)
@given(
    count=st.integers(1, 30),
    side=st.integers(1, 9),
    channels=st.integers(1, 3),
    piece=st.integers(1, 31),
    seed=st.integers(0, 9),
)
def test_any_pieces_in_any_order_give_the_same_bits(count, side, channels, piece, seed):
    images = noise(count, side, channels, seed)
    whole = of_pieces([images])
    order = np.random.default_rng(seed).permutation(count)
    parts = of_pieces(images[order][start : start + piece] for start in range(0, count, piece))
    np.testing.assert_array_equal(whole.mean_image, parts.mean_image)
    np.testing.assert_array_equal(whole.covariance, parts.covariance)
    assert whole.fingerprint == parts.fingerprint


def test_images_of_one_colour_have_no_variance_at_all():
    found = of_pieces([np.full((50, 8, 8, 3), (10, 200, 77), np.uint8)])
    np.testing.assert_array_equal(found.covariance, 0)
    np.testing.assert_array_equal(found.std, 0)
    np.testing.assert_allclose(found.mean_colour * 255, (10, 200, 77))


def test_sums_do_not_overflow():
    """The brightest images of the largest data set: Σ x² of 1.3 million times 256 · 256 pixels exceeds 2⁵²."""
    images = np.full((64, 256, 256, 1), 255, np.uint8)
    found = of_pieces(images for _ in range(3))
    assert found.images == 192
    assert found.covariance.item() == 0


def test_no_images_are_refused():
    with pytest.raises(UsageError, match="at least one image"):
        of_pieces([])


def test_directions_have_one_sign():
    found = of_pieces([noise(20, 8, 3)])
    assert all(column[np.argmax(np.abs(column) > 1e-9)] > 0 for column in found.directions.T)


def test_what_is_stored_is_read_and_belongs_to_its_images(tmp_path, monkeypatch):
    examples = Examples(noise(20, 8, 3), np.zeros(20, np.int64))
    first = stored(examples, "a" * 64, tmp_path)
    monkeypatch.setattr("cnnrepro.data.image_statistics.of_examples", lambda *_: pytest.fail("computed again"))
    second = stored(examples, "a" * 64, tmp_path)
    assert second.fingerprint == first.fingerprint
    np.testing.assert_array_equal(second.mean_image, first.mean_image)
    monkeypatch.undo()
    other = stored(Examples(noise(20, 8, 3, seed=1), np.zeros(20, np.int64)), "b" * 64, tmp_path)
    assert other.fingerprint != first.fingerprint


@pytest.mark.parametrize("damage", [b"", b"no archive", None])
def test_a_damaged_store_is_computed_anew(tmp_path, damage):
    examples = Examples(noise(20, 8, 3), np.zeros(20, np.int64))
    first = stored(examples, "a" * 64, tmp_path)
    path = next(tmp_path.glob("statistics-*.npz"))
    path.write_bytes(path.read_bytes()[:-200] if damage is None else damage)
    assert stored(examples, "a" * 64, tmp_path).fingerprint == first.fingerprint
    assert Statistics.load(path) is not None
