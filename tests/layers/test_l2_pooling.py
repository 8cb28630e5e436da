import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnrepro.layers import L2Pooling2D


def by_hand(x, pool, stride, padding, mean=False):
    """Window by window; with "same", TensorFlow's padding: the smaller half in front, and none of it counts."""
    x = x.astype("float64")
    if padding == "same":
        missing = [max((-(-n // s) - 1) * s + p - n, 0) for n, p, s in zip(x.shape[1:3], pool, stride, strict=True)]
        x = np.pad(
            x, [(0, 0), *((total // 2, total - total // 2) for total in missing), (0, 0)], constant_values=np.nan
        )
    windows = np.lib.stride_tricks.sliding_window_view(x, pool, (1, 2))[:, :: stride[0], :: stride[1]]
    return np.sqrt((np.nanmean if mean else np.nansum)(windows**2, (-1, -2)))


@settings(max_examples=10)
@given(
    size=st.tuples(st.integers(3, 8), st.integers(3, 8)),
    pool=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    stride=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    padding=st.sampled_from(["valid", "same"]),
    mean=st.booleans(),
)
def test_it_equals_the_roots_by_hand(size, pool, stride, padding, mean):
    if padding == "same":
        stride = (stride[0], stride[0])
    x = np.random.default_rng(0).normal(size=(2, *size, 3))
    layer = L2Pooling2D(pool, stride, padding, mean=mean, dtype="float64")
    output = layer(x)
    np.testing.assert_allclose(output, by_hand(x, pool, stride, padding, mean), rtol=1e-12)
    assert layer.compute_output_shape(x.shape) == tuple(output.shape)


def test_the_root_is_of_the_sum_and_not_of_the_mean():
    assert L2Pooling2D(2)(np.array([[3.0, 0.0], [0.0, 4.0]], "float32").reshape(1, 2, 2, 1)).numpy().item() == 5


@pytest.mark.parametrize("padding", ["valid", "same"])
def test_the_root_of_the_mean_keeps_the_size_of_equal_values(padding):
    output = L2Pooling2D(3, 2, padding, mean=True)(np.full((1, 6, 6, 1), -2.0, "float32"))
    np.testing.assert_allclose(output, 2, rtol=1e-6)


@pytest.mark.parametrize("mean, share", [(False, 1), (True, 1 / 2)])  # x / 5, and x / (4 · 2.5)
def test_the_gradient_is_each_values_share_and_0_in_a_dead_window(mean, share):
    x = tf.constant(np.array([[3.0, 0.0, 0.0, 0.0], [0.0, 4.0, 0.0, 0.0]], "float32").reshape(1, 2, 4, 1))
    with tf.GradientTape() as tape:
        tape.watch(x)
        norms = L2Pooling2D(2, mean=mean)(x)  # 5 or 2.5, and 0
    expected = np.array([[0.6, 0, 0, 0], [0, 0.8, 0, 0]]) * share
    np.testing.assert_allclose(tape.gradient(norms, x).numpy()[0, :, :, 0], expected, rtol=1e-6)


@pytest.mark.parametrize("mean", [False, True])
@pytest.mark.parametrize("padding", ["valid", "same"])
def test_the_gradient_is_that_of_small_differences(padding, mean):
    x = np.random.default_rng(2).normal(size=(1, 6, 6, 1))
    variable, step = tf.Variable(x), 1e-6
    with tf.GradientTape() as tape:
        total = tf.reduce_sum(L2Pooling2D(3, 2, padding, mean=mean, dtype="float64")(variable))
    moves = step * np.eye(x.size).reshape(-1, *x.shape)
    ahead, behind = (
        [by_hand(x + sign * move, (3, 3), (2, 2), padding, mean).sum() for move in moves] for sign in (1, -1)
    )
    expected = (np.array(ahead) - behind) / (2 * step)
    np.testing.assert_allclose(tape.gradient(total, variable).numpy().ravel(), expected, atol=1e-8)


def test_large_values_do_not_overflow_in_float16():
    output = L2Pooling2D(2, dtype="mixed_float16")(np.full((1, 2, 2, 1), 1000.0, "float32"))
    assert keras.backend.standardize_dtype(output.dtype) == "float16"
    assert float(output[0, 0, 0, 0]) == 2000


def test_inside_tf_data():
    x = np.random.default_rng(1).normal(size=(6, 7, 7, 3)).astype("float32")
    batches = tf.data.Dataset.from_tensor_slices(x).batch(4).map(L2Pooling2D(3, 2, "same"))
    expected = by_hand(x, (3, 3), (2, 2), "same")
    np.testing.assert_allclose(np.concatenate(list(batches.as_numpy_iterator())), expected, rtol=1e-5)


def test_unknown_sizes_stay_unknown():
    assert L2Pooling2D()(keras.Input((None, 8, 3))).shape == (None, None, 4, 3)


@pytest.mark.parametrize("more", [{}, {"data_format": "channels_last"}])
def test_it_comes_back_from_its_config(more):
    config = {"name": "pool", "pool_size": (3, 2), "strides": (2, 2), "padding": "same"}  # as files from before have it
    layer = keras.layers.deserialize(keras.layers.serialize(L2Pooling2D.from_config(config | more)))
    assert (layer.pool_size, layer.strides, layer.padding, layer.name) == ((3, 2), (2, 2), "same", "pool")
    assert not layer.mean


def test_the_mean_comes_back_and_changes_no_older_config():
    assert keras.layers.deserialize(keras.layers.serialize(L2Pooling2D(mean=True))).mean
    assert set(L2Pooling2D().get_config()) == set(keras.layers.AveragePooling2D(2).get_config())


@pytest.mark.parametrize(
    "arguments, message",
    [((0,), "pool_size"), ((2, (1, 2, 3)), "strides"), ((2, 2, "full"), "padding"), ((2, (1, 2), "same"), "strides")],
)
def test_impossible_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=f"`{message}`.*Received"):
        L2Pooling2D(*arguments)(np.zeros((1, 4, 4, 1), "float32"))
