import json
import zipfile

import keras
import numpy as np
import pytest
import tensorflow as tf

from cnnrepro.layers import Conv2D, GroupedConv2D


def maps(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def gradients(layer, x, upstream):
    """Of inputs and weights."""
    x = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = layer(x)
    found = tape.gradient(y, [x, *layer.trainable_weights], tf.cast(upstream, y.dtype))
    return [tf.cast(gradient, "float32").numpy() for gradient in found]


def has_gradient_of_tensorflow(layer, x):
    """Whether TensorFlow's gradient of the filters is in the graph of a training step."""

    @tf.function
    def step(x):
        with tf.GradientTape() as tape:
            y = layer(x)
        return tape.gradient(y, layer.trainable_weights)

    graph = step.get_concrete_function(tf.constant(x)).graph
    return any(operation.type == "Conv2DBackpropFilter" for operation in graph.get_operations())


@pytest.mark.parametrize("size", [3, 5, (1, 3)])
@pytest.mark.parametrize("kind", [Conv2D, GroupedConv2D])
def test_the_gradients_are_those_of_float32_to_rounding(size, kind):
    channels = 64 * (1 + (kind is GroupedConv2D))
    groups = {"groups": 2} if kind is GroupedConv2D else {}
    arguments = {"padding": "same", "dtype": "mixed_bfloat16", "use_bias": False} | groups
    ours, exact = kind(128, size, **arguments), kind(128, size, **arguments | {"dtype": "float32"})
    x, upstream = maps(7, 6, 9, channels), maps(7, 6, 9, 128, seed=1)
    x, upstream = (tf.cast(tf.cast(array, "bfloat16"), "float32").numpy() for array in (x, upstream))
    for layer in (ours, exact):
        layer.build(x.shape)
    ours.set_weights([tf.cast(tf.cast(weight, "bfloat16"), "float32") for weight in ours.get_weights()])
    exact.set_weights(ours.get_weights())
    np.testing.assert_allclose(tf.cast(ours(x), "float32"), exact(x), rtol=0.01, atol=0.02)
    for mine, theirs in zip(gradients(ours, x, upstream), gradients(exact, x, upstream), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=0.01, atol=0.01 * np.abs(theirs).max())
    assert not has_gradient_of_tensorflow(ours, x)


@pytest.mark.parametrize("dtype", ["float32", "mixed_bfloat16"])
@pytest.mark.parametrize(("sides", "size"), [((2, 2), 3), ((1, 1), 3), ((1, 3), 5), ((4, 1), (3, 1))])
def test_products_on_tiny_maps_are_the_convolution(sides, size, dtype):
    arguments = {"padding": "same", "dtype": dtype, "bias_initializer": "glorot_normal"}
    ours, exact = Conv2D(128, size, **arguments), keras.layers.Conv2D(128, size, **arguments | {"dtype": "float64"})
    x, upstream = maps(3, *sides, 64), maps(3, *sides, 128, seed=1)
    for layer in (ours, exact):
        layer.build(x.shape)
    x, upstream, *weights = (
        tf.cast(tf.cast(each, "bfloat16"), "float32") for each in (x, upstream, *ours.get_weights())
    )
    for layer in (ours, exact):
        layer.set_weights(weights)
    assert ours(x).dtype == ours.compute_dtype
    rounding = 1e-5 if dtype == "float32" else 0.01
    y = exact(tf.cast(x, "float64"))
    np.testing.assert_allclose(tf.cast(ours(x), "float64"), y, rtol=rounding, atol=rounding * np.abs(y).max())
    for mine, theirs in zip(
        gradients(ours, x, upstream), gradients(exact, tf.cast(x, "float64"), upstream), strict=True
    ):
        np.testing.assert_allclose(mine, theirs, rtol=rounding, atol=rounding * np.abs(theirs).max())
    assert not has_gradient_of_tensorflow(ours, x)


@pytest.mark.parametrize(
    "change",
    [
        {"dtype": "float32"},
        {"padding": "valid"},
        {"strides": 2},
        {"dilation_rate": 2},
        {"kernel_size": 2},
        {"kernel_size": 1},
        {"filters": 63},
    ],
    ids=str,
)
def test_where_it_is_not_faster_it_is_tensorflow_s(change):
    arguments = {"filters": 64, "kernel_size": 3, "padding": "same", "dtype": "mixed_bfloat16"}
    assert not has_gradient_of_tensorflow(Conv2D(**arguments), maps(2, 4, 4, 64))
    assert has_gradient_of_tensorflow(Conv2D(**arguments | change), maps(2, 4, 4, 64))


@pytest.mark.parametrize("shape", [(2, 15, 14, 64), (2, 4, 4, 63)])
def test_large_maps_and_few_channels_are_tensorflow_s(shape):
    assert has_gradient_of_tensorflow(Conv2D(64, 3, padding="same", dtype="mixed_bfloat16"), maps(*shape))


def test_the_sizes_need_not_be_known():
    inputs = keras.Input((None, None, 64))
    model = keras.Model(inputs, Conv2D(64, 3, padding="same", dtype="mixed_bfloat16")(inputs))
    assert model(maps(2, 4, 5, 64)).shape == (2, 4, 5, 64)


def test_a_saved_model_is_one_that_keras_alone_reads(tmp_path):
    model = keras.Sequential([keras.Input((4, 4, 3)), Conv2D(5, 3, padding="same", name="conv")])
    model.save(tmp_path / "model.keras")
    saved = json.loads(zipfile.ZipFile(tmp_path / "model.keras").read("config.json"))["config"]["layers"][-1]
    assert (saved["module"], saved["class_name"], saved["registered_name"]) == ("keras.layers", "Conv2D", None)
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert type(loaded.get_layer("conv")) is keras.layers.Conv2D
    np.testing.assert_array_equal(loaded(maps(2, 4, 4, 3)), model(maps(2, 4, 4, 3)))
