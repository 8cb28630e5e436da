import numpy as np
import pytest
from PIL import Image

from cnnrepro import data
from cnnrepro.errors import UsageError, WorkFailed
from cnnrepro.lessons import alexnet_pipeline as stages
from cnnrepro.lessons.alexnet_pipeline import canvas_and_mean, colour_noise, promises


@pytest.fixture(scope="module")
def splits(tiles, tmp_path_factory):
    return data.load(f"folder:{tiles}", canvas=32, pictures=tmp_path_factory.mktemp("pictures"))


@pytest.fixture(scope="module")
def middle():
    return stages.canvas_of(data.photograph("china"))


def test_every_promise_of_the_stages_is_kept():
    shown = stages.material("", "china", 32)
    rows = stages.check_promises(shown, 1)
    assert len(rows) == 5
    for promise, measured, allowed, verdict in rows:
        assert verdict == "kept", (promise, measured, allowed)


def test_a_canvas_that_skips_pixels_breaks_its_promise(monkeypatch):
    monkeypatch.setattr(promises, "canvas_of", canvas_and_mean.skipping)
    assert promises._canvas_check(data.photograph("china"))[3] == "broken"


def test_noise_that_is_too_strong_breaks_its_promise(splits, monkeypatch):
    true = colour_noise.shifts_of
    monkeypatch.setattr(colour_noise, "shifts_of", lambda alphas, statistics: 1.1 * true(alphas, statistics))
    assert promises._colour_checks(splits, 0)[2][3] == "broken"


def test_of_a_large_set_some_pictures_are_looked_at(splits, monkeypatch):
    monkeypatch.setattr(colour_noise, "PIXELS", 10 * 32 * 32)
    rows = promises._colour_checks(splits, 0)
    assert "10 pictures" in rows[0][0]
    assert [row[3] for row in rows] == ["kept"] * 3


def test_the_canvas_and_its_detail(middle):
    whole, details = stages.canvas_maps(data.photograph("china"))
    assert [map_.values.shape for map_ in whole] == [(280, 420, 3), (256, 256, 3)]
    assert "640×427" in whole[0].title
    smooth, rough, gap = (map_.values for map_ in details)
    np.testing.assert_allclose(gap, np.clip(canvas_and_mean.GAIN * np.abs(smooth - rough), 0, 1), atol=1e-6)
    assert gap.max() > 0.5
    same = canvas_and_mean.skipping(middle)  # nothing to shrink: both ways give the picture itself
    np.testing.assert_array_equal(same, middle)


def test_less_the_mean(splits, digits):
    rows = stages.mean_maps(splits, digits)
    for row, pictures in zip(rows, (splits, digits), strict=True):
        mean, flat, picture, less = (panel.values for panel in row)
        truth = np.asarray(pictures.examples["train"].images[:]).mean(axis=0) / 255
        np.testing.assert_allclose(mean, truth[..., 0] if mean.ndim == 2 else truth)
        assert np.ptp(flat, axis=(0, 1)).max() == 0
        np.testing.assert_allclose(2 * (less - 0.5), picture - mean, atol=1e-9)
    assert stages.unevenness(digits) > 5 * stages.unevenness(splits)


def test_windows_are_the_crops_that_their_words_say(middle):
    cut = stages.windows(middle, 6, 3)
    assert cut.size == 224 and any("mirrored" in words for words in cut.words)
    for image, words, (top, left) in zip(cut.images, cut.words, cut.corners, strict=True):
        assert words.startswith(f"{top}, {left}")
        crop = middle[top : top + 224, left : left + 224]
        crop = crop[:, ::-1] if "mirrored" in words else crop
        halved = crop.reshape(112, 2, 112, 2, 3).mean(axis=(1, 3))
        assert np.abs(image - halved).max() <= 1  # Pillow rounds between rows and columns


def test_the_laws_of_places():
    paper, code = (stages.places(name, 0) for name in ("alexnet-2012", "alexnet-2012-code"))
    assert paper.sum() == code.sum() == 10_000
    assert paper[32].sum() == paper[:, 32].sum() == 0
    assert code[32].sum() > 200 and code[:, 32].sum() > 200  # 10,000 / 33 = 303


def test_ten_views_are_five_places_and_their_mirror_images(middle):
    cut = stages.ten_views(middle)
    assert len(cut.images) == len(cut.words) == 10
    assert cut.corners == ((0, 0), (0, 32), (32, 0), (32, 32), (16, 16))
    np.testing.assert_array_equal(cut.images[5:], cut.images[:5, :, ::-1])


def test_recoloured_says_what_it_added(splits):
    grey = np.full((256, 256, 3), 128, np.uint8)
    images, words = stages.recoloured(grey, splits, 3, 0)
    assert images.shape == (6, 112, 112, 3)
    assert words[0] == words[3] == "as it is"
    for image, caption in zip(images, words, strict=True):
        added = [0, 0, 0] if caption == "as it is" else [int(value) for value in caption.split(", ")]
        assert np.abs(image[0, 0].astype(int) - 128 - added).max() <= 1
    assert (images[0] == grey[0, 0]).all() and (images[4] != images[1]).any()


def test_the_root_of_a_variance_below_one_is_more_noise(splits):
    statistics, alphas = data.statistics_of(splits), np.eye(3)
    by_deviation, by_variance = (colour_noise.shifts_of(alphas, statistics, power) for power in (0.5, 1))
    deviations = np.sqrt(statistics.variances)[:, None]
    np.testing.assert_allclose(by_deviation * deviations, by_variance, atol=1e-12)
    grey = np.full((256, 256, 3), 128, np.uint8)
    once, rooted = (stages.recoloured(grey, splits, 3, 0, power=power)[0][1, 0, 0].astype(int) for power in (1, 0.5))
    assert np.abs(rooted - 128).sum() > np.abs(once - 128).sum()


def test_variances_split_into_within_and_between(splits):
    images = np.asarray(splits.examples["train"].images[:])
    parts = colour_noise.variance_parts(images)
    assert parts["all"] == pytest.approx((images.reshape(-1, 3) / 255).var(axis=0).sum())
    assert parts["all"] == pytest.approx(data.statistics_of(splits).variances.sum())
    assert parts["mean deviation"] < parts["within"] < parts["all"]
    own = (images.reshape(len(images), -1, 3) / 255).std(axis=1).mean(axis=0)
    assert parts["mean deviation"] == pytest.approx((own**2).sum())
    rows = stages.variance_rows(splits)
    assert [row[2] for row in rows] == ["0.241", "not published", "not published", "0.153"]


def test_rows_of_the_colours(splits):
    rows = stages.colour_rows(splits)
    assert len(rows) == 8
    assert rows[4][2].startswith("+0.568") and rows[7][3] == "0.2408"
    measured, formula = colour_noise.covariances(splits, 0)
    np.testing.assert_allclose(measured, formula, atol=0.06 * formula.max())
    assert len(stages.covariance_rows(splits, 0)) == 6


def test_a_batch_and_digits_can_be_looked_at(splits, digits):
    images, labels = stages.batch(splits, 0, count=4)
    assert (images.shape, images.dtype, len(labels)) == ((4, 28, 28, 3), np.uint8, 4)
    images, words = stages.digits(digits, 0, count=4)
    assert images.shape == (12, 28, 28, 1) and len(words) == 12
    assert (images[4:, :2] == 0).all() and (images[4:, :, -2:] == 0).all()  # the frame around 24 x 24
    top, left = (int(part.split()[0]) for part in words[4].split(", "))
    crop = images[0, top : top + 24, left : left + 24]
    np.testing.assert_array_equal(images[4, 2:26, 2:26], crop[:, ::-1] if "mirrored" in words[4] else crop)


def test_a_folder_of_ones_own_with_a_bad_picture(tmp_path):
    random = np.random.default_rng(0)
    for name in ("a", "b"):
        (tmp_path / "set" / name).mkdir(parents=True)
        for number in range(6):
            pixels = random.integers(0, 256, (20 + number, 30, 3), dtype=np.uint8)
            Image.fromarray(pixels).save(tmp_path / "set" / name / f"{number}.png")
    (tmp_path / "set" / "a" / "0.png").write_bytes(b"no picture")
    with pytest.raises(WorkFailed, match="cannot be read"):
        stages.material(f"folder:{tmp_path / 'set'}", "", 16)
    shown = stages.material(f"folder:{tmp_path / 'set'}", "", 16, "skip")
    assert shown.picture.shape == (21, 30, 3)  # the first one that can be read
    assert shown.splits.canvas == (16, 16, 3)


def test_only_pictures_are_shown():
    with pytest.raises(UsageError, match="dataset must be empty or folder:PATH"):
        stages.material("mnist_5k", "china", 32)
