"""Each stage of augmentation against NumPy by hand: with keras.ops, in tf.data, and on JAX."""

import subprocess
import sys
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.ndimage import map_coordinates

from cnnrepro import data
from cnnrepro.data.pipelines import draws as drawing
from cnnrepro.data.pipelines.catalogue import PIPELINES
from cnnrepro.data.tf_helpers import tensor_ops
from cnnrepro.layers import augmentation
from cnnrepro.layers.augmentation import Augment, Views

SIDE, COUNT = 32, 7


def pictures(count=COUNT, side=SIDE, channels=3, seed=0):
    return np.random.default_rng(seed).integers(0, 256, (count, side, side, channels), np.uint8)


def both(function, *arrays, **named):
    """What a function gives with keras.ops, and inside tf.data in batches of 3, the last one ragged."""
    tf = data.load_tensorflow()
    eager = np.asarray(function(*arrays, ops=None, **named))
    parts = tf.data.Dataset.from_tensor_slices(arrays).batch(3)
    parts = parts.map(lambda *some: function(*some, ops=tensor_ops(), **named))
    inside = np.concatenate([part.numpy() for part in parts])
    return eager, inside


def windows_by_hand(images, top, left, mirrored, size):
    cut = [image[t : t + size, u : u + size] for image, t, u in zip(images, top, left, strict=True)]
    return np.stack([one[:, ::-1] if flag else one for one, flag in zip(cut, mirrored, strict=True)])


@settings(max_examples=4)
@given(seed=st.integers(0, 999), side=st.integers(5, 40), cut=st.integers(0, 12), channels=st.sampled_from([1, 3]))
def test_windows_are_slices_mirrored_where_asked(seed, side, cut, channels):
    random, size = np.random.default_rng(seed), max(1, side - cut)
    images = pictures(COUNT, side, channels, seed)
    top, left = (random.integers(0, side - size + 1, COUNT).astype(np.int32) for _ in range(2))
    mirrored = random.random(COUNT) < 0.5
    expected = windows_by_hand(images, top, left, mirrored, size)
    for found in both(augmentation.windows, images, top, left, mirrored, size=size):
        assert found.dtype == np.uint8
        np.testing.assert_array_equal(found, expected)


def test_the_mean_image_is_cut_where_each_window_lies():
    mean = np.random.default_rng(1).normal(size=(SIDE, SIDE, 3)).astype(np.float32)
    top, left = np.arange(5, dtype=np.int32), np.array([4, 0, 2, 1, 3], np.int32)
    mirrored = np.array([True, False, True, False, True])
    expected = windows_by_hand(np.repeat(mean[None], 5, axis=0), top, left, mirrored, 28)
    found = augmentation.shared_windows(mean, top, left, mirrored, 28)
    np.testing.assert_array_equal(np.asarray(found), expected)


def resampled_by_hand(images, box, mirrored, size):
    made = []
    for image, (top, left, height, width), flag in zip(images.astype(np.float64), box, mirrored, strict=True):
        rows = top + (np.arange(size) + 0.5) * height / size - 0.5
        columns = left + (np.arange(size) + 0.5) * width / size - 0.5
        grid = np.meshgrid(rows, columns[::-1] if flag else columns, indexing="ij")
        channels = [map_coordinates(image[..., c], grid, order=1, mode="nearest") for c in range(image.shape[-1])]
        made.append(np.stack(channels, axis=-1))
    return np.stack(made)


@settings(max_examples=4)
@given(seed=st.integers(0, 999), side=st.integers(8, 40), size=st.integers(4, 36))
def test_resampling_is_bilinear_between_centres_of_pixels(seed, side, size):
    random, images = np.random.default_rng(seed), pictures(COUNT, side, 3, seed)
    extent = random.uniform(1, side, (COUNT, 2))
    box = np.concatenate([random.uniform(0, 1, (COUNT, 2)) * (side - extent), extent], axis=1).astype(np.float32)
    mirrored = random.random(COUNT) < 0.5
    expected = resampled_by_hand(images, box, mirrored, size)
    for found in both(augmentation.resample, images, box, mirrored, size=size):
        np.testing.assert_allclose(
            found, expected, atol=0.02
        )  # places are float32: 40 pixels · 2⁻²³ · 255 levels, and more


def test_a_box_of_whole_pixels_is_a_window():
    images, mirrored = pictures(), np.arange(COUNT) % 2 == 0
    top = left = np.arange(COUNT, dtype=np.int32) % 5
    box = np.stack([top, left, np.full(COUNT, 28), np.full(COUNT, 28)], axis=1).astype(np.float32)
    found = augmentation.resample(images, box, mirrored, 28)
    np.testing.assert_array_equal(np.asarray(found), windows_by_hand(images, top, left, mirrored, 28))


def test_colour_shifts_are_the_papers_sum():
    random = np.random.default_rng(2)
    alphas, variances = random.normal(0, 0.1, (9, 3)).astype(np.float32), np.array([0.2, 0.02, 0.005], np.float32)
    directions = np.linalg.qr(random.normal(size=(3, 3)))[0].astype(np.float32)
    expected = [sum(a * v * p for a, v, p in zip(row, variances, directions.T, strict=True)) for row in alphas]
    for found in both(lambda some, ops: augmentation.colour_shifts(some, directions, variances, ops=ops), alphas):
        np.testing.assert_allclose(found, expected, atol=1e-7)


def test_ten_views_are_corners_centre_and_their_mirrors():
    images = pictures()
    places = [(0, 0), (0, 4), (4, 0), (4, 4), (2, 2)]
    expected = [images[:, t : t + 28, u : u + 28] for t, u in places]
    expected = np.stack([*expected, *(view[:, :, ::-1] for view in expected)], axis=1)
    for found in both(augmentation.ten_crop, images, size=28):
        np.testing.assert_array_equal(found, expected)
    assert augmentation.five_places(32, 28) == tuple(places)


def training_set(channels=3):
    """Enough of a data set for a pipeline's constants."""
    images = pictures(40, SIDE, channels, seed=9)
    scaled = images.reshape(-1, channels) / 255
    found = SimpleNamespace(
        canvas=images.shape[1:],
        mean=tuple(scaled.mean(axis=0)),
        std=tuple(scaled.std(axis=0)),
        looks=data.Statistics(
            40, images.mean(axis=0), np.cov(scaled.T, bias=True).reshape(channels, channels), "no source"
        ),
    )
    return found


def augmented_by_hand(images, values, pipeline, looks, size):
    """The stages in float64, one after the other, as the papers have them."""
    mean = looks.looks.mean_image
    if pipeline.padding:
        border = ((pipeline.padding,) * 2,) * 2 + ((0, 0),)
        images, mean = np.pad(images, ((0, 0), *border)), np.pad(mean, border)
    mirrored = values.get("mirrored", np.zeros(len(images), bool))
    less = np.repeat(mean[None], len(images), axis=0)
    if pipeline.crop == "window":
        images, less = (windows_by_hand(one, values["top"], values["left"], mirrored, size) for one in (images, less))
    elif pipeline.resamples:
        images = resampled_by_hand(images, values["box"], mirrored, size)
    pixels = images.astype(np.float64)
    if pipeline.colour_noise:
        published = pipeline.colours == "imagenet"
        directions = np.array([[-0.5675, 0.7192, 0.4009], [-0.5808, -0.0045, -0.8140], [-0.5836, -0.6948, 0.4203]])
        variances = np.array([0.2175, 0.0188, 0.0045])
        if not published:
            directions, variances = looks.looks.directions, looks.looks.variances
        channels = pixels.shape[-1]
        pixels += 255 * ((values["alphas"][:, :channels] * variances) @ directions.T)[:, None, None, :]
    if pipeline.values == "minus_mean_image":
        return pixels - less
    if pipeline.values == "minus_mean_colour":
        return pixels - 255 * np.array(looks.mean)
    if pipeline.values == "unit":
        return pixels / 255
    if pipeline.values == "lenet":
        return pixels / 255 * 1.275 - 0.1
    return (pixels / 255 - looks.mean) / looks.std


WITH_CHANNELS = [*((name, 3) for name in PIPELINES), ("alexnet-2012", 1), ("googlenet-2014", 1), ("lenet-1998", 1)]


@pytest.mark.parametrize("name, channels", WITH_CHANNELS)
def test_every_pipeline_is_its_stages_by_hand(name, channels):
    pipeline, looks = PIPELINES[name], training_set(channels)
    images, size = pictures(COUNT, SIDE, channels), pipeline.size(SIDE)
    constants = pipeline.constants(looks, lambda: looks.looks)
    values = drawing.draw(pipeline, COUNT, SIDE, seed=3, epoch=1).to_dict()
    expected = augmented_by_hand(images, values, pipeline, looks, size)
    names = list(values)

    def work(some, *drawn, ops):
        return augmentation.augment(some, dict(zip(names, drawn, strict=True)), constants, pipeline, size, ops=ops)

    for found in both(work, images, *values.values()):
        assert found.shape == (COUNT, size, size, channels)
        assert found.dtype == np.float32
        np.testing.assert_allclose(found, expected, atol=0.02 if pipeline.resamples else 1e-4)


@pytest.mark.parametrize("name", [name for name, one in PIPELINES.items() if one.views == 10])
def test_the_views_of_a_pipeline_are_its_values_on_ten_windows(name):
    pipeline, looks = PIPELINES[name], training_set()
    constants, size = pipeline.constants(looks, lambda: looks.looks), pipeline.size(SIDE)
    images = pictures()
    found = np.asarray(augmentation.views(images, constants, pipeline, size))
    middle = drawing.evaluation(pipeline, COUNT, SIDE).to_dict()
    centre = np.asarray(augmentation.augment(images, middle, constants, pipeline, size))
    np.testing.assert_allclose(found[:, 4], centre, atol=1e-4)
    np.testing.assert_allclose(
        found[:, 9], centre[:, :, ::-1] if pipeline.values != "minus_mean_image" else found[:, 9]
    )
    layer = Views(pipeline, constants, size)
    np.testing.assert_array_equal(np.asarray(layer(images)).reshape(found.shape), found)


def test_the_layer_computes_in_float32_under_a_mixed_policy():
    from cnnrepro.engine import keras

    pipeline, looks = PIPELINES["alexnet-2012"], training_set()
    constants, size = pipeline.constants(looks, lambda: looks.looks), pipeline.size(SIDE)
    values = drawing.draw(pipeline, COUNT, SIDE, 0, 0).to_dict()
    expected = np.asarray(augmentation.augment(pictures(), values, constants, pipeline, size))
    before = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_bfloat16")
    try:
        found = Augment(pipeline, constants, size)({"image": pictures(), **values})
    finally:
        keras.config.set_dtype_policy(before)
    assert keras.backend.standardize_dtype(found.dtype) == "float32"
    np.testing.assert_array_equal(np.asarray(found), expected)


ON_JAX = """
import sys
import numpy as np
from cnnrepro import data
from cnnrepro.data.pipelines.catalogue import PIPELINES
from cnnrepro.data.tf_helpers import tensor_ops
from cnnrepro.engine import backend
from cnnrepro.layers import augmentation

assert backend() == "jax"
tf = data.load_tensorflow()
kept = np.load(sys.argv[1])
made = {}
for name in sys.argv[3:]:
    pipeline = PIPELINES[name]
    given = {key.split("|")[2]: kept[key] for key in kept.files if key.startswith(name + "|draw|")}
    constants = {key.split("|")[2]: kept[key] for key in kept.files if key.startswith(name + "|constant|")}
    size = pipeline.size(kept["images"].shape[1])
    made[name + "|jax"] = np.asarray(augmentation.augment(kept["images"], given, constants, pipeline, size))
    parts = tf.data.Dataset.from_tensor_slices((kept["images"], given)).batch(3)
    work = lambda image, drawn: augmentation.augment(image, drawn, constants, pipeline, size, ops=tensor_ops())
    parts = parts.map(work)
    made[name + "|tf.data"] = np.concatenate([part.numpy() for part in parts])
np.savez(sys.argv[2], **made)
"""


@pytest.mark.parametrize(
    "names", [("alexnet-2012", "googlenet-2014"), pytest.param(tuple(PIPELINES), marks=pytest.mark.soak)]
)
def test_jax_makes_the_same_pictures_in_the_step_and_in_tf_data(names, tmp_path, monkeypatch):
    looks, images, kept, expected = training_set(), pictures(), {"images": pictures()}, {}
    for name in names:
        pipeline = PIPELINES[name]
        constants = pipeline.constants(looks, lambda: looks.looks)
        values = drawing.draw(pipeline, COUNT, SIDE, 5, 2).to_dict()
        kept |= {f"{name}|draw|{key}": value for key, value in values.items()}
        kept |= {f"{name}|constant|{key}": value for key, value in constants.items()}
        expected[name] = np.asarray(augmentation.augment(images, values, constants, pipeline, pipeline.size(SIDE)))
    np.savez(tmp_path / "given.npz", **kept)
    monkeypatch.setenv("KERAS_BACKEND", "jax")
    command = [sys.executable, "-c", ON_JAX, str(tmp_path / "given.npz"), str(tmp_path / "made.npz"), *names]
    subprocess.run(command, check=True, capture_output=True, text=True)
    made = np.load(tmp_path / "made.npz")
    for name in names:
        pipeline = PIPELINES[name]
        for where in ("jax", "tf.data"):
            # Rounding of float32 on a scale of 0 to 255; interpolation rounds the places too.
            allowed = 0.01 if pipeline.resamples else 1e-4
            np.testing.assert_allclose(made[f"{name}|{where}"], expected[name], atol=allowed, err_msg=f"{name} {where}")
