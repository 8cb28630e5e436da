import json
import math
from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from cnnrepro.errors import UsageError, WorkFailed
from cnnrepro.experiments.fast_mnist import EXPERIMENT
from cnnrepro.experiments.parameters import complete, read_parameters
from cnnrepro.experiments.results import Results
from cnnrepro.lessons import fast_mnist as fast
from cnnrepro.lessons.fast_mnist import keras_io, summary, taking_turns
from cnnrepro.lessons.fast_mnist.lap import Lap, read_lap
from cnnrepro.lessons.fast_mnist.ours import lap_of
from cnnrepro.runs.record import RunRecord
from cnnrepro.runs.store import RunStore

LAP = Lap(
    side="keras.io",
    seed=3,
    load_seconds=1.0,
    first_step_seconds=0.5,
    training_seconds=4.5,
    fit_seconds=6.0,
    val_accuracy=[0.9, 0.985, 0.99],
    epoch_seconds=[1.0, 2.0, 3.0],
    test_accuracy=0.991,
    process_seconds=12.0,
)


def planned(**changes):
    return EXPERIMENT.arms(**complete(read_parameters(EXPERIMENT.notebook), changes, "fast_mnist"))


def record(spec, accuracy, seconds):
    """A run of two epochs and 10 images whose steps took so many seconds, the first step half a second of them."""
    history = {
        "seconds": [seconds, seconds],
        "images_per_second": [20 / seconds] * 2,
        "first_step_seconds": [0.5, 0.1],
        "val_accuracy": [0.9, 0.99],
    }
    return RunRecord(
        key="0" * 16,
        status="done",
        spec=spec,
        history=history,
        test={"accuracy": accuracy, "loss": 0.1, "images": 1000},
        data={"sizes": {"train": 10}},
        versions={"keras": "3"},
    )


@pytest.fixture
def results(tmp_path):
    """Six runs of the recipe, of 3.5 seconds and 98 % and up, and three of each ablation, slower and worse."""
    arms = planned(seeds=list(range(6)), ablation_seeds=3)
    records = tuple(
        tuple(
            record(spec, 0.98 + 0.001 * (spec.seed - 1) - 0.01 * (arm > 0), 4.0 + 4 * (arm > 0)) for spec in own.specs
        )
        for arm, own in enumerate(arms)
    )
    return Results(arms, records, RunStore(tmp_path))


def test_an_arm_differs_from_the_recipe_in_one_part():
    recipe, *others = planned()
    first = recipe.specs[0].to_dict()
    for other in others:
        own = other.specs[0].to_dict()
        changed = [name for name in first if own[name] != first[name]]
        # Each network has defaults of its own, and half the epochs have as many steps.
        assert len(changed) == 1 or changed in (["model", "options"], ["epochs", "batch_size"])
    assert len(planned(ablation_seeds=0)) == 1
    assert {spec.epochs for spec in planned(dataset="mnist", seeds=[0], ablation_seeds=0)[0].specs} < {1, 2, 3}


@pytest.mark.parametrize(
    "changes, sentence",
    [
        ({"dataset": "cifar10"}, "about mnist and mnist_5k. Received: dataset='cifar10'"),
        ({"ablation_seeds": 6}, "ablation_seeds must lie in 0 to 5"),
        ({"seeds": [1, 1]}, "seeds must differ"),
        ({"rounds": 0}, "rounds must be at least 1"),
    ],
)
def test_a_bad_parameter_is_one_sentence(changes, sentence):
    with pytest.raises(UsageError, match=sentence):
        planned(**changes)


def test_seconds_leave_the_first_step_out_and_say_so():
    assert LAP.steady_seconds == 4.0
    assert LAP.seconds_until(0.985) == 3.0
    assert LAP.seconds_until(0.999) is None


def test_a_record_holds_the_times_of_a_lap():
    lap = lap_of(record(planned()[0].specs[2], 0.98, 4.0))
    assert (lap.side, lap.seed, lap.test_accuracy) == ("fast-mnist", 2, 0.98)
    assert lap.training_seconds == pytest.approx(4.0)  # 2 epochs of 10 images at 5 images/s
    assert lap.steady_seconds == pytest.approx(3.5)
    assert lap.fit_seconds == pytest.approx(8.0)


def test_a_lap_is_kept_as_it_is(tmp_path):
    LAP.write(tmp_path / "lap.json")
    assert read_lap(tmp_path / "lap.json", process_seconds=13.0) == replace(LAP, process_seconds=13.0)


def test_intervals():
    low, high = summary.mean_interval([1.0, 2.0, 3.0, 4.0, 5.0])
    assert (low, high) == pytest.approx((3 - 2.776445 * math.sqrt(0.5), 3 + 2.776445 * math.sqrt(0.5)))
    assert np.isnan(summary.mean_interval([1.0, 2.0])).all() and np.isnan(summary.mean_interval([1.0] * 9)).all()
    assert summary.share_interval(10, 10) == pytest.approx((0.025**0.1, 1.0))


def test_the_answer(results):
    (_, mean, *_, n), share, steady, *_ = fast.answer_rows(results)
    assert (mean, n) == ("98.150 %", "6")
    assert share[1] == "83 %" and share[3] == "36 to 100 %"  # five of six are at 98 %
    assert steady[1] == "3.50"
    sentence = fast.answer(results)
    assert "n = 6 runs" in sentence
    assert sentence.endswith("98 % is reached on the mean, which its interval leaves open.")
    assert fast.word(results) == "undecided"


@pytest.mark.parametrize(
    ("found", "word", "end"),
    [
        ([0.99, 0.991, 0.992, 0.99, 0.991], "reached", "98 % is reached."),
        ([0.97, 0.971, 0.972, 0.97, 0.971], "not reached", "98 % is not reached."),
        ([0.99], "undecided", "98 % is reached on the mean, which so few runs leave open."),
    ],
)
def test_the_mark_is_reached_where_the_interval_of_five_runs_or_more_says_so(found, word, end):
    specs = planned()[0].specs
    records = [record(specs[seed], accuracy, 4.0) for seed, accuracy in enumerate(found)]
    made = SimpleNamespace(records=[records])
    assert fast.word(made) == word and fast.answer(made).endswith(end)


def test_an_ablation_is_set_against_the_same_seeds(results):
    recipe, same_seeds, *others = fast.ablation_rows(results)
    assert recipe[:3] == ("fast-mnist", "6", "98.15 %")
    assert same_seeds[:3] == ("fast-mnist, seeds of the 3 runs below", "3", "98.00 %")
    assert len(others) == 10
    assert all(row[1:] == ("3", "97.00 %", "−1.00", "7.50", "2.14") for row in others)


def test_the_race_compares_each_side_with_the_first():
    ours = replace(LAP, side="fast-mnist", training_seconds=2.5, fit_seconds=3.0, process_seconds=6.0)
    laps = [ours, LAP]
    assert fast.race_columns(laps) == ("seconds of", "fast-mnist", "keras.io", "keras.io over fast-mnist")
    assert [row[-1] for row in fast.race_rows(laps)] == ["2.00", "1.80", "2.00", "2.00"]
    assert fast.race_rows(laps)[0][1:3] == ("2.00", "4.00")
    assert fast.target_rows(laps, "mnist")[1] == ("keras.io", "1", "3", "99.10 %", "1 of 1", "6.0 in 1 of 1")
    assert fast.race_seconds(laps) == {"fast-mnist": [3.0], "keras.io": [6.0]}
    assert all(len(row) == 10 for row in fast.lap_rows(laps))


def test_the_sides_take_turns_and_no_lap_is_run_twice(tmp_path, monkeypatch):
    ran = []

    def lap(side, spec, seed, peer_epochs):
        ran.append((seed, side))
        return replace(LAP, side=side, seed=seed)

    monkeypatch.setattr(taking_turns, "_lap", lap)
    monkeypatch.setattr(taking_turns, "missing_sides", lambda: ["PyTorch"])
    spec = planned(seeds=[7], ablation_seeds=0)[0].specs[0]
    first = fast.race(spec, 1, runs=tmp_path)
    laps = fast.race(spec, 2, runs=tmp_path)
    assert ran == [(7, "fast-mnist"), (7, "keras.io"), (8, "fast-mnist"), (8, "keras.io")]
    assert fast.race(spec, 2, runs=tmp_path) == laps and fast.race(spec, 1, runs=tmp_path) == first == laps[:2]
    assert len(ran) == 4
    fast.race(spec, 2, peer_epochs=1, runs=tmp_path)
    assert len(ran) == 8, "another race"


def test_a_side_that_fails_is_told(monkeypatch):
    monkeypatch.setitem(taking_turns.SIDES, "keras.io", ("no_such_module", "keras"))
    with pytest.raises(WorkFailed, match="The training of keras.io with seed 0 failed: .*no_such_module"):
        taking_turns._lap("keras.io", planned(seeds=[0], ablation_seeds=0)[0].specs[0], 0, 0)


def test_the_script_of_keras_io_has_its_network(monkeypatch):
    import keras

    built = []
    monkeypatch.setattr(keras_io, "read", lambda dataset: ((digits(300), labels(300)), (digits(20), labels(20))))
    monkeypatch.setattr(keras.Model, "fit", lambda self, *args, **more: built.append((self, more)) or fit(self))
    monkeypatch.setattr(keras.Model, "evaluate", lambda self, *args, **more: (0.1, 0.5))
    assert json.loads(json.dumps(keras_io.train("mnist_5k", 0).test_accuracy)) == 0.5
    (model, asked) = built[0]
    assert model.count_params() == 34_826
    assert (asked["batch_size"], asked["epochs"], asked["validation_split"]) == (128, 15, 0.1)


def digits(count):
    return np.zeros((count, 28, 28, 1), "float32")


def labels(count):
    return np.arange(count) % 10


def fit(model):
    import keras

    history = keras.callbacks.History()
    history.history = {"val_accuracy": [0.5]}
    return history
