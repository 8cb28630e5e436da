"""What the checks share: gradients on any backend, words from cases, networks without weights."""

import threading

import keras
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from cnnrepro.claims.check_helpers import autodiff
from cnnrepro.claims.check_helpers.networks import digits, drawn, one_of_each_builder, traced
from cnnrepro.claims.check_helpers.wording import shape_text, spelled, tiny
from cnnrepro.claims.verdict import DOES_NOT_HOLD, HOLDS, HOLDS_IF, right_or_wrong, word_of
from cnnrepro.engine import without_weights
from cnnrepro.errors import UsageError
from cnnrepro.models import MODELS, outline

ops = keras.ops


@settings(max_examples=5)
@given(st.lists(st.floats(-3, 3), min_size=1, max_size=5))
def test_a_gradient_read_off_a_step_is_the_derivative(values):
    x = np.array(values)
    to_x, to_y = autodiff.gradients(lambda x, y: ops.sum(x**2 * y), x, x + 1)
    _, tolerance = autodiff.precision()
    np.testing.assert_allclose(to_x, 2 * x * (x + 1), rtol=0, atol=100 * tolerance)
    np.testing.assert_allclose(to_y, x**2, rtol=0, atol=100 * tolerance)


def test_a_gradient_is_pulled_back_through_a_matrix_product():
    random = np.random.default_rng(0)
    a, b, arriving = random.normal(size=(2, 3)), random.normal(size=(3, 4)), random.normal(size=(2, 4))
    to_a, to_b = autodiff.pulled_back(ops.matmul, arriving, a, b)
    assert autodiff.agree(to_a, arriving @ b.T)
    assert autodiff.agree(to_b, a.T @ arriving)
    assert not autodiff.agree(to_a, 1.001 * arriving @ b.T)
    assert not autodiff.agree(to_a, to_b)


def test_differences_are_relative_to_the_largest_value():
    assert autodiff.difference([1.0, -4.0], [1.0, -3.0]) == 0.25
    assert autodiff.difference([0.0], [0.0]) == 0.0


@pytest.mark.parametrize(
    "cases, word, strict",
    [
        ([True, True], HOLDS, HOLDS),
        ([True, False], HOLDS_IF, DOES_NOT_HOLD),
        ([False, False], DOES_NOT_HOLD, DOES_NOT_HOLD),
    ],
)
def test_a_word_follows_from_the_cases(cases, word, strict):
    assert word_of(cases) == word
    assert right_or_wrong(iter(cases)) == strict


def test_without_a_case_there_is_no_word():
    with pytest.raises(ValueError, match="at least one case"):
        word_of([])


def test_numbers_are_spelled():
    assert spelled([1, 2000, 3]) == "1, 2,000 and 3"
    assert spelled([0.5]) == "0.5"
    assert spelled([]) == ""
    assert shape_text((55, 55, None)) == "55x55xNone"
    assert (tiny(0.0), tiny(4.4e-16)) == ("0", "4e-16")


def test_a_network_without_weights_is_the_one_of_the_table():
    assert traced("alexnet").totals.trainable_parameters == MODELS["alexnet"].parameters
    with pytest.raises(UsageError, match="Unknown model 'alexnot'"):
        outline("alexnot")


def test_a_network_without_weights_is_built_apart():
    """So that Keras's list of variables that wait for their values does not reach the caller's thread."""
    built_in = []
    without_weights(lambda: built_in.append(threading.current_thread()) or keras.Sequential([keras.Input((2,))]))
    assert built_in != [threading.current_thread()]


def test_each_builder_is_there_once():
    names = [name for name, _ in one_of_each_builder()]
    assert len(set(names)) == len(names)
    assert {MODELS[name].builder for name in names} == {row.builder for row in MODELS.values()}


def test_drawn_weights_do_not_depend_on_keras_random_state():
    first, second = (
        drawn(keras.Sequential([keras.Input((8, 8, 3)), keras.layers.Conv2D(16, 3)])).get_weights() for _ in range(2)
    )
    np.testing.assert_array_equal(first[0], second[0])
    assert first[0].std() == pytest.approx(np.sqrt(2 / 27), rel=0.1)
    assert not first[1].any()


def test_digits_are_as_many_of_each_class():
    images, labels = digits(50)
    assert images.shape == (50, 28, 28, 1)
    assert images.max() <= 1.0
    assert np.bincount(labels).tolist() == [5] * 10
