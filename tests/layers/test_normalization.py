import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnrepro.layers import LocalResponseNormalization


def maps(*shape, seed=0, scale=30.0):
    """Values so large that the sums of squares outweigh k."""
    return (scale * np.random.default_rng(seed).normal(size=shape)).astype("float32")


def by_hand(x, size=5, alpha=1e-4, beta=0.75, k=2.0):
    """The formula, channel by channel, in float64."""
    x = x.astype("float64")
    output = np.empty_like(x)
    for channel in range(x.shape[-1]):
        window = x[..., max(channel - size // 2, 0) : channel + (size - 1) // 2 + 1]
        output[..., channel] = x[..., channel] / (k + alpha * (window**2).sum(-1)) ** beta
    return output


def tensorflows(x):
    return tf.nn.local_response_normalization(x, depth_radius=2, bias=2.0, alpha=1e-4, beta=0.75)


def gradient(function, x, upstream):
    x = tf.constant(x)
    with tf.GradientTape() as tape:
        tape.watch(x)
        y = function(x)
    return tape.gradient(y, x, tf.constant(upstream)).numpy()


@settings(max_examples=10)
@given(
    channels=st.integers(1, 9),
    size=st.integers(1, 7),
    alpha=st.sampled_from([0.0, 1e-4, 2e-2]),
    beta=st.sampled_from([0.5, 0.75, 1.0]),
    k=st.sampled_from([1.0, 2.0]),
)
def test_it_equals_the_formula_by_hand(channels, size, alpha, beta, k):
    x = maps(2, 3, 2, channels)
    output = LocalResponseNormalization(size, alpha, beta, k)(x)
    np.testing.assert_allclose(output, by_hand(x, size, alpha, beta, k), rtol=1e-5, atol=1e-6)


def test_it_equals_tensorflows_with_the_papers_constants():
    x = maps(2, 5, 5, 96)
    np.testing.assert_allclose(LocalResponseNormalization()(x), tensorflows(x), rtol=1e-5, atol=1e-5)


def test_its_gradient_equals_tensorflows():
    x, upstream = maps(2, 5, 5, 16), maps(2, 5, 5, 16, seed=1, scale=1.0)
    ours = gradient(LocalResponseNormalization(), x, upstream)
    np.testing.assert_allclose(ours, gradient(tensorflows, x, upstream), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize("size, beta", [(3, 0.75), (4, 0.5), (5, 1.0)])
def test_its_gradient_equals_differences(size, beta):
    """In float64, with even windows too, whose backward windows reach further the other way."""
    x, upstream = maps(1, 1, 1, 7).astype("float64"), maps(1, 1, 1, 7, seed=1, scale=1.0).astype("float64")
    ours = gradient(LocalResponseNormalization(size, beta=beta, dtype="float64"), x, upstream)
    for channel in range(7):
        step = np.zeros_like(x)
        step[..., channel] = 1e-3
        rise = by_hand(x + step, size, beta=beta) - by_hand(x - step, size, beta=beta)
        assert ours[..., channel] == pytest.approx((upstream * rise).sum() / 2e-3, rel=1e-6)


def test_alpha_divided_by_size_is_a_fifth_of_alpha():
    x = maps(1, 2, 2, 8)
    np.testing.assert_allclose(
        LocalResponseNormalization(alpha_divided_by_size=True)(x), by_hand(x, alpha=2e-5), rtol=1e-5
    )


def test_inside_tf_data():
    x = maps(6, 3, 3, 8)
    batches = tf.data.Dataset.from_tensor_slices(x).batch(4).map(LocalResponseNormalization())
    np.testing.assert_allclose(np.concatenate(list(batches.as_numpy_iterator())), by_hand(x), rtol=1e-5, atol=1e-6)


def test_under_mixed_precision_the_sum_is_exact():
    x = np.full((1, 1, 1, 5), 2.0, "float32")
    layer = LocalResponseNormalization(beta=1000.0, k=1.0, dtype="mixed_bfloat16")
    output = layer(x)
    assert keras.backend.standardize_dtype(output.dtype) == "bfloat16"
    # k + α · Σ a² = 1.0012 to 1.002 would be 1 in bfloat16, and its power 1 in place of 0.14 to 0.3.
    np.testing.assert_allclose(keras.ops.cast(output, "float32"), by_hand(x, beta=1000.0, k=1.0), rtol=1e-2)


def test_large_values_do_not_overflow_in_float16():
    output = LocalResponseNormalization(dtype="mixed_float16")(np.full((1, 1, 1, 5), 1000.0, "float32"))
    assert np.isfinite(keras.ops.convert_to_numpy(output)).all()


def test_saved_and_loaded_it_gives_the_same_output(tmp_path):
    x = maps(2, 4, 4, 6)
    layer = LocalResponseNormalization(3, 1e-3, 0.5, 1.0, alpha_divided_by_size=True)
    model = keras.Sequential([keras.Input((None, None, 6)), layer])
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    assert loaded.output_shape == (None, None, None, 6)
    np.testing.assert_array_equal(loaded(x), model(x))
    np.testing.assert_allclose(loaded(x), by_hand(x, 3, 1e-3 / 3, 0.5, 1.0), rtol=1e-5)


def test_it_computes_the_same_on_jax(tmp_path):
    pytest.importorskip("jax", reason="JAX is not installed")
    code = """
import sys, numpy as np, jax
from cnnrepro.layers import LocalResponseNormalization
x, upstream = np.load(sys.argv[1])
layer = LocalResponseNormalization()
layer.build(x.shape)
output, back = jax.vjp(jax.jit(lambda x: layer(x)), x)
np.save(sys.argv[1], np.stack([output, back(upstream)[0]]))
"""
    x, upstream = maps(2, 3, 3, 8), maps(2, 3, 3, 8, seed=1, scale=1.0)
    np.save(tmp_path / "arrays.npy", np.stack([x, upstream]))
    environment = {"KERAS_BACKEND": "jax", "PATH": ""}
    subprocess.run([sys.executable, "-c", code, str(tmp_path / "arrays.npy")], check=True, env=environment)
    output, back = np.load(tmp_path / "arrays.npy")
    np.testing.assert_allclose(output, by_hand(x), rtol=1e-5)
    np.testing.assert_allclose(back, gradient(tensorflows, x, upstream), rtol=1e-4, atol=1e-6)


@pytest.mark.parametrize(
    "arguments, received",
    [({"size": 0}, "size=0"), ({"k": 0.0}, "alpha=0.0001, beta=0.75, k=0.0"), ({"alpha": -1.0}, "alpha=-1.0")],
)
def test_impossible_arguments_are_named(arguments, received):
    with pytest.raises(ValueError, match=f"Received: {received}"):
        LocalResponseNormalization(**arguments)


def test_the_channels_must_be_known():
    with pytest.raises(ValueError, match="number of channels must be known"):
        LocalResponseNormalization()(keras.Input((4, 4, None)))
