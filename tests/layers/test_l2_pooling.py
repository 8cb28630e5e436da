import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnrepro.layers import L2Pooling2D


def by_hand(x, pool, stride, padding):
    """Window by window; with "same", TensorFlow's padding: the smaller half in front."""
    x = x.astype("float64")
    if padding == "same":
        missing = [max((-(-n // s) - 1) * s + p - n, 0) for n, p, s in zip(x.shape[1:3], pool, stride, strict=True)]
        x = np.pad(x, [(0, 0), *((total // 2, total - total // 2) for total in missing), (0, 0)])
    windows = np.lib.stride_tricks.sliding_window_view(x, pool, (1, 2))[:, :: stride[0], :: stride[1]]
    return np.sqrt((windows**2).sum((-1, -2)))


@settings(max_examples=10)
@given(
    size=st.tuples(st.integers(3, 8), st.integers(3, 8)),
    pool=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    stride=st.tuples(st.integers(1, 3), st.integers(1, 3)),
    padding=st.sampled_from(["valid", "same"]),
)
def test_it_equals_the_roots_by_hand(size, pool, stride, padding):
    if padding == "same":
        stride = (stride[0], stride[0])
    x = np.random.default_rng(0).normal(size=(2, *size, 3))
    layer = L2Pooling2D(pool, stride, padding, dtype="float64")
    output = layer(x)
    np.testing.assert_allclose(output, by_hand(x, pool, stride, padding), rtol=1e-12)
    assert layer.compute_output_shape(x.shape) == tuple(output.shape)


def test_the_root_is_of_the_sum_and_not_of_the_mean():
    assert L2Pooling2D(2)(np.array([[3.0, 0.0], [0.0, 4.0]], "float32").reshape(1, 2, 2, 1)).numpy().item() == 5


def test_the_gradient_is_each_values_share_and_0_in_a_dead_window():
    x = tf.constant(np.array([[3.0, 0.0, 0.0, 0.0], [0.0, 4.0, 0.0, 0.0]], "float32").reshape(1, 2, 4, 1))
    with tf.GradientTape() as tape:
        tape.watch(x)
        norms = L2Pooling2D(2)(x)  # 5 and 0
    np.testing.assert_allclose(tape.gradient(norms, x).numpy()[0, :, :, 0], [[0.6, 0, 0, 0], [0, 0.8, 0, 0]], rtol=1e-6)


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


@pytest.mark.parametrize(
    "arguments, message",
    [((0,), "pool_size"), ((2, (1, 2, 3)), "strides"), ((2, 2, "full"), "padding"), ((2, (1, 2), "same"), "strides")],
)
def test_impossible_arguments_are_named(arguments, message):
    with pytest.raises(ValueError, match=f"`{message}`.*Received"):
        L2Pooling2D(*arguments)(np.zeros((1, 4, 4, 1), "float32"))
