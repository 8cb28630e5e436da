"""The verdict on a claim of somebody's own, and pages with such verdicts: judged again without the claim's file."""

import json
from dataclasses import replace
from pathlib import Path

import pytest

from cnnrepro import paths
from cnnrepro.claims import OwnClaim, OwnVerdict, difference, own_claims, own_outcomes
from cnnrepro.claims.verdict import NOW
from cnnrepro.experiments.own_claim import ClaimFile
from cnnrepro.experiments.results import Arm, Results
from cnnrepro.runs.keys import key_today
from cnnrepro.runs.record import RunRecord
from cnnrepro.runs.store import RunStore

RECORD = next((paths.home(Path(__file__).parent) / "reports" / "alexnet_vs_resnet").glob("*/records/*/record.json"))
CLAIM = OwnClaim(
    "Few filters are worse.",
    arms={"wide": "lenet5_modern", "narrow": "lenet5"},
    dataset="mnist_5k",
    epochs=2,
    holds=[difference("narrow", "wide", more_by=0.5), difference("narrow", "wide", less_by=0.5, decides=False)],
)
FILE = ClaimFile(CLAIM, Path("/home/me/mine.py"), {"mine.py": "ab" * 32})
ACCURACY = {"wide": 0.92, "narrow": 0.9}


def record(label, spec):
    """A made-up run."""
    values = json.loads(RECORD.read_text(encoding="utf-8")) | {"spec": spec.to_dict()}
    values |= {"started": f"2026-01-0{1 + (label == 'wide')}T00:00:00+00:00"}
    values["test"] |= {"accuracy": ACCURACY[label] + 0.001 * (spec.seed * len(label) % 3)}
    return RunRecord.from_dict(values | {"key": key_today(RunRecord.from_dict(values))})


@pytest.fixture(scope="module")
def results():
    arms = tuple(Arm(label, specs) for label, specs in CLAIM.specs().items())
    records = tuple(tuple(record(arm.label, spec) for spec in arm.specs) for arm in arms)
    return Results(arms, records, RunStore(Path("none")))


@pytest.fixture(scope="module")
def verdict(results):
    return own_claims.own_verdict(FILE, results)


@pytest.fixture
def page(results, verdict, tmp_path):
    """The folder of a page with the verdict and its records."""
    folder = tmp_path / "reports" / "own_claim" / "mine"
    for _, one in results.all():
        (folder / "records" / one.key).mkdir(parents=True)
        (folder / "records" / one.key / "record.json").write_text(json.dumps(one.to_dict()), encoding="utf-8")
    put(folder, verdict.to_dict())
    return folder


def put(folder, *verdicts):
    """Write the file of a page with these verdicts."""
    (folder / "report.json").write_text(json.dumps({"own_claims": verdicts}), encoding="utf-8")


def only(page):
    """What the page comes to."""
    (found,) = own_outcomes(page.parents[1])
    return found


def test_the_verdict_has_the_rules_word_and_says_what_cannot_be_seen(verdict):
    assert (verdict.word, verdict.made) == ("holds", NOW)
    assert verdict.sentence.startswith("Narrow minus wide: test error +2.")
    assert [effect.word for effect in verdict.effects] == ["holds"]
    assert len(verdict.evidence) == 1 and "decides nothing" in verdict.evidence[0]
    assert (verdict.file, verdict.sha256, verdict.started) == ("mine.py", "ab" * 32, "2026-01-01T00:00:00+00:00")
    assert "/home/me" not in json.dumps(verdict.to_dict())
    assert verdict.provenance == (
        f"Arms and rule stand in mine.py (SHA-256 {'ab' * 32}), a file that can be edited after the runs; the first "
        "run that counts started on 2026-01-01 00:00:00 UTC. Whether the rule was fixed before it cannot be seen from "
        "this page."
    )


def test_it_is_the_same_after_a_file_of_json(verdict):
    assert OwnVerdict.from_dict(json.loads(json.dumps(verdict.to_dict()))) == verdict


def test_a_page_is_judged_again_from_its_records_without_the_file(page, verdict):
    found = only(page)
    assert found.agrees
    assert found.shown == replace(verdict, made="judged now, from runs recorded earlier")
    said = json.loads(json.dumps(found.to_dict()))
    assert (said["number"], said["own_claim"], said["page"]) == (None, "mine.py", "own_claim/mine/index.html")
    assert (said["verdict"], said["computed"], said["n"], said["unit"]) == ("holds", True, 5, "points")
    assert said["interval"][0] < said["effect"] < said["interval"][1]


def test_a_word_that_the_records_do_not_give_is_seen(page, verdict):
    put(page, verdict.to_dict() | {"word": "does not hold"})
    found = only(page)
    assert (found.agrees, found.shown.word, found.to_dict()["recorded"]) == (False, "holds", "does not hold")


def test_without_a_record_the_page_s_word_is_told_as_such(page):
    next(page.glob("records/*/record.json")).unlink()
    found = only(page)
    assert (found.agrees, found.shown.word, found.shown.made) == (True, "holds", "recorded earlier, not computed now")
    assert found.to_dict()["computed"] is False


@pytest.mark.parametrize(
    "changes",
    [
        {"word": "holds well"},
        {"statement": 3},
        {"effects": [{"name": "x"}]},
        {"contrasts": [{"score": "none"}]},
        {"runs": []},
        {"further": 1},
    ],
    ids=str,
)
def test_a_verdict_of_another_form_is_left_out_and_stops_nothing(page, verdict, changes):
    put(page, verdict.to_dict() | changes)
    assert list(own_outcomes(page.parents[1])) == []


@pytest.mark.parametrize("text", ["[" * 100_000, "[1]", '{"own_claims": 5}', '{"own_claims": [5]}', "\xff"])
def test_a_page_that_cannot_be_read_is_left_out(page, text):
    (page / "report.json").write_text(text, encoding="latin-1")
    assert list(own_outcomes(page.parents[1])) == []


def test_pages_in_the_making_and_others_are_left_out(page):
    page.rename(page.parent / ".hidden")
    other = page.parents[1] / "dropout" / "default"
    other.mkdir(parents=True)
    (other / "report.json").write_text("{}", encoding="utf-8")
    assert list(own_outcomes(page.parents[1])) == []
