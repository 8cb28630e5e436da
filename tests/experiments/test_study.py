"""Studies: what their arms are, that what was decided beforehand fits together, and what is read off a run."""

import math
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from cnnrepro.claims import LEDGER
from cnnrepro.errors import UsageError
from cnnrepro.experiments import EXPERIMENTS
from cnnrepro.experiments.run_scores import ERROR, SCORES, run_score
from cnnrepro.experiments.studies import DESIGNS
from cnnrepro.experiments.study import (
    FIRST_PILOT,
    MORE,
    RATES,
    SEARCH,
    ArmDesign,
    Contrast,
    Design,
    Setting,
    Study,
    minus,
    slope,
)

TINY = Design(
    arms=(
        ArmDesign("plain", "lenet5_modern", seeds=6),
        ArmDesign("wide", "lenet5_modern", {"width": 2}, seeds=5, rate=3e-3),
        ArmDesign("fast", "lenet5_modern", seeds=5, rate=0.01, searched=False),
    ),
    settings={"": Setting("mnist", 7, 2000, pilot_epochs=2)},
    small={"": Setting("mnist_5k", 2, 200)},
    studies=(
        Study(1, "nobody", (Contrast("wide minus plain", minus("wide", "plain"), MORE, 1.0),), ("plain", "wide")),
    ),
)
ASKED = {"full": False, "seeds": 0, "epochs": 0, "train_images": 0, "precision": "float32"}


def test_the_default_is_the_small_form():
    made = TINY.make(**ASKED)
    assert [(arm.label, len(arm.specs)) for arm in made] == [("plain", 2), ("wide", 2), ("fast", 2)]
    spec = made[1].specs[1]
    assert (spec.dataset, spec.epochs, spec.train_images, spec.seed) == ("mnist_5k", 2, 200, 1)
    assert (spec.learning_rate, dict(spec.options)["width"], spec.recipe) == (3e-3, 2, "adam-linear")
    assert made[2].specs[0].learning_rate == pytest.approx(1e-2)


def test_full_is_as_decided_beforehand_with_the_search():
    made = TINY.make(**ASKED | {"full": True})
    own = [arm for arm in made if not arm.label.startswith(SEARCH)]
    assert [(arm.label, len(arm.specs)) for arm in own] == [("plain", 6), ("wide", 5), ("fast", 5)]
    assert own[0].specs[0].epochs == 7
    search = [arm.specs for arm in made if arm not in own]
    assert [(spec.seed, spec.learning_rate, spec.epochs) for (spec,) in search] == 2 * [
        (FIRST_PILOT, rate, 2) for rate in RATES
    ]
    assert {spec.precision for arm in made for spec in arm.specs} == {"float32"}
    by_default = TINY.make(**ASKED | {"full": True, "precision": "auto"})
    assert {spec.precision for arm in by_default for spec in arm.specs} == {"mixed_bfloat16"}


def test_what_is_asked_for_takes_the_place_of_what_was_decided():
    made = TINY.make(**ASKED | {"full": True, "epochs": 3, "seeds": 1, "train_images": 300})
    assert [(arm.label, len(arm.specs)) for arm in made] == [("plain", 1), ("wide", 1), ("fast", 1)]
    assert (made[0].specs[0].epochs, made[0].specs[0].train_images) == (3, 300)
    fewer = TINY.make(**ASKED | {"full": True, "seeds": 1})
    assert [len(arm.specs) for arm in fewer] == [1, 1, 1], "fewer seeds are not what was decided, and need no search"
    with pytest.raises(UsageError, match="seeds must be 1 to 100"):
        TINY.make(**ASKED | {"seeds": 101})


AGAIN = replace(
    TINY,
    arms=TINY.arms + tuple(arm.again(6, 5) for arm in TINY.arms[:2]),
    studies=(replace(TINY.studies[0], contrasts=(*TINY.studies[0].contrasts, TINY.studies[0].contrasts[0].again())),),
)


def test_a_second_round_has_new_seeds_and_belongs_to_what_was_decided():
    made = {arm.label: arm.specs for arm in AGAIN.make(**ASKED | {"full": True})}
    for label in ("plain", "wide"):
        new = made[f"{label}, new seeds"]
        assert [spec.seed for spec in new] == [6, 7, 8, 9, 10]
        assert new[0] == made[label][0].with_seed(6), "all else is as it was"
    assert len(made) == len(TINY.make(**ASKED | {"full": True})) + 2, "the rates are searched once"
    for other in ({}, {"full": True, "seeds": 1}):
        assert [arm.label for arm in AGAIN.make(**ASKED | other)] == ["plain", "wide", "fast"]


def test_a_contrast_of_a_second_round_claims_what_the_first_did():
    first, second = AGAIN.studies[0].contrasts
    assert second.weights == {"wide, new seeds": 1.0, "plain, new seeds": -1.0}
    assert replace(second, name=first.name, weights=first.weights, second=False) == first
    assert AGAIN.studies[0].second_arms == ("plain, new seeds", "wide, new seeds")


def test_the_weights_of_a_slope_give_the_least_squares_slope():
    places, values = {"a": 2, "b": 3, "c": 5, "d": 7}, {"a": 1.0, "b": 2.5, "c": 2.0, "d": 6.0}
    expected = np.polyfit(list(places.values()), list(values.values()), 1)[0]
    assert sum(weight * values[label] for label, weight in slope(places).items()) == pytest.approx(expected)


@pytest.mark.parametrize("name", DESIGNS)
def test_a_design_fits_together(name):
    design = DESIGNS[name]
    assert EXPERIMENTS[name].arms == design.make
    labels = [arm.label for arm in design.arms]
    assert len(set(labels)) == len(labels)
    used = {label for study in design.studies for label in (*study.arms, *study.second_arms)}
    assert used == set(labels), "an arm that no statement needs is trained for nothing"
    assert design.arms[0].seeds == max(arm.seeds for arm in design.arms if not arm.first_seed)
    assert max(arm.own_seeds.stop for arm in design.arms) <= FIRST_PILOT
    assert {arm.setting for arm in design.arms} == set(design.settings) == set(design.small)
    assert all(arm.seeds >= 5 for arm in design.arms), "fewer have no interval"
    for study in design.studies:
        row = LEDGER[study.number]
        assert row.experiment == name
        deciding = [one for one in study.contrasts if one.decides]
        parts = {one.part for one in deciding if not one.condition}
        assert parts == set(range(len(row.parts) or 1)), "each part is judged as it stands"
        assert {one.part for one in deciding} == parts
        assert any(one.condition for one in deciding), "a condition is tried"
        run_score(study.score)
        for one in study.contrasts:
            settings = {design.arm(label).setting for label in one.weights}
            assert len(settings) == 1, "arms on other data have nothing to do with one another"
            if one.second:
                assert len({design.arm(label).own_seeds for label in one.weights}) == 1, "pairs are of the same seeds"


@pytest.mark.parametrize("name", DESIGNS)
def test_arms_of_a_difference_see_the_same_images_in_the_same_order(name):
    for arm in DESIGNS[name].make(**ASKED | {"full": True}):
        assert len({(spec.dataset, spec.batch_size, spec.recipe) for spec in arm.specs}) == 1
    by_label = {arm.label: arm.specs for arm in DESIGNS[name].make(**ASKED | {"full": True})}
    for study in DESIGNS[name].studies:
        for one in study.contrasts:
            every = [[(s.seed, s.epochs, s.train_images) for s in by_label[label][:5]] for label in one.weights]
            assert all(own == every[0] for own in every)


def test_a_statement_without_a_study_is_named():
    with pytest.raises(UsageError, match="statements 1"):
        TINY.study(2)


RECORD = SimpleNamespace(
    test={
        "accuracy": 0.75,
        "accuracy_reestimated": 0.8,
        "accuracy_scale_0.75": 0.6,
        "accuracy_scale_1.25": 0.6,
        "accuracy_shift_2": 0.6,
        "accuracy_shift_4": 0.6,
        "accuracy_training": 0.875,
        "loss_training": 0.5,
        "loss_training_reestimated": 0.25,
    },
    history={
        "val_loss": [0.9, 0.6, 0.2, 0.8, 0.3, 0.35, 0.4, 0.9],  # means of three: … 0.57 0.53 0.43 0.48 0.35 0.55 …
        "val_accuracy": [0.1, 0.4, 0.5, 0.6, 0.61, 0.605, 0.6, 0.6],
    },
)


@pytest.mark.parametrize(
    ("name", "value"),
    [
        (ERROR, 25.0),
        ("test error, statistics re-estimated", 20.0),
        ("gap between training and test accuracy", 12.5),
        ("training loss", 0.5),
        ("training loss, statistics re-estimated", 0.25),
        ("epochs to the lowest validation loss", math.log2(6)),
        ("epochs to a point below the best validation accuracy", math.log2(5)),
        ("accuracy kept (shift 4)", 80.0),
    ],
)
def test_what_is_read_off_a_run(name, value):
    assert run_score(name).read(RECORD) == pytest.approx(value)


@pytest.mark.parametrize("name", SCORES)
def test_the_fields_of_a_score_are_all_that_is_read(name):
    told = [field.split(".", 1) for field in SCORES[name].fields]
    parts = {part: {key: getattr(RECORD, part)[key] for where, key in told if where == part} for part, _ in told}
    assert SCORES[name].read(SimpleNamespace(**parts)) == SCORES[name].read(RECORD)


def test_a_network_without_batch_norm_has_nothing_to_re_estimate():
    assert SCORES["test error, statistics re-estimated"].read(SimpleNamespace(test={"accuracy": 0.75})) == 25.0


def test_a_best_epoch_at_the_end_is_a_bound():
    score = run_score("epochs to the lowest validation loss")
    assert not score.is_bound(RECORD)
    assert score.is_bound(SimpleNamespace(history={"val_loss": [0.9, 0.8, 0.7, 0.6, 0.5]}))
    assert not run_score(ERROR).is_bound(RECORD)


def test_an_unknown_score_is_named():
    with pytest.raises(UsageError, match="test eror"):
        run_score("test eror")
