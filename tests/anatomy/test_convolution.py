import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnrepro.anatomy.convolution import (
    col2im,
    columns_bytes,
    convolve_im2col,
    convolve_loops,
    filter_rows,
    im2col,
)
from cnnrepro.errors import UsageError
from tests.anatomy.convolutions import convolutions, in_xla, layout_of


def in_keras(x, filters, bias, where):
    """keras.layers.Conv2D in float64, on images that were padded before."""
    layout = layout_of(x, filters, where)
    word = where["padding"] if isinstance(where["padding"], str) else "valid"
    if word == "valid":
        x = np.pad(x, ((0, 0), *layout.sides, (0, 0)))
    layer = keras.layers.Conv2D(
        filters.shape[3],
        filters.shape[:2],
        strides=where["stride"],
        padding=word,
        dilation_rate=where["dilation"],
        groups=where["groups"],
        dtype="float64",
    )
    layer.build(x.shape)
    layer.set_weights([filters, bias])
    return keras.ops.convert_to_numpy(layer(x))


def in_jax(x, filters, where):
    """The same in float64."""
    import jax

    with jax.enable_x64(True):
        return np.asarray(in_xla(x, filters, where))


@settings(max_examples=15)  # XLA compiles each geometry anew
@given(convolutions())
def test_the_loops_and_the_matrix_product_equal_xla_on_every_geometry(layer):
    x, filters, bias, where = layer
    expected = in_jax(x, filters, where) + bias
    np.testing.assert_allclose(convolve_loops(x, filters, bias, **where), expected, rtol=0, atol=1e-12)
    np.testing.assert_allclose(convolve_im2col(x, filters, bias, **where), expected, rtol=0, atol=1e-12)


@settings(max_examples=25)
@given(convolutions(groups=st.just(1)), st.booleans())
def test_both_equal_the_layer_of_keras(layer, strided):
    x, filters, bias, where = layer
    where |= {"dilation": 1} if strided else {"stride": 1}  # Keras refuses both together
    expected = in_keras(x, filters, bias, where)
    np.testing.assert_allclose(convolve_loops(x, filters, bias, **where), expected, rtol=0, atol=1e-12)
    np.testing.assert_allclose(convolve_im2col(x, filters, bias, **where), expected, rtol=0, atol=1e-12)


@pytest.mark.parametrize("groups", [2, 4])
def test_groups_equal_the_groups_of_keras(groups):
    random = np.random.default_rng(0)
    x, filters, bias = random.normal(size=(2, 6, 5, 4)), random.normal(size=(3, 2, 4 // groups, 8)), np.arange(8.0)
    where = {"stride": 2, "padding": "same", "dilation": 1, "groups": groups}
    np.testing.assert_allclose(
        convolve_im2col(x, filters, bias, **where), in_keras(x, filters, bias, where), rtol=0, atol=1e-12
    )


def test_columns_have_the_shapes_of_the_notes():
    image = np.random.default_rng(0).normal(size=(227, 227, 3))
    columns = im2col(image, 11, stride=4)
    assert columns.shape == (363, 3025)  # 11·11·3 rows, 55·55 columns
    np.testing.assert_array_equal(columns[:, 0], image[:11, :11].ravel())
    np.testing.assert_array_equal(columns[:, 1], image[:11, 4:15].ravel())
    np.testing.assert_array_equal(columns[:, 55], image[4:15, :11].ravel())
    assert filter_rows(np.zeros((11, 11, 3, 96)))[0].shape == (96, 363)


def test_a_batch_of_columns_is_a_column_block_an_image():
    x = np.random.default_rng(0).normal(size=(3, 5, 4, 2))
    np.testing.assert_array_equal(im2col(x, 2, padding=1)[1], im2col(x[1], 2, padding=1))


@settings(max_examples=25)
@given(convolutions())
def test_col2im_is_the_transpose_of_im2col(layer):
    """⟨im2col(x), y⟩ = ⟨x, col2im(y)⟩ for all x and y defines the transpose."""
    x, filters, _, where = layer
    where = {name: value for name, value in where.items() if name != "groups"}
    columns = im2col(x, filters.shape[:2], **where)
    y = np.random.default_rng(1).normal(size=columns.shape)
    back = col2im(y, x.shape[1:3], filters.shape[:2], **where)
    assert back.shape == x.shape
    np.testing.assert_allclose(np.vdot(columns, y), np.vdot(x, back), rtol=1e-9, atol=1e-12)


def test_col2im_counts_the_windows_over_a_cell():
    counts = col2im(np.ones((9, 9)), (5, 5), 3)
    np.testing.assert_array_equal(counts[:, :, 0], np.outer([1, 2, 3, 2, 1], [1, 2, 3, 2, 1]))


def test_a_one_by_one_convolution_is_a_matrix_product_a_pixel():
    random = np.random.default_rng(0)
    x, filters = random.normal(size=(1, 32, 32, 3)), random.normal(size=(1, 1, 3, 5))
    np.testing.assert_allclose(convolve_im2col(x, filters), x @ filters[0, 0], atol=1e-12)


def test_the_memory_of_the_columns():
    memory = columns_bytes((227, 227, 3), 11, stride=4)
    assert (memory.input, memory.columns) == (227 * 227 * 3 * 4, 363 * 3025 * 4)
    assert memory.ratio == pytest.approx(7.103, abs=1e-3)  # near (11/4)² = 7.56
    x = np.zeros((9, 8, 2))
    where = {"stride": (2, 1), "padding": "same", "dilation": 2}
    assert columns_bytes(x.shape, (3, 2), bytes_per_value=8, **where).columns == im2col(x, (3, 2), **where).nbytes


@pytest.mark.parametrize(
    "images, filters, arguments, words",
    [
        ((5, 5, 2), (3, 3, 2, 4), {}, r"Received: \(5, 5, 2\)"),
        ((1, 5, 5, 3), (3, 3, 2, 4), {}, r"images \(1, 5, 5, 3\), filters \(3, 3, 2, 4\), groups=1"),
        ((1, 5, 5, 4), (3, 3, 2, 3), {"groups": 2}, "groups=2"),
        ((1, 5, 5, 2), (3, 3, 2, 4), {"groups": 0}, "groups=0"),
        ((1, 5, 5, 2), (3, 3, 2, 4), {"stride": (1, 2, 3)}, r"stride=\(1, 2, 3\)"),
        ((1, 5, 5, 2), (3, 3, 2, 4), {"padding": (1, 2)}, r"\(\(top, bottom\), \(left, right\)\). Received: \(1, 2\)"),
        ((1, 5, 5, 2), (3, 3, 2, 4), {"padding": "full"}, "Unknown padding 'full'"),
        ((1, 5, 5, 2), (3, 3, 2, 4), {"dilation": 3}, "No window fits"),
    ],
)
def test_what_does_not_fit_is_named(images, filters, arguments, words):
    for convolve in (convolve_loops, convolve_im2col):
        with pytest.raises(UsageError, match=words):
            convolve(np.zeros(images), np.zeros(filters), **arguments)
