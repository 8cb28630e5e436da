import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnrepro.anatomy.convolution import convolve_im2col, convolve_loops
from cnnrepro.anatomy.convolution_backward import (
    convolution_gradients,
    filter_gradient_as_convolution,
    input_gradient_as_convolution,
    spread_out,
)
from cnnrepro.errors import UsageError
from tests.anatomy.convolutions import convolutions, in_xla, layout_of


def gradient_for(x, filters, where):
    """A gradient that reaches the output."""
    shape = (len(x), *layout_of(x, filters, where).output, filters.shape[3])
    return np.random.default_rng(1).normal(size=shape)


def in_jax(x, filters, gradient, where):
    """The gradients of XLA's convolution in float64, by automatic differentiation."""
    import jax

    with jax.enable_x64(True):
        _, pull_back = jax.vjp(lambda x, filters: in_xla(x, filters, where), x, filters)
        return [np.asarray(part) for part in pull_back(gradient)]


def both_writings(x, filters, gradient, where):
    """The gradients to the images and to the filters, as matrix products and as convolutions."""
    found = convolution_gradients(x, filters, gradient, **where)
    yield found.inputs, found.filters
    yield (
        input_gradient_as_convolution(filters, gradient, x.shape[1:3], **where),
        filter_gradient_as_convolution(x, gradient, filters.shape[:2], **where),
    )


@pytest.mark.soak  # XLA compiles each geometry anew
@settings(max_examples=60)
@given(convolutions())
def test_both_writings_equal_automatic_differentiation_on_every_geometry(layer):
    x, filters, _, where = layer
    gradient = gradient_for(x, filters, where)
    expected = in_jax(x, filters, gradient, where)
    for found in both_writings(x, filters, gradient, where):
        for ours, theirs in zip(found, expected, strict=True):
            np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-12)


@settings(max_examples=60)
@given(convolutions())
def test_both_writings_are_the_transpose_of_the_convolution_on_every_geometry(layer):
    """⟨conv(x, w), g⟩ = ⟨x, ∂x⟩ = ⟨w, ∂w⟩ for other images and filters too: it is linear in each of them."""
    x, filters, _, where = layer
    gradient = gradient_for(x, filters, where)
    random = np.random.default_rng(2)
    images, others = random.normal(size=x.shape), random.normal(size=filters.shape)
    by_images = np.vdot(convolve_loops(images, filters, **where), gradient)
    by_filters = np.vdot(convolve_loops(x, others, **where), gradient)
    for to_inputs, to_filters in both_writings(x, filters, gradient, where):
        assert np.vdot(images, to_inputs) == pytest.approx(by_images, rel=0, abs=1e-10)
        assert np.vdot(others, to_filters) == pytest.approx(by_filters, rel=0, abs=1e-10)


@settings(max_examples=15)
@given(convolutions(groups=st.just(1), dilations=st.just((1, 1))))
def test_they_equal_the_gradient_tape_of_tensorflow(layer):
    import tensorflow as tf

    x, filters, _, where = layer
    gradient = gradient_for(x, filters, where)
    sides = layout_of(x, filters, where).sides
    inputs, kernel, bias = (tf.Variable(values) for values in (x, filters, np.zeros(filters.shape[3])))
    with tf.GradientTape() as tape:
        output = tf.nn.conv2d(tf.pad(inputs, [(0, 0), *sides, (0, 0)]), kernel, where["stride"], "VALID") + bias
        loss = tf.reduce_sum(output * gradient)
    expected = tape.gradient(loss, (inputs, kernel, bias))
    found = convolution_gradients(x, filters, gradient, **where)
    for ours, theirs in zip((found.inputs, found.filters, found.bias), expected, strict=True):
        np.testing.assert_allclose(ours, theirs, rtol=0, atol=1e-12)


def test_the_gradient_is_the_transpose_of_the_linear_map():
    """⟨conv(x, w), g⟩ = ⟨x, ∂x⟩ = ⟨w, ∂w⟩: the convolution is linear in the images and in the filters."""
    random = np.random.default_rng(0)
    x, filters = random.normal(size=(2, 9, 8, 6)), random.normal(size=(3, 2, 2, 9))
    where = {"stride": (2, 3), "padding": ((1, 0), (2, 3)), "dilation": (2, 1), "groups": 3}
    output = convolve_im2col(x, filters, **where)
    gradient = random.normal(size=output.shape)
    found = convolution_gradients(x, filters, gradient, **where)
    product = np.vdot(output, gradient)
    assert np.vdot(x, found.inputs) == pytest.approx(product, rel=1e-12)
    assert np.vdot(filters, found.filters) == pytest.approx(product, rel=1e-12)
    np.testing.assert_allclose(found.bias, gradient.sum((0, 1, 2)))


def test_cells_that_no_window_touches_have_no_gradient():
    x, filters = np.ones((1, 6, 6, 1)), np.ones((3, 3, 1, 1))
    gradient = np.ones((1, 2, 2, 1))
    for found in (
        convolution_gradients(x, filters, gradient, stride=2).inputs,
        input_gradient_as_convolution(filters, gradient, (6, 6), stride=2),
    ):
        assert not found[:, 5].any()
        assert not found[:, :, 5].any()
        assert found[0, 2, 2, 0] == 4  # under all four windows


def test_the_gradient_is_spread_out_by_zeros():
    spread = spread_out(np.arange(1.0, 7).reshape(1, 2, 3, 1), (2, 1))
    np.testing.assert_array_equal(spread[0, :, :, 0], [[1, 2, 3], [0, 0, 0], [4, 5, 6]])


def test_a_gradient_of_the_wrong_shape_is_named():
    x, filters, wrong = np.zeros((1, 5, 5, 2)), np.zeros((3, 3, 2, 4)), np.zeros((1, 5, 5, 4))
    for call in (
        lambda: convolution_gradients(x, filters, wrong),
        lambda: input_gradient_as_convolution(filters, wrong, (5, 5)),
        lambda: filter_gradient_as_convolution(x, wrong, 3),
    ):
        with pytest.raises(UsageError, match=r"\(1, 3, 3, 4\). Received: \(1, 5, 5, 4\)"):
            call()
