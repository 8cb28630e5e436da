import json
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnrepro.recipes.catalogue import RECIPES
from cnnrepro.recipes.schedules import (
    CONSTANT,
    AtEpochs,
    AtSteps,
    Exponential,
    OneCycle,
    Plateau,
    Table,
    learning_rates,
    to_dict,
)

FALLING = [CONSTANT, Plateau(), AtEpochs((3, 5)), AtSteps((7, 25)), Exponential(0.96, 8), Table(((2, 1.0), (3, 0.4)))]
EVERY = [*FALLING, OneCycle()]


def rates(schedule, epochs, accuracies=(), steps=10, base=1.0):
    """The rate of every step, one epoch after another, as a run meets them."""
    history, found = {"val_accuracy": []}, []
    for epoch in range(epochs):
        by_step = dict(learning_rates(schedule, base, epoch, history, steps, epochs))
        assert min(by_step) == 0
        found += [by_step[max(first for first in by_step if first <= step)] for step in range(steps)]
        history["val_accuracy"].append(accuracies[epoch] if epoch < len(accuracies) else 0.5)
    return found


def by_epoch(*arguments, **named):
    return rates(*arguments, steps=1, **named)


def test_fixed_schedules():
    assert by_epoch(CONSTANT, 3) == [1, 1, 1]
    assert by_epoch(AtEpochs((1, 3)), 5) == pytest.approx([1, 0.1, 0.1, 0.01, 0.01])
    assert by_epoch(Exponential(0.5, 2), 5) == [1, 1, 0.5, 0.5, 0.25]
    assert by_epoch(Table(((2, 1.0), (1, 0.4), (1, 0.1))), 6) == [1, 1, 0.4, 0.1, 0.1, 0.1]


def test_a_change_inside_an_epoch_is_at_its_step():
    found = rates(AtSteps((7, 25)), 3)
    assert found[:7] == [1] * 7
    assert found[7:25] == pytest.approx([0.1] * 18)
    assert found[25:] == pytest.approx([0.01] * 5)


def test_a_change_at_the_border_of_epochs_is_at_the_first_step():
    assert learning_rates(AtSteps((20,)), 1.0, 1, {}, 10, 3) == [(0, 1.0)]
    assert learning_rates(AtSteps((20,)), 1.0, 2, {}, 10, 3) == [(0, pytest.approx(0.1))]


def test_a_plateau_waits_counts_anew_and_stops_lowering():
    schedule = Plateau(factor=0.1, patience=2, times=2)
    #            best  best  -    -    | lowered   -    -    | lowered        (no third time)
    accuracies = [0.5, 0.6, 0.6, 0.55, 0.6, 0.4, 0.6, 0.6, 0.6, 0.6]
    found = by_epoch(schedule, 10, accuracies)
    assert found == pytest.approx([1, 1, 1, 1, 0.1, 0.1, 0.01, 0.01, 0.01, 0.01])


def test_an_improvement_starts_the_wait_again():
    schedule = Plateau(factor=0.1, patience=2, times=3)
    assert by_epoch(schedule, 6, [0.1, 0.1, 0.2, 0.2, 0.3, 0.3]) == [1] * 6


@pytest.mark.parametrize("schedule", EVERY, ids=lambda schedule: schedule.kind)
@given(accuracies=st.lists(st.floats(0, 1), min_size=12, max_size=12), epoch=st.integers(0, 11))
def test_a_resumed_run_has_the_rates_of_one_left_alone(schedule, accuracies, epoch):
    """What is asked of an epoch depends on the epochs before it alone, and not on what came after."""
    whole, before = {"val_accuracy": accuracies}, {"val_accuracy": accuracies[:epoch]}
    assert learning_rates(schedule, 0.1, epoch, whole, 10, 12) == learning_rates(schedule, 0.1, epoch, before, 10, 12)


def test_one_cycle_goes_up_and_down_over_the_whole_run():
    # 2 epochs of 5 steps, of which 4 go up; then down to 0, which would be the rate of an eleventh step
    assert rates(OneCycle(rise=0.4), 2, steps=5, base=2.0) == pytest.approx(
        [2 * f for f in (1 / 4, 2 / 4, 3 / 4, 1, 6 / 7, 5 / 7, 4 / 7, 3 / 7, 2 / 7, 1 / 7)]
    )
    assert rates(OneCycle(rise=0.0), 2, steps=2) == pytest.approx([1, 3 / 4, 2 / 4, 1 / 4])


@pytest.mark.parametrize("rise", [0.0, 0.01, 0.2, 1.0])
@pytest.mark.parametrize("steps", [1, 7])
def test_one_cycle_stays_between_0_and_its_rate(rise, steps):
    assert all(0 < rate <= 1 for rate in rates(OneCycle(rise), 2, steps=steps))


@pytest.mark.parametrize("schedule", FALLING, ids=lambda schedule: schedule.kind)
@given(accuracies=st.lists(st.floats(0, 1), min_size=9, max_size=9))
def test_rates_never_rise(schedule, accuracies):
    found = rates(schedule, 9, accuracies)
    assert all(later <= earlier for earlier, later in pairwise(found))


@pytest.mark.parametrize(
    "schedule", [*EVERY, *(recipe.schedule for recipe in RECIPES.values())], ids=lambda schedule: schedule.kind
)
def test_a_schedule_is_plain_data_and_has_words(schedule):
    assert json.loads(json.dumps(to_dict(schedule)))["kind"] == schedule.kind
    assert str(schedule) != repr(schedule)
