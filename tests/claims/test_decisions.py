"""The rule of a comparison: its words on numbers by hand, its error rates on simulated studies."""

import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import stats

from cnnrepro.claims import decisions
from cnnrepro.claims.decisions import BETTER, EQUIVALENT, UNDECIDED, WORSE, decide, decide_all
from cnnrepro.errors import UsageError

STUDIES = 2_000
NOUGHT = np.zeros(5)


def test_the_interval_is_student_s():
    first, second = [0.91, 0.93, 0.92, 0.95, 0.94], [0.90, 0.90, 0.91, 0.92, 0.90]
    found = decide(first, second, 0.005)
    differences = np.subtract(first, second)  # 0.01 0.03 0.01 0.03 0.04: mean 0.024, sd 0.01342
    assert (found.n, found.mean, found.sd) == (5, pytest.approx(0.024), pytest.approx(0.013416, rel=1e-4))
    assert found.low == pytest.approx(0.024 - 2.7764 * 0.0134164 / math.sqrt(5), rel=1e-4)
    low, high = stats.ttest_1samp(differences, 0).confidence_interval(0.95)
    assert (found.low, found.high) == (pytest.approx(low), pytest.approx(high))


@pytest.mark.parametrize(
    ("differences", "margin", "verdict"),
    [
        ([1.0, 2.0, 1.5, 1.2, 1.8], 0.5, BETTER),
        ([-1.0, -2.0, -1.5, -1.2, -1.8], 0.5, WORSE),
        ([0.1, -0.1, 0.05, -0.05, 0.0], 0.5, EQUIVALENT),
        ([0.10, 0.11, 0.12, 0.10, 0.12], 0.5, EQUIVALENT),  # above zero for sure, and too little to matter
        ([1.0, -1.0, 2.0, -2.0, 0.5], 0.5, UNDECIDED),
        ([1.0, 1.5, 1.2, 1.4], 0.5, UNDECIDED),  # four pairs
        ([1.0, 1.0, 1.0, 1.0, 1.0], 0.5, UNDECIDED),  # equal differences show no spread
    ],
)
def test_the_words(differences, margin, verdict):
    assert decide(differences, np.zeros(len(differences)), margin).verdict == verdict


@given(st.lists(st.floats(-1, 1), min_size=5, max_size=12), st.floats(0.01, 2))
def test_turning_the_sides_round_turns_the_verdict_round(values, margin):
    turned = {BETTER: WORSE, WORSE: BETTER}
    one = decide(values, np.zeros(len(values)), margin).verdict
    other = decide(np.zeros(len(values)), values, margin).verdict
    assert other == turned.get(one, one)


def test_the_seeds_that_are_needed_decide_four_times_in_five():
    found = decide([1.0, -0.6, 0.9, -0.2, 0.6, 0.4], np.zeros(6), 0.1)
    assert found.verdict == UNDECIDED
    before, enough = (decisions.power(found.mean, found.sd, n) for n in (found.seeds_needed - 1, found.seeds_needed))
    assert before < 0.82 and 0.79 < enough < 0.86  # by the approximation with two quantiles of t
    assert decide([1.0, 1.1, 0.9, 1.2, 1.0], NOUGHT, 0.1).seeds_needed is None


@pytest.mark.parametrize("margin", [0, -0.1, math.nan])
def test_a_margin_that_is_none_is_refused(margin):
    with pytest.raises(UsageError, match="margin must be above 0"):
        decide(NOUGHT, NOUGHT, margin)


def simulated(difference, looks, seed=0, margin=0.5):
    """The share of studies that end with each verdict, of differences with standard deviation 1."""
    random, ends = np.random.default_rng(seed), []
    for _ in range(STUDIES):
        differences = random.normal(difference, 1.0, looks[-1])
        for n in looks:
            verdict = decide(differences[:n], np.zeros(n), margin, looks=len(looks)).verdict
            if verdict != UNDECIDED:
                break
        ends.append(verdict)
    return {verdict: ends.count(verdict) / STUDIES for verdict in (BETTER, WORSE, EQUIVALENT, UNDECIDED)}


def at_most(level):
    """What a share over the simulated studies stays below where the true one is the level, 999 times of 1,000."""
    return stats.binom.ppf(0.999, STUDIES, level) / STUDIES


@pytest.mark.parametrize("looks", [(5,), (5, 10, 20)])
def test_without_a_difference_false_verdicts_are_at_most_the_level(looks):
    found = simulated(0.0, looks)
    assert found[BETTER] + found[WORSE] <= at_most(decisions.LEVEL)


@pytest.mark.parametrize("looks", [(20,), (5, 10, 20)])
def test_at_the_margin_equivalence_is_said_at_most_at_the_level(looks):
    assert simulated(0.5, looks)[EQUIVALENT] <= at_most(decisions.LEVEL)


def test_the_power_is_what_was_said():
    said = decisions.power(1.0, 1.0, 10)
    assert said == pytest.approx(0.803, abs=0.001)  # Cohen's tables: d = 1, n = 10, two-sided 0.05
    found = simulated(1.0, (10,), margin=0.01)[BETTER]
    assert abs(found - said) <= 4 * math.sqrt(said * (1 - said) / STUDIES)
    assert decisions.seeds_for(1.0, 1.0) == 10
    assert decisions.seeds_for(1e-9, 1.0) is None


def test_holm_s_steps():
    clear, middling, none = np.array([1.0, 1.1, 0.9, 1.05, 0.95]), np.array([1.0, 0.3, 0.7, 0.2, 0.6]), NOUGHT
    weak = np.array([1.0, -0.2, 0.5, -0.1, 0.4])
    found = decide_all([(weak, none), (clear, none), (middling, none)], 0.1)
    assert [one.level for one in found] == pytest.approx([0.05, 0.05 / 3, 0.05 / 2])
    assert [one.verdict for one in found] == [UNDECIDED, BETTER, BETTER]
    together = [decide(pair, none, 0.1, level=0.05 / 3).verdict for pair in (weak, clear, middling)]
    assert together == [UNDECIDED, BETTER, UNDECIDED]  # by Bonferroni the middling one is lost


def test_of_several_pairs_without_a_difference_hardly_one_is_found():
    random, false = np.random.default_rng(1), 0
    for _ in range(STUDIES // 2):
        sides = random.normal(size=(3, 8))
        found = decide_all([(sides[a], sides[b]) for a, b in ((0, 1), (0, 2), (1, 2))], 0.3)
        false += any(one.verdict in (BETTER, WORSE) for one in found)
    assert false <= stats.binom.ppf(0.999, STUDIES // 2, decisions.LEVEL)


def test_the_chance_to_win_is_the_share_of_pairs():
    assert decisions.chance_to_win([3, 1], [2, 1]) == (1 + 1 + 0 + 0.5) / 4
    assert decisions.chance_to_win([2, 3], [0, 1]) == 1


def test_the_share_of_the_test_set():
    random = np.random.default_rng(0)
    skill = np.array([0.90, 0.91, 0.92, 0.93, 0.94])[:, None]  # of the seeds; the other side does not vary with them
    hard = [random.random(images) < 0.3 for images in (100, 100_000)]  # images that every seed reads wrongly
    few, many = ((random.random((5, len(one))) < skill) & ~one for one in hard)
    assert decisions.share_of_the_test_set(few, np.ones_like(few)) > 0.8
    assert decisions.share_of_the_test_set(many, np.ones_like(many)) < 0.1
    assert decisions.share_of_the_test_set(few, few) == 0
    chance = random.random((5, 1_000)) < 0.9  # every seed reads others wrongly
    assert decisions.share_of_the_test_set(chance, np.ones_like(chance)) < 0.2
