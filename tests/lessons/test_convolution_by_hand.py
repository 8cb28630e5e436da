import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import signal

from cnnrepro import anatomy
from cnnrepro.claims.check_helpers import autodiff
from cnnrepro.errors import UsageError
from cnnrepro.lessons import convolution_by_hand as by_hand
from cnnrepro.lessons import photographs
from cnnrepro.lessons.convolution_by_hand.photograph_filters import designed_filters, gabor
from cnnrepro.lessons.convolution_by_hand.small_numbers import IMAGE, KERNEL


@pytest.mark.parametrize("slide", by_hand.variants(), ids=lambda slide: slide.label)
def test_every_cell_of_a_small_output_is_the_sum_of_window_times_filter(slide):
    for place, value in np.ndenumerate(slide.output):
        assert (slide.window(*place) * slide.kernel).sum() == value


def test_the_variants_have_the_sizes_of_the_formula():
    sizes = {slide.label: len(slide.output) for slide in by_hand.variants()}
    assert sizes == {"stride 1": 3, "stride 2": 2, "padding 1": 5, "padding 1, dilation 2": 3}


def test_the_volume_is_that_of_the_notes_and_its_output_adds_channels_and_bias():
    demo = by_hand.volume()
    assert (demo.padded.shape, demo.filters.shape, demo.output.shape) == ((7, 7, 3), (3, 3, 3, 2), (3, 3, 2))
    for row, column, index in np.ndindex(*demo.output.shape):
        window = demo.padded[row * 2 : row * 2 + 3, column * 2 : column * 2 + 3]
        assert demo.output[row, column, index] == (window * demo.filters[..., index]).sum() + demo.bias[index]


def test_an_impulse_shows_the_filter_turned_and_a_convolution_the_filter():
    demo = by_hand.impulse()
    np.testing.assert_array_equal(demo.correlated, demo.kernel[::-1, ::-1])
    np.testing.assert_array_equal(demo.convolved, demo.kernel)
    np.testing.assert_array_equal(demo.convolved, signal.convolve2d(demo.image, demo.kernel, mode="valid"))


def test_the_small_matrix_product_is_the_convolution():
    demo = by_hand.columns()
    assert (demo.rows.shape, demo.columns.shape, demo.product.shape) == ((2, 9), (9, 4), (2, 4))
    np.testing.assert_array_equal(demo.maps[0], signal.correlate2d(demo.image, KERNEL, mode="valid"))
    np.testing.assert_array_equal(demo.maps[1], demo.image[1:3, 1:3])  # the filter with a 1 in its middle


@pytest.mark.parametrize("size, stride", [(4, 1), (5, 2)])
def test_the_small_way_back_is_the_adjoint_of_the_way_forward(size, stride):
    step = by_hand.backward(size, stride)
    np.testing.assert_array_equal(signal.correlate2d(step.padded, step.flipped, mode="valid"), step.to_input)
    image = np.random.default_rng(0).normal(size=(size, size))
    forward = signal.correlate2d(image, KERNEL, mode="valid")[::stride, ::stride]
    assert (forward * step.arriving).sum() == pytest.approx((image * step.to_input).sum())


def test_the_parts_of_the_neurons_add_up_to_the_filters_gradient():
    sums = by_hand.added()
    gradients = anatomy.convolution_gradients(
        IMAGE[None, :4, :4, None], KERNEL[:, :, None, None], sums.arriving[None, :, :, None]
    )
    np.testing.assert_allclose(sums.total, gradients.filters[:, :, 0, 0])
    np.testing.assert_array_equal(sums.parts[3], 3 * IMAGE[1:4, 1:4])


def test_neurons_have_the_connections_of_the_notes():
    assert [row[2:] for row in by_hand.connections()] == [(180, 181), (75, 76), (363, 364)]


def test_alexnets_first_layer_is_counted_off_the_model():
    rows = {name: rest for name, *rest in by_hand.first_layer_rows()}
    assert rows["neurons"] == ["55x55x96", 290_400]
    assert rows["weights, not shared"] == ["290,400·363", 105_415_200]
    assert rows["weights and biases, not shared"] == ["290,400·(363 + 1)", 105_705_600]
    assert rows["weights and biases, shared"] == ["96·(363 + 1)", 34_848 + 96]


def test_filters_see_all_maps_half_of_them_one_or_those_of_the_table():
    seen = by_hand.seen_channels()
    counts = {name: set(sees.sum(axis=0).astype(int)) for name, sees in seen.items()}
    assert counts == {"ordinary": {6}, "two groups": {3}, "depthwise": {1}, "LeNet-5, layer C3": {3, 4, 6}}
    assert seen["LeNet-5, layer C3"].sum() == 60  # connections in table 1 of the paper


def test_columns_take_as_many_bytes_as_the_arithmetic_says():
    rows = {row[0].split(",")[0]: row for row in by_hand.column_sizes()}
    assert rows["AlexNet"][1:] == ("363x3025", "0.62", "4.39", "7.1")  # 363·3025·4 bytes
    assert rows["VGG-16"][4] == "9.0"
    assert rows["any 1x1"][4] == "1.0"


def test_loops_product_and_keras_agree_on_a_photograph():
    rows = by_hand.products(photographs.picture("china", 64))
    assert [row[0] for row in rows] == ["loops", "Keras, float32"]
    assert float(rows[0][2]) < 1e-13
    assert float(rows[1][2]) < 1e-4


def test_the_comparison_with_automatic_differentiation_sees_a_wrong_gradient(monkeypatch):
    right, pulled_back = by_hand.agreement(), autodiff.pulled_back
    monkeypatch.setattr(autodiff, "pulled_back", lambda *given: [gradient * 1.01 for gradient in pulled_back(*given)])
    wrong = by_hand.agreement()
    assert max(float(value) for row in right for value in row[1:]) < autodiff.precision()[1]
    assert min(float(value) for row in wrong for value in row[1:]) > 5e-3


@pytest.mark.parametrize("size, shape", [(64, (43, 64, 3)), (240, (160, 240, 3)), (640, (427, 640, 3))])
def test_a_picture_has_the_size_that_was_asked_for(size, shape):
    picture = photographs.picture("flower", size)
    assert picture.shape == shape
    assert 0 <= picture.min() < picture.max() <= 1


@pytest.mark.parametrize(
    "name, size, sentence",
    [
        ("china", 63, "from 64 to 640. Received: 63"),
        ("china", 641, "from 64 to 640"),
        ("china", 100.0, "whole number"),
        ("cat", 100, "Unknown photograph 'cat'; known are: china, flower"),
    ],
)
def test_a_bad_picture_is_one_sentence(name, size, sentence):
    with pytest.raises(UsageError, match=sentence):
        photographs.picture(name, size)


def test_edge_filters_answer_nothing_on_an_even_surface_and_one_at_a_full_edge():
    for name, (kernel, kind) in designed_filters().items():
        expected = 0 if kind == "signed" else 1
        assert np.sum(kernel) == pytest.approx(expected, abs=1e-12), name
        if kind == "signed":
            assert np.sum(kernel[kernel > 0]) == pytest.approx(1), name
    upright = designed_filters()["upright edges (Sobel)"][0]
    edge = np.repeat([[0.0, 0, 0, 1, 1, 1]], 5, axis=0)
    assert photographs.filtered(edge, upright).max() == 1
    assert photographs.filtered(edge.T, upright).max() == 0


@settings(max_examples=20)
@given(st.floats(0, 180), st.integers(3, 8))
def test_a_gabor_answers_most_to_stripes_of_its_own_direction(degrees, wavelength):
    kernel = gabor(21, degrees, wavelength)
    y, x = np.mgrid[:21, :21] - 10
    answers = []
    for turned in (degrees, degrees + 90):
        along = x * np.cos(np.radians(turned)) - y * np.sin(np.radians(turned))
        answers.append((kernel * np.cos(2 * np.pi * along / wavelength)).sum())
    assert answers[0] > 0.5
    assert abs(answers[1]) < 0.5 * answers[0]


@pytest.mark.parametrize(
    "weights, kind, answer", [([[1, -3, 2]], "signed", 0), ([[1, 2, 1]], "grey", 0.25), ([[0]], "signed", 0)]
)
def test_a_filter_of_ones_own_keeps_an_even_surface_or_answers_nothing(weights, kind, answer):
    shown = by_hand.own_filter("own", np.full((4, 5), 0.25), weights)
    assert shown.kind == kind
    np.testing.assert_allclose(shown.values, answer, atol=1e-12)


def test_the_maps_of_the_photograph_have_the_sizes_in_their_titles():
    colours = photographs.picture("china", 96)
    for map_ in by_hand.geometries(photographs.grey(colours)):
        assert map_.title.endswith(f": {map_.values.shape[1]}x{map_.values.shape[0]}")
    photograph, brightness, red_green, _ = by_hand.mixed_colours(colours)
    assert photograph.values is colours
    np.testing.assert_allclose(brightness.values, colours @ photographs.BRIGHTNESS)
    np.testing.assert_allclose(red_green.values, colours[..., 0] - colours[..., 1])
