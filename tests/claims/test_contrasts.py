"""The rule of a contrast: its words on numbers by hand, and how often it errs on simulated studies."""

import math
from types import SimpleNamespace

import numpy as np
import pytest
from scipy import stats

from cnnrepro.claims.contrasts import Seen, judge, judge_all, judge_in_order, judge_rounds, values_of
from cnnrepro.claims.verdict import DOES_NOT_HOLD, HOLDS, NOT_JUDGED, UNDECIDED
from cnnrepro.experiments.run_scores import ERROR
from cnnrepro.experiments.study import LESS, MORE, SAME, Contrast, minus

STUDIES = 500


def contrast(claim, margin=0.5, **others):
    return Contrast("a minus b", minus("a", "b"), claim, margin, **others)


CLEAR, TINY, WIDE = [1.0, 2.0, 1.5, 1.2, 1.8], [0.10, 0.11, 0.12, 0.10, 0.12], [1.0, -1.0, 2.0, -2.0, 0.5]


@pytest.mark.parametrize(
    ("claim", "values", "word"),
    [
        (MORE, CLEAR, HOLDS),
        (MORE, np.negative(CLEAR), DOES_NOT_HOLD),
        (MORE, TINY, DOES_NOT_HOLD),  # above zero for sure, and too little to matter
        (MORE, WIDE, UNDECIDED),
        (MORE, [0.3, 0.5, 0.4, 0.45, 0.6], UNDECIDED),  # above zero, mean below the margin, interval beyond it
        (MORE, [1.0, 1.5, 1.2, 1.4], UNDECIDED),  # four seeds
        (MORE, [1.0] * 5, UNDECIDED),  # equal values show no spread
        (LESS, np.negative(CLEAR), HOLDS),
        (LESS, CLEAR, DOES_NOT_HOLD),
        (LESS, np.negative(TINY), DOES_NOT_HOLD),
        (SAME, TINY, HOLDS),
        (SAME, [0.1, -0.1, 0.05, -0.05, 0.0], HOLDS),
        (SAME, CLEAR, DOES_NOT_HOLD),
        (SAME, [0.3, 0.5, 0.4, 0.45, 0.6], UNDECIDED),  # not zero, and it may be within the margin
        (SAME, np.negative(CLEAR), DOES_NOT_HOLD),
        (SAME, WIDE, UNDECIDED),
    ],
)
def test_the_words(claim, values, word):
    assert judge(contrast(claim), values).word == word


def test_the_interval_is_student_s():
    found = judge(contrast(MORE), CLEAR, level=0.01)
    low, high = stats.ttest_1samp(CLEAR, 0).confidence_interval(0.99)
    assert (found.low, found.high) == (pytest.approx(low), pytest.approx(high))
    assert (found.mean, found.n, found.level) == (pytest.approx(1.5), 5, 0.01)


def test_the_number_of_a_seed_is_the_weighted_sum_of_its_runs():
    def runs(*errors):
        return tuple(SimpleNamespace(test={"accuracy": 1 - error}) for error in errors)

    results = SimpleNamespace(
        labels=["a", "b", "c"], records=[runs(0.5, 0.25, 0.125), runs(0.25, 0.25), runs(0.0, 0.0)]
    )
    assert values_of(contrast(MORE), results) == pytest.approx((25.0, 0.0))  # two seeds that both have
    both = Contrast("a minus b, less c", {**minus("a", "b"), "c": 2.0}, MORE, 1.0, score=ERROR, target=5.0)
    assert values_of(both, results) == pytest.approx((20.0, -5.0))


def test_several_are_judged_by_holm_s_steps():
    pairs = [(contrast(MORE), WIDE), (contrast(MORE), CLEAR), (contrast(SAME), [0.2, -0.2, 0.1, 0.0, 0.05])]
    wide, clear, same = judge_all(pairs)
    assert (clear.word, same.word, wide.word) == (HOLDS, HOLDS, UNDECIDED)
    levels = sorted(one.level for one in (wide, clear, same))
    assert levels == [pytest.approx(0.05 / 3), pytest.approx(0.05 / 2), pytest.approx(0.05)]
    assert wide.level == pytest.approx(0.05)  # the last; an undecided one before it would have kept its level
    first, second = judge_all([(contrast(MORE), WIDE), (contrast(MORE), [0.4, -2.0, 2.0, 1.0, -1.0])])
    assert first.level == second.level == pytest.approx(0.025)


def test_an_undecided_one_says_how_many_seeds_it_would_take():
    found = judge(contrast(MORE), [0.3, 0.9, -0.2, 1.2, 0.6])  # mean 0.56, spread 0.54
    assert found.word == UNDECIDED
    n = found.seeds_needed
    away = stats.t.ppf(0.975, n - 1) + stats.t.ppf(0.8, n - 1)
    assert away * found.sd / math.sqrt(n) < found.mean <= away * found.sd / math.sqrt(n - 2)
    assert judge(contrast(MORE), CLEAR).seeds_needed is None
    assert judge(contrast(MORE), [0.1, 0.9]).seeds_needed is None


@pytest.mark.parametrize(
    ("claim", "true", "wrong"),
    [
        (MORE, 0.0, HOLDS),
        (MORE, 0.5, DOES_NOT_HOLD),  # as much as matters
        (LESS, 0.0, HOLDS),
        (SAME, 0.5, HOLDS),
        (SAME, 0.5, DOES_NOT_HOLD),
    ],
)
def test_a_false_word_is_as_rare_as_the_level_says(claim, true, wrong):
    draws = np.random.default_rng(18).normal(true, 0.6, (STUDIES, 10))
    false = sum(judge(contrast(claim), values).word == wrong for values in draws)
    assert false <= stats.binom.ppf(0.999, STUDIES, 0.025)  # one side of the interval alone can be wrong


def test_a_false_word_among_several_is_as_rare_as_the_level_says():
    """Two parts, each with a condition; every number is zero, so that "more" never holds, and the condition neither."""
    draws = np.random.default_rng(47).normal(0.0, 0.6, (STUDIES, 4, 6))
    asked = [contrast(MORE, part=part, condition=condition) for part in (0, 1) for condition in ("", "elsewhere")]
    false = sum(
        any(one.word == HOLDS for one in judge_in_order(list(zip(asked, study, strict=True)))) for study in draws
    )
    assert false <= stats.binom.ppf(0.999, STUDIES, 0.05)


def test_conditions_are_judged_after_the_statement_as_it_stands():
    stands, other, tried = contrast(MORE), contrast(MORE, part=1), contrast(MORE, condition="elsewhere")
    one, two, three = judge_in_order([(stands, CLEAR), (other, WIDE), (tried, CLEAR)])
    assert (one.word, two.word, three.word) == (HOLDS, UNDECIDED, HOLDS)
    assert (
        one.level == two.level == three.level == pytest.approx(0.025)
    )  # a half for each part, whatever the other says
    one, three = judge_in_order([(stands, WIDE), (tried, CLEAR)])
    assert (one.word, three.word) == (UNDECIDED, NOT_JUDGED)
    assert one.level == pytest.approx(0.05)


def test_a_second_round_takes_the_place_of_the_first():
    stands, tried, other = contrast(MORE), contrast(MORE, condition="elsewhere"), contrast(MORE, part=1)
    first = [Seen(stands, WIDE), Seen(tried, WIDE), Seen(other, CLEAR)]
    assert [one.superseded for one in judge_rounds(first)] == [False] * 3
    open_, elsewhere, clear, new = judge_rounds([*first, Seen(stands.again(), CLEAR)])
    assert (open_.word, open_.superseded, open_.n) == (UNDECIDED, True, 5)
    assert (new.word, new.superseded) == (HOLDS, False)
    assert (elsewhere.word, elsewhere.superseded) == (UNDECIDED, False), "its turn came with the second round"
    assert (clear.word, clear.level) == (HOLDS, pytest.approx(0.025)), "the other part is what it was"
    *_, of_condition = judge_rounds([*first, Seen(stands.again(), CLEAR), Seen(tried.again(), CLEAR)])
    assert of_condition.word == HOLDS
    *_, of_condition = judge_rounds([*first, Seen(stands.again(), WIDE), Seen(tried.again(), CLEAR)])
    assert of_condition.word == NOT_JUDGED


def test_runs_that_ended_too_early_decide_nothing():
    assert judge(contrast(MORE), CLEAR, 1).word == UNDECIDED
    stands, tried = judge_in_order([(contrast(MORE), CLEAR, 1), (contrast(MORE, condition="elsewhere"), CLEAR)])
    assert (stands.word, tried.word) == (UNDECIDED, NOT_JUDGED)


def test_more_seeds_make_a_true_claim_hold():
    draws = np.random.default_rng(31).normal(1.0, 0.6, 100)
    assert judge(contrast(MORE), draws).word == HOLDS
    assert judge(contrast(SAME), draws - 1.0).word == HOLDS
