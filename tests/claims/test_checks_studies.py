"""From contrasts to the verdict on a statement: as it stands, and under the conditions that were tried."""

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from cnnrepro.claims import contrasts
from cnnrepro.claims.checks import studies
from cnnrepro.claims.statement import Claimed, Statement
from cnnrepro.claims.verdict import DOES_NOT_HOLD, HOLDS, HOLDS_IF, UNDECIDED
from cnnrepro.experiments import study as study_module
from cnnrepro.experiments.run_scores import EPOCHS
from cnnrepro.experiments.study import LESS, MORE, SAME, Contrast, Study, minus

MUCH, NOTHING, UNSURE = [2.0, 2.2, 1.9, 2.1, 2.3], [0.02, -0.03, 0.01, 0.0, 0.04], [3.0, -3.0, 2.0, -2.5, 0.4]
RUN = SimpleNamespace(history={"val_loss": [0.5, 0.3, 0.4, 0.5, 0.6]})
STANDS = Contrast("a minus b", minus("a", "b"), MORE, 0.5)
TRIED = Contrast("c minus b", minus("c", "b"), MORE, 0.5, condition="elsewhere")


def verdict_on(monkeypatch, pairs, parts=(), second=()):
    """The verdict where each contrast has these values, from results that have these arms of a second round."""
    design = Study(1, "nobody", tuple(contrast for contrast, _ in pairs), ("a", "b", "c"))
    numbers = {id(contrast): values for contrast, values in pairs}
    monkeypatch.setattr(contrasts, "values_of", lambda contrast, results: numbers[id(contrast)])
    monkeypatch.setattr(studies, "DESIGNS", {"made up": SimpleNamespace(study=lambda number: design)})
    row = Statement(1, "a is worse", "S0", "runs", "studies:studied", HOLDS, experiment="made up", parts=parts)
    results = SimpleNamespace(
        labels=["a", "b", "c", "d", *second],
        records=[[RUN] * 5] * (4 + len(second)),
        of=lambda labels: SimpleNamespace(basis=lambda: f"runs of {', '.join(labels)}"),
    )
    return studies.studied(results, row)


@pytest.mark.parametrize(
    ("stands", "tried", "word"),
    [
        (MUCH, MUCH, HOLDS),
        (MUCH, UNSURE, HOLDS),
        (MUCH, NOTHING, HOLDS_IF),
        (NOTHING, MUCH, HOLDS_IF),
        (NOTHING, NOTHING, DOES_NOT_HOLD),
        (NOTHING, UNSURE, DOES_NOT_HOLD),
        (UNSURE, MUCH, UNDECIDED),
        (MUCH[:4], MUCH[:4], UNDECIDED),
    ],
)
def test_the_word(monkeypatch, stands, tried, word):
    assert verdict_on(monkeypatch, [(STANDS, stands), (TRIED, tried)]).word == word


def test_one_contrast_that_fails_decides_though_another_is_undecided(monkeypatch):
    other = replace(STANDS, name="slope")
    assert verdict_on(monkeypatch, [(STANDS, UNSURE), (other, NOTHING)]).word == DOES_NOT_HOLD


def test_a_condition_that_repeats_a_part_of_it_alone_makes_no_statement_hold(monkeypatch):
    other, elsewhere = replace(STANDS, name="d minus b"), replace(TRIED, name="d minus b")
    pairs = [(STANDS, NOTHING), (other, MUCH), (TRIED, MUCH)]
    assert verdict_on(monkeypatch, pairs).word == DOES_NOT_HOLD
    assert verdict_on(monkeypatch, [*pairs, (elsewhere, MUCH)]).word == HOLDS_IF
    assert verdict_on(monkeypatch, [*pairs, (elsewhere, NOTHING)]).word == DOES_NOT_HOLD


def test_runs_that_ended_too_early_make_nothing_hold(monkeypatch):
    doubled = Contrast("a over b", minus("a", "b"), SAME, 0.5, score=EPOCHS, target=1.0)
    seen = [0.0, 0.1, -0.1, 0.05, -0.05]
    assert verdict_on(monkeypatch, [(doubled, seen)]).word == HOLDS
    monkeypatch.setattr(RUN, "history", {"val_loss": [0.5, 0.4, 0.3, 0.2, 0.1]})
    verdict = verdict_on(monkeypatch, [(doubled, seen)])
    assert verdict.word == UNDECIDED
    assert "10 runs ended before that could be seen" in verdict.sentence


def test_what_decides_nothing_has_no_say(monkeypatch):
    seen = replace(TRIED, condition="", decides=False, name="looked at")
    verdict = verdict_on(monkeypatch, [(STANDS, MUCH), (seen, NOTHING)])
    assert verdict.word == HOLDS
    assert [effect.name for effect in verdict.effects] == ["a minus b: test error"]
    (told,) = verdict.evidence
    assert told.startswith("Looked at, decides nothing") and told.endswith("seeds).")
    assert "looked at" not in verdict.sentence


def test_the_sentence_has_the_figures_and_the_condition(monkeypatch):
    verdict = verdict_on(monkeypatch, [(STANDS, MUCH), (TRIED, NOTHING)])
    assert verdict.sentence.startswith("A minus b: test error +2.10 points (9")
    assert "Elsewhere: c minus b: test error +0.01 points" in verdict.sentence
    assert "(does not hold)" in verdict.sentence
    assert verdict.basis == "runs of a, b, c"
    first, second = verdict.effects
    assert (first.value, first.unit, first.n, first.word, first.condition) == (
        pytest.approx(2.1),
        "points",
        5,
        HOLDS,
        "",
    )
    assert first.low < 2.1 < first.high
    assert second.condition == "elsewhere"
    assert first.rule == (
        "in points: holds where the interval lies above 0, the mean at 0.5 or above; does not where the interval lies "
        "below 0.5; else undecided"
    )


def test_an_undecided_one_says_what_it_would_take(monkeypatch):
    assert "new seeds would decide it four times in five" in verdict_on(monkeypatch, [(STANDS, UNSURE)]).sentence
    assert "It takes at least 5 seeds, and here are 2." in verdict_on(monkeypatch, [(STANDS, MUCH[:2])]).sentence
    assert "here is 1." in verdict_on(monkeypatch, [(STANDS, MUCH[:1])]).sentence


def test_a_second_round_decides_and_the_first_is_told(monkeypatch):
    pairs = [(STANDS, UNSURE), (STANDS.again(), NOTHING)]
    verdict = verdict_on(monkeypatch, pairs, second=("a, new seeds", "b, new seeds"))
    assert verdict.word == DOES_NOT_HOLD
    assert [effect.name for effect in verdict.effects] == ["a minus b, new seeds: test error"]
    unplanned, told = verdict.evidence
    assert "at most 10 % over both rounds" in unplanned
    assert told.startswith("In the first round, before the new seeds: a minus b: test error −0.02 points")
    assert told.endswith("5 seeds): undecided.")
    assert verdict.basis == "runs of a, b, c, a, new seeds, b, new seeds; second round: 5 new seeds"
    without = verdict_on(monkeypatch, pairs)
    assert (without.word, without.evidence) == (UNDECIDED, ()), "small results have no second round"


def test_each_part_has_its_word(monkeypatch):
    second = replace(STANDS, name="b minus c", part=1)
    parts = (Claimed("one", HOLDS), Claimed("two", HOLDS))
    verdict = verdict_on(monkeypatch, [(STANDS, MUCH), (second, NOTHING)], parts)
    assert [part.word for part in verdict.parts] == [HOLDS, DOES_NOT_HOLD]
    assert verdict.word == DOES_NOT_HOLD


def test_epochs_are_told_as_a_factor(monkeypatch):
    doubled = Contrast("a over b", minus("a", "b"), SAME, 0.5, score=EPOCHS, target=1.0)
    verdict = verdict_on(monkeypatch, [(doubled, [0.0, 0.1, -0.1, 0.05, -0.05])])
    assert "epochs to the lowest validation loss 2.00 times (95 % interval 1." in verdict.sentence
    assert verdict.word == HOLDS
    assert verdict.effects[0].value == pytest.approx(1.0)


def test_the_rules_name_their_limits():
    less = Contrast("x", minus("a", "b"), LESS, 0.5, target=0.5)
    assert "lies below 0.5, the mean at 0 or below; does not where the interval lies above 0;" in studies.rule(less)
    same = Contrast("x", minus("a", "b"), SAME, 1.0)
    assert "within −1 to 1; does not where the interval lies beyond" in studies.rule(same)


def test_a_share_has_no_sign_and_a_difference_has_one(monkeypatch):
    kept = Contrast("kept", {"a": 1.0}, MORE, 1.0, score="accuracy kept (shift 4)", target=94.0)
    against = Contrast("a minus b", minus("a", "b"), LESS, 0.1, target=0.2)
    verdict = verdict_on(monkeypatch, [(kept, MUCH), (against, np.negative(MUCH))])
    assert "accuracy kept (shift 4) 96.1 points" in verdict.sentence
    assert "test error −1.90 points" in verdict.sentence


def test_study_module_names_an_arm_that_is_not_there():
    with pytest.raises(ValueError, match="no arm d"):
        study_module.Study(1, "", (Contrast("x", {"d": 1.0}, MORE, 1.0),), ("a",))
