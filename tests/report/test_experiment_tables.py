"""The tables of a comparison: what the records say of their data."""

from types import SimpleNamespace

import pandas as pd

from cnnrepro.experiments.results import Results
from cnnrepro.report import data_of_runs, experiment_tables, show_mistakes
from cnnrepro.runs.spec import RunSpec

DATA = {"sizes": {"train": 60, "validation": 20, "test": 100}, "mean": [0.5, 0.25, 0.125], "std": [0.1, 0.2, 0.3]}


def run(partial="2 of 5 training batches", **fields):
    spec = RunSpec(model="lenet5_modern", dataset="cifar10", **fields)
    return SimpleNamespace(spec=spec, data=DATA | {"partial": partial})


def test_each_kind_of_data_has_a_row_and_what_is_missing_is_said():
    runs = (run(seed=0), run(seed=1), run(seed=0, pipeline="unit"))
    arm = SimpleNamespace(label="LeNet")
    made = data_of_runs(Results((arm,), (runs,), store=None))
    assert [row[:5] for row in made.rows] == [("cifar10", one, "60", "20", "100") for one in ("plain", "unit")]
    assert made.rows[0][5:] == ("0.5000, 0.2500, 0.1250", "0.1000, 0.2000, 0.3000")
    assert made.caption.endswith("The data set is not whole: 2 of 5 training batches.")
    assert "not whole" not in data_of_runs(Results((arm,), ((run(partial=None),),), store=None)).caption


def test_mistakes_of_which_it_is_not_kept_how_sure_they_were_are_not_shown_and_the_data_not_asked_for(monkeypatch):
    notes = []
    monkeypatch.setattr(experiment_tables, "show_note", notes.append)
    results = SimpleNamespace(predictions=lambda arm: pd.DataFrame({"label": [1], "predicted": [2]}))
    show_mistakes(results, arm=0, alt="a", caption="c")
    assert "its surest mistakes are not shown" in notes[0]
