import json
import zipfile

import keras
import numpy as np
import pytest
import tensorflow as tf

from cnnrepro.layers import BatchNormalization


def maps(*shape, seed=0):
    return np.random.default_rng(seed).normal(1.0, 2.0, shape).astype("float32")


def pair(shape, **arguments):
    """Ours and Keras's, with the same weights."""
    arguments = {"momentum": 0.7, "epsilon": 1e-5, "moving_mean_initializer": "ones"} | arguments
    both = [kind(**arguments) for kind in (BatchNormalization, keras.layers.BatchNormalization)]
    for layer in both:
        layer.build((None, *shape[1:]))
    random = np.random.default_rng(1)
    both[0].set_weights([random.uniform(0.5, 2.0, weight.shape) for weight in both[0].weights])
    both[1].set_weights(both[0].get_weights())
    return both


def step(layer, x, **arguments):
    """Outputs, gradients of inputs and weights, and moving averages after a call."""
    x = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = layer(x, **arguments)
        loss = tf.reduce_sum(tf.sin(tf.cast(y, "float32")))
    gradients = tape.gradient(loss, [x, *layer.trainable_weights])
    return [keras.ops.convert_to_numpy(keras.ops.cast(array, "float32")) for array in (y, *gradients, *layer.weights)]


def kernels_of(layer, x, **arguments):
    """The batch-norm kernels in the graph of a call."""
    graph = tf.function(lambda x: layer(x, **arguments)).get_concrete_function(tf.constant(x)).graph
    return [operation.type for operation in graph.get_operations() if "FusedBatchNorm" in operation.type]


@pytest.mark.parametrize("precision, rounding", [("float32", 1e-5), ("mixed_bfloat16", 0.01), ("mixed_float16", 2e-3)])
@pytest.mark.parametrize("arguments", [{}, {"scale": False}, {"center": False}, {"axis": 3, "momentum": 0.0}])
def test_a_training_step_equals_keras_s_to_rounding(arguments, precision, rounding):
    shape = (6, 5, 4, 3)
    ours, keras_s = pair(shape, dtype=precision, **arguments)
    for mine, theirs in zip(*(step(layer, maps(*shape), training=True) for layer in (ours, keras_s)), strict=True):
        np.testing.assert_allclose(mine, theirs, rtol=rounding, atol=rounding * np.abs(theirs).max())
    assert ours.compute_dtype == keras_s.compute_dtype
    assert kernels_of(ours, maps(*shape), training=True) == ["FusedBatchNormV3"]


def test_the_average_holds_the_variance_of_the_batch_as_it_is():
    x = maps(2, 2, 1, 3)  # n = 4: the unbiased variance is 4/3 of this one
    layer = BatchNormalization(momentum=0.0)
    layer(x, training=True)
    np.testing.assert_allclose(layer.moving_mean, x.mean((0, 1, 2)), rtol=1e-6)
    np.testing.assert_allclose(layer.moving_variance, x.var((0, 1, 2)), rtol=1e-5)


def test_one_pixel_has_no_variance():
    layer = BatchNormalization(momentum=0.0)
    layer(maps(1, 1, 1, 3), training=True)
    np.testing.assert_array_equal(layer.moving_variance, [0, 0, 0])


@pytest.mark.parametrize("state", ["inference", "frozen", "masked", "float64", "dense", "channels first", "renorm"])
def test_what_the_kernel_does_not_take_is_computed_as_by_keras(state):
    shape = (6, 3) if state == "dense" else (6, 5, 4, 3)
    arguments = {"float64": {"dtype": "float64"}, "channels first": {"axis": 1}, "renorm": {"renorm": True}}
    both = pair(shape, **arguments.get(state, {}))
    call = {"training": state != "inference"}
    if state == "masked":
        call["mask"] = tf.constant(np.arange(6 * 5 * 4).reshape(6, 5, 4) % 3 > 0)
    for layer in both:
        layer.trainable = state != "frozen"
    assert not kernels_of(both[0], maps(*shape), **call)
    for mine, theirs in zip(*(step(layer, maps(*shape), **call) for layer in both), strict=True):
        np.testing.assert_array_equal(mine, theirs)


def test_a_saved_model_is_one_that_keras_alone_reads(tmp_path):
    model = keras.Sequential([keras.Input((5, 4, 3)), BatchNormalization(momentum=0.7, name="norm")])
    keras_s = keras.Sequential([keras.Input((5, 4, 3)), keras.layers.BatchNormalization(momentum=0.7, name="norm")])
    model(maps(6, 5, 4, 3), training=True)
    model.save(tmp_path / "model.keras")
    saved = json.loads(zipfile.ZipFile(tmp_path / "model.keras").read("config.json"))["config"]["layers"][-1]
    assert (saved["module"], saved["registered_name"]) == ("keras.layers", None)
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert type(loaded.get_layer("norm")) is keras.layers.BatchNormalization
    assert loaded.get_layer("norm").get_config() == keras_s.get_layer("norm").get_config()
    np.testing.assert_array_equal(loaded(maps(6, 5, 4, 3)), model(maps(6, 5, 4, 3)))
    loaded.save_weights(tmp_path / "of.weights.h5")  # and the other way round
    fresh = keras.Sequential([keras.Input((5, 4, 3)), BatchNormalization(momentum=0.7, name="norm")])
    fresh.load_weights(tmp_path / "of.weights.h5")
    for mine, theirs in zip(fresh.get_weights(), model.get_weights(), strict=True):
        np.testing.assert_array_equal(mine, theirs)
