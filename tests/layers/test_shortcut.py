import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnrepro.layers import IdentityShortcut


def by_hand(images, filters, strides):
    """Copy value by value: pixel (i·s, j·s), channel c where there is one, else zero."""
    count, height, width, channels = images.shape
    output = np.zeros((count, -(-height // strides), -(-width // strides), filters), images.dtype)
    for n, i, j, c in np.ndindex(*output.shape):
        if c < channels:
            output[n, i, j, c] = images[n, i * strides, j * strides, c]
    return output


@settings(max_examples=10)
@given(
    height=st.integers(1, 9),
    width=st.integers(1, 9),
    channels=st.integers(1, 4),
    new=st.integers(0, 4),
    strides=st.integers(1, 3),
)
def test_it_equals_the_copy_by_hand(height, width, channels, new, strides):
    images = np.random.default_rng(0).normal(size=(2, height, width, channels)).astype("float32")
    layer = IdentityShortcut(channels + new, strides)
    output = keras.ops.convert_to_numpy(layer(images))
    np.testing.assert_array_equal(output, by_hand(images, channels + new, strides))
    assert layer.compute_output_shape(images.shape) == output.shape


def test_inside_tf_data():
    import tensorflow as tf

    images = np.random.default_rng(1).normal(size=(6, 7, 7, 3)).astype("float32")
    layer = IdentityShortcut(5, 2)
    batches = tf.data.Dataset.from_tensor_slices(images).batch(4).map(layer)
    np.testing.assert_array_equal(np.concatenate(list(batches.as_numpy_iterator())), by_hand(images, 5, 2))


def test_it_has_no_parameters_and_passes_the_gradient_through():
    import tensorflow as tf

    images = tf.ones((1, 4, 4, 2))
    layer = IdentityShortcut(4, 2)
    with tf.GradientTape() as tape:
        tape.watch(images)
        total = tf.reduce_sum(layer(images))
    expected = np.zeros((1, 4, 4, 2))
    expected[:, ::2, ::2, :] = 1
    np.testing.assert_array_equal(tape.gradient(total, images), expected)
    assert layer.count_params() == 0


def test_unknown_sizes_stay_unknown():
    assert IdentityShortcut(8, 2)(keras.Input((None, None, 3))).shape == (None, None, None, 8)


def test_it_comes_back_from_its_config():
    layer = IdentityShortcut(8, strides=2, name="shortcut")
    copy = keras.layers.deserialize(keras.layers.serialize(layer))
    assert (copy.filters, copy.strides, copy.name) == (8, 2, "shortcut")


@pytest.mark.parametrize("filters, strides", [(0, 1), (4, 0), (-1, 2)])
def test_impossible_arguments_are_named(filters, strides):
    with pytest.raises(ValueError, match=f"Received: filters={filters}, strides={strides}"):
        IdentityShortcut(filters, strides)


def test_channels_are_never_dropped():
    with pytest.raises(ValueError, match="at least the number of input channels"):
        IdentityShortcut(2)(np.zeros((1, 4, 4, 3), "float32"))
