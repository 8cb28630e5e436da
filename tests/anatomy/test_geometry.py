import warnings
from itertools import pairwise

import keras
import pytest
from hypothesis import assume, example, given, settings
from hypothesis import strategies as st

from cnnrepro.anatomy.geometry import GeometryWarning, geometry, output_size, receptive_field
from cnnrepro.errors import UsageError

SIZES = st.integers(1, 24)
WINDOWS = st.integers(1, 6)
STRIDES = st.integers(1, 5)
DILATIONS = st.integers(1, 3)
SIDES = st.tuples(st.integers(0, 4), st.integers(0, 4))
law = settings(max_examples=150)


def windows_that_fit(size, window, stride, sides, dilation):
    """Slide a window cell by cell; the cells that each complete window touches."""
    padded = size + sum(sides)
    starts = [start for start in range(0, padded, stride) if start + (window - 1) * dilation < padded]
    return [[start + tap * dilation for tap in range(window)] for start in starts]


@law
@given(SIZES, WINDOWS, STRIDES, SIDES, DILATIONS)
@example(size=1, window=1, stride=3, sides=(2, 0), dilation=1)  # the only window lies in the padding in front
def test_rounding_down_counts_the_windows_that_fit(size, window, stride, sides, dilation):
    windows = windows_that_fit(size, window, stride, sides, dilation)
    assume(windows)
    found = geometry(size, window, stride, sides, dilation)
    padded = size + sum(sides)
    after_last = padded - 1 - windows[-1][-1]
    assert found.output == len(windows)
    assert found.window_extent == windows[0][-1] + 1
    assert found.cells_lost == after_last
    assert found.input_cells_lost == sum(cell > windows[-1][-1] for cell in range(sides[0], sides[0] + size))
    assert found.divides == (after_last == 0) == (found.warning == "")
    assert found.cells_beyond == 0


@law
@given(st.integers(1, 6), st.integers(2, 6), STRIDES, st.tuples(st.integers(0, 1), st.integers(0, 1)), DILATIONS)
def test_where_no_window_fits_there_is_an_error(size, window, stride, sides, dilation):
    assume(not windows_that_fit(size, window, stride, sides, dilation))
    for rounding in ("floor", "exact"):
        with pytest.raises(UsageError, match="No window fits"):
            geometry(size, window, stride, sides, dilation, rounding)


@law
@given(SIZES, WINDOWS, STRIDES, SIDES)
def test_rounding_up_adds_windows_until_the_padded_input_is_covered_or_left(size, window, stride, sides):
    """Caffe's rule: go on while the next window covers something new and starts in the input or in front of it."""
    padded = size + sum(sides)
    assume(padded > window - stride)  # the first window hangs over by less than a stride
    count = 1
    while (count - 1) * stride + window < padded and count * stride < size + sides[0]:
        count += 1
    found = geometry(size, window, stride, sides, rounding="ceil")
    end = (count - 1) * stride + window
    assert found.output == count
    assert (found.cells_lost, found.cells_beyond) == (max(padded - end, 0), max(end - padded, 0))
    assert found.divides == ((padded - window) % stride == 0)


@law
@given(SIZES, WINDOWS, STRIDES, SIDES, DILATIONS)
def test_exact_agrees_where_it_divides_and_otherwise_names_what_divides(size, window, stride, sides, dilation):
    assume(windows_that_fit(size, window, stride, sides, dilation))
    if geometry(size, window, stride, sides, dilation).divides:
        exact, floor = (output_size(size, window, stride, sides, dilation, how) for how in ("exact", "floor"))
        assert exact == floor
        return
    with pytest.raises(UsageError, match="no whole number") as caught:
        output_size(size, window, stride, sides, dilation, "exact")
    named = str(caught.value).split("size ", 1)[1]
    sizes, padding = named.split(" divides, and so does padding ")
    for near in map(int, sizes.split(" or ")):
        if near + sum(sides) >= (window - 1) * dilation + 1:
            output_size(near, window, stride, sides, dilation, "exact")
    given_padding = eval(padding.split(". ")[0])
    output_size(size, window, stride, given_padding, dilation, "exact")


@settings(max_examples=60)
@given(SIZES, WINDOWS, STRIDES, DILATIONS, st.sampled_from(["same", "valid"]))
def test_words_mean_what_they_mean_in_keras(size, window, stride, dilation, padding):
    assume(stride == 1 or dilation == 1)  # Keras refuses both together
    assume(padding == "same" or size >= (window - 1) * dilation + 1)
    layer = keras.layers.Conv1D(1, window, strides=stride, padding=padding, dilation_rate=dilation)
    assert output_size(size, window, stride, padding, dilation) == layer.compute_output_shape((1, size, 1))[1]
    if dilation == 1:
        pool = keras.layers.MaxPooling1D(window, stride, padding)
        assert output_size(size, window, stride, padding) == pool.compute_output_shape((1, size, 1))[1]


@law
@given(SIZES, WINDOWS, STRIDES, DILATIONS)
def test_same_rounds_the_quotient_up_and_pads_the_far_end_more(size, window, stride, dilation):
    found = geometry(size, window, stride, "same", dilation)
    assert found.output == -(-size // stride)
    assert found.padding_after - found.padding_before in (0, 1)
    if stride == 1:
        assert found.output == size
        assert found.padding_before + found.padding_after == (window - 1) * dilation


@pytest.mark.parametrize("rounding", ["exact", "floor", "ceil"])
def test_same_is_a_padding_and_rounding_does_not_change_it(rounding):
    assert output_size(7, 3, 2, "same", rounding=rounding) == 4


def test_alexnet_in_its_two_forms():
    assert output_size(227, 11, 4, 0, rounding="exact") == 55
    assert output_size(224, 11, 4, 2) == 55
    assert output_size(224, 11, 4, 2, rounding="ceil") == 56
    assert output_size(224, 11, 4, 0) == 54  # the paper prints 224 and means 227
    found = geometry(224, 11, 4, 2)
    assert (found.cells_lost, found.input_cells_lost, found.divides) == (1, 0, False)
    with pytest.raises(UsageError) as caught:
        output_size(224, 11, 4, 2, rounding="exact")
    assert "(224 - 11 + 4)/4 + 1 = 221/4" in str(caught.value)
    assert "remainder of 1 cell" in str(caught.value)
    assert "size 223 or 227 divides" in str(caught.value)


def test_the_warning_says_what_is_lost():
    assert geometry(10, 2, 2).warning == ""
    assert geometry(11, 2, 2).warning == (
        "Windows that span 2 cells, with stride 2, do not divide 11 cells: the last cell, which is input, is lost."
    )
    assert geometry(224, 11, 4, 2).warning == (
        "Windows that span 11 cells, with stride 4, do not divide 228 cells: the last cell, which is padding, is lost."
    )
    assert geometry(10, 1, 4, (0, 1)).warning == (
        "Windows that span 1 cell, with stride 4, do not divide 11 cells: "
        "the last 2 cells are lost, 1 of the input and 1 of the padding."
    )
    assert geometry(112, 3, 2, rounding="ceil").warning == (
        "Windows that span 3 cells, with stride 2, do not divide 112 cells: "
        "the last window hangs over the far end by 1 cell."
    )


def test_published_sizes():
    assert output_size(55, 3, 2, rounding="exact") == 27  # AlexNet's overlapping pool
    assert output_size(7, 3, 2, rounding="exact") == 3  # the example of the CS231n notes
    assert output_size(224, 7, 2, 3) == 112  # ResNet conv1
    assert output_size(112, 3, 2, rounding="ceil") == 56  # GoogLeNet's pool in Caffe
    assert output_size(112, 3, 2) == 55  # the same pool in Keras, "valid"
    assert output_size(224, 3, 1, 1) == 224  # VGG
    with pytest.raises(UsageError, match=r"\(10 - 3 \+ 0\)/2 \+ 1 = 9/2"):  # the notes' example of what does not fit
        output_size(10, 3, 2, 0, rounding="exact")


def test_the_window_that_would_start_in_the_far_padding_is_dropped():
    found = geometry(2, 2, 3, 1, rounding="ceil")  # 4 cells: windows at 0 and 3, and 3 is padding behind the input
    assert (found.output, found.cells_lost, found.input_cells_lost) == (1, 2, 1)
    found = geometry(3, 1, 2, 2, rounding="ceil")  # 7 cells: windows at 0, 2, 4, and 6 is padding behind the input
    assert (found.output, found.cells_lost, found.divides) == (3, 2, True)
    assert "divide 7 cells: the last 2 cells, which are padding, are lost" in found.warning


def test_a_single_window_may_hang_over_by_less_than_a_stride_when_rounding_up():
    assert geometry(2, 3, 2, rounding="ceil").cells_beyond == 1
    with pytest.raises(UsageError, match="No window fits"):
        geometry(1, 3, 2, rounding="ceil")


def test_cells_lost_are_warned_of_on_request_alone():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert output_size(8, 3, 2) == 3
        assert output_size(7, 3, 2, warn=True) == 3
        assert output_size(8, 3, 2, rounding="ceil", warn=True) == 4
    with pytest.warns(GeometryWarning, match="the last cell, which is input, is lost") as caught:
        assert output_size(8, 3, 2, warn=True) == 3
    assert caught[0].filename == __file__


@pytest.mark.parametrize(
    "arguments, words",
    [
        ({"size": 0}, "size=0"),
        ({"window": -1}, "window=-1"),
        ({"stride": 0}, "stride=0"),
        ({"stride": 1.5}, "stride=1.5"),
        ({"dilation": True}, "dilation=True"),
        ({"padding": -1}, "padding=-1"),
        ({"padding": (1, -2)}, "padding=-2"),
        ({"padding": (1, 2, 3)}, r"padding=\(1, 2, 3\)"),
        ({"padding": "sane"}, "Unknown padding 'sane'.*Did you mean 'same'"),
        ({"rounding": "up"}, "Unknown rounding 'up'; known are: ceil, exact, floor"),
        ({"window": 4, "dilation": 4}, "spans 13 cells and the padded input has 8"),
    ],
)
def test_impossible_arguments_are_one_sentence(arguments, words):
    with pytest.raises(UsageError, match=words):
        geometry(**{"size": 8, "window": 3} | arguments)


def test_the_numbers_of_numpy_are_whole_numbers():
    import numpy as np

    assert output_size(np.int64(8), np.int32(3)) == 6


@law
@given(st.lists(st.tuples(WINDOWS, STRIDES, DILATIONS), max_size=5))
def test_the_receptive_field_is_the_smallest_input_with_one_output(layers):
    """Backwards from one cell, a layer needs (n − 1)·S + E cells of its input."""
    needed, two = 1, 2
    for window, stride, dilation in reversed(layers):
        extent = (window - 1) * dilation + 1
        needed, two = (needed - 1) * stride + extent, (two - 1) * stride + extent
    field = receptive_field(layers)
    assert field.size == needed
    assert field.stride == two - needed  # the next cell needs so many pixels more
    size = needed
    for window, stride, dilation in layers:
        size = output_size(size, window, stride, 0, dilation)
    assert size == 1


def test_the_receptive_field_grows_layer_by_layer():
    vgg16 = [layer for convolutions in (2, 2, 3, 3, 3) for layer in [(3, 1)] * convolutions + [(2, 2)]]
    field = receptive_field(vgg16)
    assert (field.size, field.stride) == (212, 32)
    assert field.sizes[-1] == 212
    assert all(later >= sooner for sooner, later in pairwise(field.sizes))
    assert receptive_field(vgg16[:5]).size == field.sizes[4]
    assert receptive_field([(3, 1)] * 3).sizes == (3, 5, 7)
    assert receptive_field([(3, 1, 1), (3, 1, 2), (3, 1, 4)]).sizes == (3, 7, 15)  # dilated: doubling
    assert receptive_field([]).size == 1


@pytest.mark.parametrize("layers", [[(3,)], [3], [(3, 1, 1, 1)], [(3, 0)], [("3", 1)]])
def test_a_layer_that_is_no_layer_is_named(layers):
    with pytest.raises(UsageError, match="Received"):
        receptive_field(layers)
