import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnrepro.anatomy.pooling import pool, pooling_gradient, route
from cnnrepro.errors import UsageError

PAIRS = st.tuples(st.integers(1, 3), st.integers(1, 3))
KINDS = ["max", "average", "l2"]


@st.composite
def poolings(draw, ties=False):
    """Feature maps, window and where it goes; whole numbers from 0 to 2 where ties are wanted."""
    window = draw(PAIRS)
    shape = draw(st.integers(1, 2)), *(cells + draw(st.integers(0, 4)) for cells in window), draw(st.integers(1, 3))
    random = np.random.default_rng(draw(st.integers(0, 99)))
    x = random.integers(0, 3, shape).astype("float64") if ties else random.normal(size=shape)
    return x, {"window": window, "stride": draw(PAIRS), "padding": draw(st.sampled_from(["valid", "same"]))}


def in_keras(x, where, kind):
    """The pooling of Keras and TensorFlow in float64, and a function from output gradient to input gradient."""
    import tensorflow as tf

    layer = {"max": keras.layers.MaxPooling2D, "average": keras.layers.AveragePooling2D}.get(kind)
    variable = tf.Variable(x)
    with tf.GradientTape() as tape:
        if layer is not None:
            output = layer(where["window"], where["stride"], where["padding"], dtype="float64")(variable)
        else:
            ones = np.zeros((*where["window"], x.shape[3], x.shape[3]))
            ones[:, :] = np.eye(x.shape[3])  # a convolution that sums each channel over the window
            output = tf.sqrt(tf.nn.conv2d(variable**2, ones, where["stride"], where["padding"].upper()))

    def pull_back(gradient):
        return tf.convert_to_tensor(tape.gradient(output, variable, output_gradients=tf.constant(gradient))).numpy()

    return output.numpy(), pull_back


@pytest.mark.parametrize("kind", KINDS)
@settings(max_examples=20)
@given(poolings())
def test_forward_and_backward_equal_keras_and_automatic_differentiation(kind, layer):
    x, where = layer
    expected, pull_back = in_keras(x, where, kind)
    pooled = pool(x, **where, kind=kind)
    np.testing.assert_allclose(pooled.output, expected, rtol=0, atol=1e-12)
    assert (pooled.switches is not None) == (kind == "max")
    gradient = np.random.default_rng(1).normal(size=expected.shape)
    np.testing.assert_allclose(
        pooling_gradient(x, gradient, **where, kind=kind), pull_back(gradient), rtol=0, atol=1e-12
    )


@settings(max_examples=20)
@given(poolings(ties=True))
def test_the_first_of_equal_values_wins_as_in_keras_on_the_processor(layer):
    x, where = layer
    expected, pull_back = in_keras(x, where, "max")
    gradient = np.random.default_rng(1).normal(size=expected.shape)
    np.testing.assert_allclose(pooling_gradient(x, gradient, **where), pull_back(gradient), rtol=0, atol=1e-12)


@settings(max_examples=40)
@given(poolings(ties=True), st.integers(0, 1))
def test_switches_point_at_the_value_that_won(layer, padding):
    x, where = layer
    where["padding"] = padding if min(where["window"]) > padding else "same"
    pooled = pool(x, **where)
    for n, i, j, c in np.ndindex(*pooled.output.shape):
        assert x[n, :, :, c].flat[pooled.switches[n, i, j, c]] == pooled.output[n, i, j, c]


def test_a_small_map_by_hand():
    x = np.array([[1.0, 5, 2], [4, 3, 0], [7, 6, 8]]).reshape(1, 3, 3, 1)
    pooled = pool(x, 2, stride=1)
    np.testing.assert_array_equal(pooled.output[0, :, :, 0], [[5, 5], [7, 8]])
    np.testing.assert_array_equal(pooled.switches[0, :, :, 0], [[1, 1], [6, 8]])
    gradient = np.array([[1.0, 10], [100, 1000]]).reshape(1, 2, 2, 1)
    np.testing.assert_array_equal(
        pooling_gradient(x, gradient, 2, stride=1)[0, :, :, 0], [[0, 11, 0], [0, 0, 0], [100, 0, 1000]]
    )
    np.testing.assert_array_equal(pool(x, 2, stride=1, kind="average").output[0, 0, :, 0], [13 / 4, 10 / 4])
    np.testing.assert_allclose(pool(x, 2, stride=1, kind="l2").output[0, 0, :, 0] ** 2, [51, 38])


def test_the_gradient_of_the_maximum_needs_only_the_switches():
    x = np.random.default_rng(0).normal(size=(2, 7, 7, 3))
    pooled = pool(x, 3, stride=2)
    gradient = np.ones_like(pooled.output)
    np.testing.assert_array_equal(route(gradient, pooled.switches, (7, 7)), pooling_gradient(x, gradient, 3, stride=2))
    assert route(gradient, pooled.switches, (7, 7)).sum() == gradient.size  # nothing is lost where windows overlap


def test_two_by_two_windows_keep_a_quarter_of_the_values():
    assert pool(np.zeros((1, 32, 32, 4)), 2).output.size * 4 == 32 * 32 * 4


def test_padding_takes_no_part():
    x = -np.ones((1, 3, 3, 1))
    where = {"window": 3, "stride": 2, "padding": 1}
    np.testing.assert_array_equal(pool(x, **where).output, -np.ones((1, 2, 2, 1)))
    np.testing.assert_array_equal(pool(x, **where, kind="average").output, -np.ones((1, 2, 2, 1)))
    np.testing.assert_array_equal(pool(x, **where, kind="l2").output, np.full((1, 2, 2, 1), 2.0))  # √(4 · 1)


def test_a_window_of_zeros_has_no_gradient_under_the_square_root():
    x = np.zeros((1, 2, 2, 1))
    np.testing.assert_array_equal(pooling_gradient(x, np.ones((1, 1, 1, 1)), 2, kind="l2"), x)


@pytest.mark.parametrize(
    "shape, arguments, words",
    [
        ((1, 4, 4, 1), {"kind": "mean"}, "Unknown kind of pooling 'mean'; known are: average, l2, max"),
        ((4, 4, 1), {}, r"Received: \(4, 4, 1\)"),
        ((1, 4, 4, 1), {"window": 5}, "No window fits"),
        ((1, 4, 4, 1), {"padding": 2}, "smaller than the window"),
        ((1, 4, 4, 1), {"stride": 0}, "stride=0"),
    ],
)
def test_what_cannot_be_pooled_is_named(shape, arguments, words):
    arguments = {"window": 2} | arguments
    with pytest.raises(UsageError, match=words):
        pool(np.zeros(shape), **arguments)
    with pytest.raises(UsageError, match=words):
        pooling_gradient(np.zeros(shape), np.zeros((1, 2, 2, 1)), **arguments)


def test_gradients_of_the_wrong_shape_are_named():
    with pytest.raises(UsageError, match=r"\(1, 2, 2, 1\). Received: \(1, 4, 4, 1\)"):
        pooling_gradient(np.zeros((1, 4, 4, 1)), np.zeros((1, 4, 4, 1)), 2)
    with pytest.raises(UsageError, match="one shape"):
        route(np.zeros((1, 2, 2, 1)), np.zeros((1, 2, 1, 1), int), (4, 4))
