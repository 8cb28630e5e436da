"""Statements that a study of its own decides: which page does, what is said without one, and what stands in JSON."""

import json
import os
from dataclasses import replace
from pathlib import Path

import nbformat
import pytest

from cnnrepro import paths
from cnnrepro.claims import LEDGER, Statement, check, outcomes, run_checks
from cnnrepro.claims.statement import Claimed
from cnnrepro.errors import UsageError
from cnnrepro.experiments import EXPERIMENTS, Experiment
from cnnrepro.experiments.run_scores import ERROR
from cnnrepro.experiments.studies import DESIGNS
from cnnrepro.experiments.study import LESS, MORE, ArmDesign, Contrast, Design, Setting, Study, minus
from cnnrepro.runs.keys import key_today
from cnnrepro.runs.record import RunRecord

RECORD = next((paths.home(Path(__file__).parent) / "reports" / "alexnet_vs_resnet").glob("*/records/*/record.json"))
DEFAULTS = {"full": False, "seeds": 0, "epochs": 0, "train_images": 0, "precision": "auto"}
CELL = "\n".join(f"{name}: {type(value).__name__} = {value!r}" for name, value in DEFAULTS.items())
WIDE, NARROW, NUMBER = "wide", "narrow", 999
DESIGN = Design(
    arms=(ArmDesign(WIDE, "lenet5_modern", seeds=5), ArmDesign(NARROW, "lenet5", seeds=5)),
    settings={"": Setting("mnist_5k", 2)},
    small={"": Setting("mnist_5k", 1)},
    studies=(
        Study(
            NUMBER,
            "Nobody asked.",
            (
                Contrast("narrow minus wide", minus(NARROW, WIDE), MORE, 0.5),
                Contrast("wide minus narrow", minus(WIDE, NARROW), MORE, 0.5, condition="turned round"),
                Contrast("wide minus narrow", minus(WIDE, NARROW), LESS, 0.5, decides=False),
            ),
            (WIDE, NARROW),
        ),
    ),
)
ROW = Statement(
    *(NUMBER, "Narrow networks are worse.", "S0, intro", "by training both", "studies:studied", "not tested yet"),
    experiment="widths",
    needs={"full": True},
)


@pytest.fixture
def study(monkeypatch, tmp_path):
    """A statement with a study of its own; the folder that its notebook lies in."""
    nbformat.write(
        nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(CELL, metadata={"tags": ["parameters"]})]),
        tmp_path / "widths.ipynb",
    )
    there = paths.notebooks_dir()
    own = Experiment("widths", "Widths", "Are narrow networks worse?", "they are", 1.0, DESIGN.make)
    monkeypatch.setattr(
        Experiment, "notebook", property(lambda one: (tmp_path if one is own else there) / f"{one.name}.ipynb")
    )
    monkeypatch.setitem(EXPERIMENTS, "widths", own)
    monkeypatch.setitem(DESIGNS, "widths", DESIGN)
    monkeypatch.setitem(LEDGER, NUMBER, ROW)
    run_checks._notebooks.cache_clear()
    yield tmp_path
    run_checks._notebooks.cache_clear()


@pytest.fixture
def put_page(study):
    """Makes a page with records of its runs: ``put_page(**parameters)``; gives the folder of reports."""
    template = RECORD.read_text(encoding="utf-8")

    def put(partial=False, left_out=0, **changes):
        folder = study / "reports" / "widths" / "a page"
        parameters = DEFAULTS | changes
        runs = [(arm.label, spec) for arm in DESIGN.make(**parameters) for spec in arm.specs]
        for number, (label, spec) in enumerate(runs[left_out:]):
            values = json.loads(template) | {"spec": spec.to_dict()}
            values["data"] |= {"partial": "a half"} if partial else {}
            values["test"] |= {"accuracy": (0.9 if label == NARROW else 0.92) + 0.001 * (spec.seed * number % 3)}
            values["key"] = key_today(RunRecord.from_dict(values))
            place = folder / "records" / f"{number:016x}"
            place.mkdir(parents=True)
            (place / "record.json").write_text(json.dumps(values), encoding="utf-8")
        (folder / "report.json").write_text(json.dumps({"parameters": parameters}), encoding="utf-8")
        (folder / "index.html").write_text("", encoding="utf-8")
        return study / "reports"

    return put


def only(reports):
    """What the check of the statement comes to."""
    (found,) = outcomes(reports, [NUMBER])
    return found


@pytest.mark.parametrize(
    "changes, decides",
    [
        ({"full": True}, True),
        ({"full": True, "partial": True}, True),  # the statement names no data of which they would be a part
        ({}, False),
        ({"full": True, "seeds": 3}, False),
        ({"full": True, "epochs": 1}, False),
        ({"full": True, "precision": "float32"}, False),
        ({"full": True, "left_out": 1}, False),
    ],
    ids=str,
)
def test_the_page_of_the_design_decides_and_no_other(put_page, changes, decides):
    assert (run_checks.published_results(ROW, put_page(**changes)) is not None) == decides


def test_without_its_notebook_nothing_is_published(put_page, study):
    reports = put_page(full=True)
    (study / "widths.ipynb").unlink()
    assert run_checks.published_results(ROW, reports) is None


def test_a_page_of_a_version_with_other_parameters_decides_nothing(put_page):
    reports = put_page(full=True)
    path = reports / "widths" / "a page" / "report.json"
    path.write_text(json.dumps({"parameters": {"full": True}}), encoding="utf-8")
    assert run_checks.published_results(ROW, reports) is None


@pytest.mark.parametrize(
    "text", ["[" * 100_000, "[1]", '{"parameters": 5}', "\xff"], ids=["deep", "a list", "5", "text"]
)
@pytest.mark.parametrize("name", ["report.json", "records/*/record.json"])
def test_a_file_beside_a_page_that_cannot_be_read_decides_nothing_and_stops_nothing(name, text, put_page):
    reports = put_page(full=True)
    next((reports / "widths" / "a page").glob(name)).write_text(text, encoding="latin-1")
    assert run_checks.published_results(ROW, reports) is None


def test_without_records_it_is_not_tested_yet_and_that_is_its_recorded_word(study):
    found = only(study / "reports")
    assert (found.shown.word, found.agrees, found.shown.earlier) == ("not tested yet", True, "")
    assert found.evidence == (
        "The study is designed and not yet run: no records of it lie in the folder of reports (--reports names it); "
        "`cnnrepro run widths -p full=true` makes them, with the notebook `widths`.",
    )
    said = found.to_dict()
    assert (said["computed"], said["made"], said["effects"]) == (False, "", [])
    assert {said[name] for name in ("n", "effect", "interval", "unit", "rule", "page")} == {None}


def test_its_parts_are_not_tested_either(study, monkeypatch):
    parts = (Claimed("One.", "not tested yet"), Claimed("Two.", "not tested yet"))
    monkeypatch.setitem(LEDGER, NUMBER, replace(ROW, parts=parts))
    found = only(study / "reports")
    assert found.agrees
    assert [part["verdict"] for part in found.to_dict()["parts"]] == ["not tested yet"] * 2
    assert {part["found"] for part in found.to_dict()["parts"]} == {"The study is designed and not yet run."}
    assert found.shown.brief() == found.shown.sentence


def test_once_it_had_a_word_that_was_recorded_earlier(study, monkeypatch):
    monkeypatch.setitem(LEDGER, NUMBER, replace(ROW, verdict="holds"))
    found = only(study / "reports")
    assert (found.shown.word, found.agrees) == ("holds", True)
    assert found.shown.earlier == "recorded earlier, not computed now"
    assert "`cnnrepro run widths -p full=true` makes them." in found.shown.sentence


def test_a_page_gives_the_word_its_numbers_and_a_change(put_page):
    found = only(put_page(full=True))
    assert (found.shown.word, found.agrees) == ("holds if …", False)
    said = found.to_dict()
    assert (said["recorded"], said["computed"], said["made"]) == (
        *("not tested yet", True),
        "judged now, from runs recorded earlier",
    )
    assert said["page"] == "widths/a page/index.html"
    first, second = said["effects"]
    assert {name: said[name] for name in ("n", "unit", "rule")} == {name: first[name] for name in ("n", "unit", "rule")}
    assert (said["effect"], list(said["interval"])) == (first["value"], [first["low"], first["high"]])
    assert (said["n"], said["unit"]) == (5, "points")
    assert said["interval"][0] < said["effect"] < said["interval"][1] and said["effect"] == pytest.approx(2, abs=0.2)
    assert said["rule"].startswith("in points: holds where the interval lies above 0, the mean at 0.5 or above")
    assert [(one["condition"], one["word"]) for one in (first, second)] == [
        *(("", "holds"), ("turned round", "does not hold"))
    ]
    assert json.loads(json.dumps(said))["effects"] == said["effects"]


def test_what_decides_is_an_effect_and_what_is_looked_at_is_evidence(put_page):
    shown = only(put_page(full=True)).shown
    assert all(finding.startswith("Looked at, decides nothing") for finding in shown.evidence)
    assert shown.effects[0].sentence().startswith(f"narrow minus wide: {ERROR} +2.")
    assert shown.effects[1].sentence().startswith(f"Turned round: wide minus narrow: {ERROR} −2.")
    assert shown.effects[0].sentence().endswith(", 5 seeds): holds.")


def test_the_command_that_makes_the_records_is_that_of_the_row(study):
    assert (LEDGER[30].command, ROW.command) == (
        "cnnrepro run alexnet_vs_resnet -p dataset=mnist",
        "cnnrepro run widths -p full=true",
    )
    assert replace(ROW, needs={"seeds": [0, 1], "networks": "both"}).command == (
        "cnnrepro run widths -p seeds=[0,1] -p networks=both"
    )
    with pytest.raises(UsageError, match="Statement 999 is decided by runs: cnnrepro run widths -p full=true"):
        check(NUMBER)


def test_the_committed_pages_give_the_recorded_words():
    run = [row.number for row in LEDGER.values() if row.experiment]
    changed = [found.statement.number for found in outcomes(RECORD.parents[4], run) if not found.agrees]
    assert changed == [], "what the page says is to be recorded in claims/statements"


def test_a_pipe_beside_a_page_is_not_waited_for(tmp_path):
    row = next(row for row in LEDGER.values() if row.experiment)
    folder = tmp_path / row.experiment / "default"
    (folder / "records" / "one").mkdir(parents=True)
    os.mkfifo(folder / "report.json")
    os.mkfifo(folder / "records" / "one" / "record.json")
    assert run_checks.published_results(row, tmp_path) is None
    assert run_checks.record_of_today(folder / "records" / "one" / "record.json") is None
