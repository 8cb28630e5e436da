"""Which runs are about a statement: its data and its epochs, and no others."""

import json
from pathlib import Path
from types import SimpleNamespace

import pytest

from cnnrepro import paths
from cnnrepro.claims import LEDGER, NoVerdict, Verdict, check, decided_by, run_checks
from cnnrepro.claims.scope import departures, is_part, without_verdict
from cnnrepro.experiments import arms, experiment
from cnnrepro.experiments.parameters import complete, read_parameters
from cnnrepro.runs.keys import key_today
from cnnrepro.runs.record import RunRecord
from cnnrepro.runs.spec import RunSpec

COMMITTED = paths.home(Path(__file__).parent) / "reports" / "alexnet_vs_resnet"


def spec(dataset="mnist", epochs=5, **others):
    return RunSpec(model="lenet5_modern", dataset=dataset, epochs=epochs, **others)


@pytest.mark.parametrize(
    "chosen, apart",
    [
        (spec(), []),
        (spec("mnist_5k"), []),
        (spec(train_images=55_000), []),  # all of them
        (spec(seed=7, learning_rate=0.1), []),  # of which the statement does not speak
        (spec("fashion_mnist"), ["were made on fashion_mnist"]),
        (spec("cifar10"), ["were made on cifar10"]),
        (spec("folder:/home/somebody/pets"), ["were made on pictures of pets"]),
        (spec(epochs=1), ["went over 1 epoch"]),
        (spec("mnist_5k", train_images=256), ["saw 256 training images of 3,500"]),
        (spec("fashion_mnist", 3), ["were made on fashion_mnist", "went over 3 epochs"]),
    ],
)
def test_what_sets_runs_apart_from_a_statement(chosen, apart):
    assert departures(LEDGER[30], chosen) == apart
    assert decided_by([16, 30], [chosen]) == ((16,) if apart else (16, 30))  # 16 speaks of no data


def test_a_part_of_the_data_is_named():
    records = [SimpleNamespace(spec=spec(name), data=data) for name, data in (("mnist", {}), ("mnist_5k", {}))]
    assert [is_part(record) for record in records] == [False, True]
    assert is_part(SimpleNamespace(spec=spec(), data={"partial": "42,000 of 60,000 training images"}))


def test_other_runs_are_measured_and_judge_nothing(monkeypatch):
    measured = Verdict(30, "holds", "It is so.", ("Ahead in 3 of 3.",), "fashion_mnist, 3 epochs")
    monkeypatch.setattr(run_checks, "function_of", lambda row: lambda results, row: measured)
    results = SimpleNamespace(arms=[SimpleNamespace(specs=(spec("fashion_mnist", 3),))])
    found = check(30, results)
    assert found == without_verdict(LEDGER[30], spec("fashion_mnist", 3), measured)
    assert found.sentence.startswith("Statement 30 is about MNIST and 5 epochs; the runs of this page were made on ")
    assert "fashion_mnist and went over 3 epochs." in found.sentence
    assert (found.evidence, found.basis) == (measured.evidence, measured.basis)
    assert NoVerdict.from_dict(found.to_dict()) == found
    results.arms[0].specs = (spec(),)
    assert check(30, results) == measured


@pytest.fixture
def put_page(tmp_path):
    """Makes a page's folder with records of its runs: ``put_page(name, **parameters)``."""
    name = "alexnet_vs_resnet"
    parameters = complete(read_parameters(experiment(name).notebook), {"dataset": "mnist", "seeds": [0]}, name)
    record = next(COMMITTED.glob("*/records/*/record.json")).read_text(encoding="utf-8")

    def put(name, partial=False, version=None, **changes):
        chosen = parameters | changes
        folder = tmp_path / "alexnet_vs_resnet" / name
        for number, run in enumerate(s for arm in arms("alexnet_vs_resnet", **chosen) for s in arm.specs):
            values = json.loads(record) | {"spec": run.to_dict()}
            values["data"] |= {"partial": "a half"} if partial else {}
            values["key"] = version or key_today(RunRecord.from_dict(values))
            place = folder / "records" / f"{number:016x}"
            place.mkdir(parents=True)
            (place / "record.json").write_text(json.dumps(values), encoding="utf-8")
        (folder / "report.json").write_text(json.dumps({"parameters": chosen}), encoding="utf-8")

    return put


@pytest.mark.parametrize(
    "changes",
    [
        {"dataset": "fashion_mnist"},
        {"dataset": "mnist_5k"},
        {"epochs": 4},
        {"train_images": 256},
        {"partial": True},
        {"version": "0" * 16},
    ],
    ids=str,
)
def test_the_ledger_takes_no_page_for_evidence_that_is_about_something_else(put_page, tmp_path, changes):
    put_page("other", **changes)
    assert run_checks.published_results(LEDGER[30], tmp_path) is None


def test_a_page_of_a_version_with_other_parameters_is_passed_over(put_page, tmp_path):
    put_page("old")
    path = tmp_path / "alexnet_vs_resnet" / "old" / "report.json"
    assert run_checks.published_results(LEDGER[30], tmp_path) is not None
    report = json.loads(path.read_text(encoding="utf-8"))
    report["parameters"]["networks"] = "of another version"
    path.write_text(json.dumps(report), encoding="utf-8")
    assert run_checks.published_results(LEDGER[30], tmp_path) is None
    del report["parameters"]["networks"]
    path.write_text(json.dumps(report), encoding="utf-8")
    assert run_checks.published_results(LEDGER[30], tmp_path) is None


def test_the_ledger_takes_the_page_with_the_most_seeds(put_page, tmp_path):
    for name, seeds in (("a", [0]), ("b", [0, 1, 2]), ("c", [0, 1])):
        put_page(name, seeds=seeds)
    assert len(run_checks.published_results(LEDGER[30], tmp_path).records[0]) == 3
