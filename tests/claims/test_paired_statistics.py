import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from cnnrepro.claims.paired_statistics import mcnemar, paired_difference, signed

NUMBERS = st.floats(-100, 100).map(lambda value: round(value, 3))


@given(st.lists(st.tuples(NUMBERS, NUMBERS), min_size=2, max_size=12))
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


def test_two_seeds_by_hand():
    # Differences 1 and 3: mean 2, sd sqrt(2), standard error 1; t(0.975, 1) = 12.706; p = 2·P(t1 > 2) = 0.2952.
    difference = paired_difference([2.0, 5.0], [1.0, 2.0])
    assert (difference.mean, difference.sd) == (2.0, pytest.approx(math.sqrt(2)))
    assert (difference.low, difference.high) == (
        pytest.approx(2 - 12.706, abs=1e-3),
        pytest.approx(2 + 12.706, abs=1e-3),
    )
    assert difference.p == pytest.approx(0.2952, abs=1e-4)


def test_one_seed_has_a_difference_and_no_spread():
    difference = paired_difference([0.9], [0.8])
    assert difference.mean == pytest.approx(0.1)
    assert math.isnan(difference.sd) and math.isnan(difference.p)
    assert difference.sentence(100, " points") == "+10.00 points (n = 1, so no spread)"


@pytest.mark.parametrize("first", [[1.0, 2.0], [0.962, 0.97]])
@pytest.mark.parametrize("by", [0.0, 0.012])
def test_equal_differences_are_no_certainty(first, by):
    difference = paired_difference(first, [value - by for value in first])
    assert not difference.has_interval
    assert math.isnan(difference.p)
    assert difference.sentence(100).endswith("(n = 2, all differences equal, so no interval)")


def test_small_losses_keep_their_digits_and_zero_has_no_minus():
    assert signed(-0.00123, 4) == "−0.0012"
    assert signed(-0.00001, 4) == "+0.0000"


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
