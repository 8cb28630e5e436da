import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from cnnrepro.claims.paired_statistics import mcnemar, paired_difference, signed

NUMBERS = st.floats(-100, 100).map(lambda value: round(value, 3))


@given(st.lists(st.tuples(NUMBERS, NUMBERS), min_size=5, max_size=12))
def test_it_equals_scipys_paired_t_test(pairs):
    first, second = np.array(pairs).T
    difference = paired_difference(first, second)
    differences = first - second
    assert difference.n == len(pairs)
    assert difference.mean == pytest.approx(differences.mean(), abs=1e-9)
    if differences.std() > 1e-9:
        reference = stats.ttest_rel(first, second)
        assert difference.p == pytest.approx(reference.pvalue, rel=1e-6, abs=1e-12)
        low, high = reference.confidence_interval(0.95)
        assert (difference.low, difference.high) == pytest.approx((low, high), abs=1e-6)


def test_five_seeds_by_hand():
    # Differences 0, 1, 2, 3, 4: mean 2, sd sqrt(2.5), standard error sqrt(0.5); t(0.975, 4) = 2.776.
    difference = paired_difference([5.0, 6.0, 7.0, 8.0, 9.0], [5.0] * 5)
    assert (difference.mean, difference.sd) == (2.0, pytest.approx(math.sqrt(2.5)))
    half = 2.7764 * math.sqrt(0.5)
    assert (difference.low, difference.high) == pytest.approx((2 - half, 2 + half), abs=1e-3)
    assert difference.p == pytest.approx(0.0474, abs=1e-4)  # 2·P(t4 > 2.828)
    assert difference.sentence().startswith("+2.00 (95 % interval [+0.04, +3.96], paired t, n = 5, p = 0.047)")


@pytest.mark.parametrize("pairs", [1, 2, 3, 4])
def test_fewer_than_five_seeds_have_a_mean_and_no_interval(pairs):
    difference = paired_difference([0.9, 0.8, 0.7, 0.6][:pairs], [0.8, 0.5, 0.7, 0.8][:pairs])
    assert not difference.has_interval
    assert math.isnan(difference.p) and math.isnan(difference.high)
    assert math.isnan(difference.sd) == (pairs == 1)
    words = difference.sentence(100, " points")
    assert "interval" not in words and "p =" not in words


def test_few_seeds_are_named_one_by_one():
    assert paired_difference([0.9], [0.8]).sentence(100, " points") == "+10.00 points (one seed)"
    two = paired_difference([0.9, 0.8], [0.8, 0.82])
    assert two.sentence(100, " points") == "+4.00 points on average (seed by seed +10.00, −2.00)"


@pytest.mark.parametrize("first", [[1.0, 2.0, 3.0, 4.0, 5.0], [0.962, 0.97, 0.96, 0.95, 0.94]])
@pytest.mark.parametrize("by", [0.0, 0.012])
def test_equal_differences_are_no_certainty(first, by):
    difference = paired_difference(first, [value - by for value in first])
    assert not difference.has_interval
    assert math.isnan(difference.p)
    assert difference.sentence(100).endswith("(n = 5, all differences equal, so no interval)")


def test_small_losses_keep_their_digits_and_zero_has_no_minus():
    assert signed(-0.00123, 4) == "−0.0012"
    assert signed(-0.04, 1) == "−0.04"  # below zero, which "0.0" would hide
    assert signed(-0.000001, 3) == signed(0, 3) == "+0.000"


def test_sides_must_pair():
    with pytest.raises(ValueError, match="Received: 2 and 1 values"):
        paired_difference([1.0, 2.0], [1.0])
    with pytest.raises(ValueError, match="at least one"):
        paired_difference([], [])


def test_mcnemar_by_hand():
    # They disagree on 4 images, 3 of them for the first: p = 2·(C(4,3) + C(4,4))/2^4 = 10/16.
    first = [True, True, True, False, True, False, False]
    second = [False, False, False, True, True, False, False]
    test = mcnemar(first, second)
    assert (test.only_first, test.only_second) == (3, 1)
    assert test.p == pytest.approx(10 / 16)


def test_mcnemar_where_nothing_differs():
    assert mcnemar([True, False], [True, False]).p == 1.0
    with pytest.raises(ValueError, match="same images"):
        mcnemar([True], [True, False])
