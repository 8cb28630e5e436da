"""What machines read beside a page: whole in itself, true of the files, and in the words of the page."""

import hashlib
import json
from urllib.parse import unquote

import nbformat
import pytest

from cnnrepro.claims import LEDGER, SOURCES, NoVerdict, Verdict
from cnnrepro.report import display, own_claim_views, page
from cnnrepro.report.research_object import METADATA, write_research_object
from cnnrepro.runs.record import RunRecord, write_record
from cnnrepro.runs.spec import RunSpec
from tests.elements import Elements
from tests.report.test_own_claim_views import VERDICT as OWN
from tests.report.test_page import drawn

FINGERPRINT = "ab" * 32
DONE, RESUMED, FAILED = (f"{number:016x}" for number in range(3))
NO_ENTITIES = ("https://w3id.org/ro/crate/", "http://schema.org/")  # a specification and words of a vocabulary
VERDICTS = [Verdict(30, "holds if …", "So it is.", basis="made up"), Verdict(31, "holds", "Surely.")]


def put(folder, key, status="done", *, dataset="mnist_5k", **values):
    """A record, with curves, in the folder of a page."""
    spec = RunSpec("resnet20", dataset, recipe="adam", seed=int(key, 16), epochs=2, options={"shortcut": "A"})
    test = {"accuracy": 0.5, "loss": 1.5, "images": 2} if status == "done" else None
    about = {"test": test, "versions": {"cnnrepro": "0.1.0", "keras": "3.1"}, "commit": "0123456789ab"}
    about |= {"data": {"name": dataset, "fingerprint": FINGERPRINT, "sizes": {"train": 3500}}}
    about |= {"machine": {"cpu": "CPU-NAME"}, "started": "2026-01-01T00:00:00+00:00", "wall_seconds": 61.4}
    (folder / "records" / key).mkdir(parents=True)
    write_record(folder / "records" / key / "record.json", RunRecord(key, status, spec, **(about | values)))
    (folder / "records" / key / "curves.csv").write_text("epoch,loss\n1,2.0\n")


def shown(*bundles):
    outputs = [nbformat.v4.new_output("display_data", bundle) for bundle in bundles]
    return nbformat.v4.new_code_cell("v", outputs=outputs)


def crate_of(folder):
    """The entities of a crate by their names."""
    entities = json.loads((folder / METADATA).read_text(encoding="utf-8"))["@graph"]
    named = {entity["@id"]: entity for entity in entities}
    assert len(named) == len(entities)
    return named


def of(crate, kind):
    return [entity for entity in crate.values() if entity["@type"] == kind]


def written(folder, *cells, question=""):
    about = {"title": "A title", "experiment": "x", "parameters": {"dataset": "mnist_5k"}, "facts": {}}
    page.write_page(nbformat.v4.new_notebook(cells=list(cells)), folder, **about, question=question)
    return crate_of(folder)


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    put(folder, DONE)
    put(folder, RESUMED, sessions=2)
    put(folder, FAILED, "failed", failure={"kind": "diverged", "reason": "The loss is NaN."})
    (folder / "records" / "f" / "x").mkdir(parents=True)
    (folder / "records" / "f" / "record.json").write_text("{}")  # of another version; a file like others
    none = NoVerdict(40, "Of something else.")
    judged = shown(*map(display.verdict_bundle, [*VERDICTS, none]), own_claim_views.own_claim_bundle(OWN))
    written(folder, drawn("curves"), judged, question="Why?")
    return folder


@pytest.fixture(scope="module")
def crate(folder):
    return crate_of(folder)


def references(value):
    if isinstance(value, dict):
        return [value["@id"]]
    return [name for one in value for name in references(one)] if isinstance(value, list) else []


def test_it_is_a_process_run_crate_whole_in_itself(crate):
    descriptor, root = list(crate.values())[:2]
    assert descriptor == {
        "@id": "ro-crate-metadata.json",
        "@type": "CreativeWork",
        "conformsTo": {"@id": "https://w3id.org/ro/crate/1.1"},
        "about": {"@id": "./"},
    }
    assert root["conformsTo"] == {"@id": "https://w3id.org/ro/wfrun/process/0.5"}
    assert (root["name"], root["description"]) == ("A title", "Why?")
    assert root["license"] == {"@id": "https://spdx.org/licenses/MIT"}
    named = [name for entity in crate.values() for value in entity.values() for name in references(value)]
    assert {name for name in named if not name.startswith(NO_ENTITIES)} <= set(crate)
    assert set(references(root["mentions"])) == {
        e["@id"] for kind in ("CreateAction", "ClaimReview") for e in of(crate, kind)
    }
    for entity in crate.values():  # flat: what is within is a reference or a plain value
        values = [one for value in entity.values() for one in (value if isinstance(value, list) else [value])]
        assert all(set(value) == {"@id"} for value in values if isinstance(value, dict))


@pytest.mark.soak
def test_the_rocrate_library_reads_it(folder, crate):
    reader = pytest.importorskip("rocrate.rocrate", reason="no rocrate; make soak installs it")
    read = reader.ROCrate(folder)
    assert (read.name, read.root_dataset["conformsTo"].id) == ("A title", "https://w3id.org/ro/wfrun/process/0.5")
    for kind in ("CreateAction", "ClaimReview"):
        assert {one.id for one in read.get_by_type(kind)} == {entity["@id"] for entity in of(crate, kind)} != set()
    action = read.dereference(f"#run-{DONE}")
    assert [one.id for one in action["result"]] == [f"records/{DONE}/curves.csv", f"records/{DONE}/record.json"]
    assert action["instrument"]["name"] == "cnnrepro"


def test_its_files_are_those_of_the_folder_to_the_byte(folder, crate):
    there = {path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file()}
    assert {unquote(name) for name in references(crate["./"]["hasPart"])} == there - {METADATA}
    for file in of(crate, "File"):
        path = folder / unquote(file["@id"])
        if path.name == "index.html":  # gets links when it is published
            assert "sha256" not in file
            continue
        assert file["sha256"] == hashlib.sha256(path.read_bytes()).hexdigest()
        assert file["contentSize"] == str(path.stat().st_size)


def test_a_training_is_an_action_with_what_it_took_and_left(crate):
    action = crate[f"#run-{DONE}"]
    assert (action["startTime"], action["endTime"]) == ("2026-01-01T00:00:00+00:00", "2026-01-01T00:01:01+00:00")
    assert action["actionStatus"] == {"@id": "http://schema.org/CompletedActionStatus"} and "error" not in action
    software = crate[action["instrument"]["@id"]]
    assert (software["name"], software["softwareVersion"]) == ("cnnrepro", "0.1.0")
    assert (software["identifier"], software["softwareRequirements"]) == ("commit 0123456789ab", "keras 3.1")
    data, *parameters = (crate[name] for name in references(action["object"]))
    assert (data["@type"], data["name"], data["identifier"]) == ("Dataset", "mnist_5k", f"sha256:{FINGERPRINT}")
    values = {one["name"]: one["value"] for one in parameters}
    asked = {"model": "resnet20", "seed": 0, "recipe": "adam", "epochs": 2, "options.shortcut": "A"}
    assert asked.items() <= values.items()
    assert references(action["result"]) == [f"records/{DONE}/curves.csv", f"records/{DONE}/record.json"]


def test_no_end_is_made_up_and_a_failure_is_none_that_ended_well(crate):
    assert "endTime" not in crate[f"#run-{RESUMED}"]
    failed = crate[f"#run-{FAILED}"]
    assert failed["actionStatus"] == {"@id": "http://schema.org/FailedActionStatus"}
    assert failed["error"] == "The loss is NaN."


def test_runs_share_what_they_have_in_common(crate):
    assert len(of(crate, "CreateAction")) == 3
    assert len(of(crate, "SoftwareApplication")) == 1
    assert [one["value"] for one in of(crate, "PropertyValue") if one["name"] == "recipe"] == ["adam"]


def test_every_verdict_is_a_review_in_the_words_of_the_report(folder, crate):
    report = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    reviews = [review for review in of(crate, "ClaimReview") if review["@id"].startswith("#review")]
    said = [(crate[one["reviewRating"]["@id"]]["alternateName"], one["reviewBody"], one["url"]) for one in reviews]
    assert said == [
        (one["word"], one["sentence"], f"index.html#statement-{one['claim']}") for one in report["verdicts"]
    ]
    assert [one["claimReviewed"] for one in reviews] == [LEDGER[30].text, LEDGER[31].text]
    assert {one["datePublished"] for one in reviews} == {report["created"]}
    assert all(set(rating) == {"@id", "@type", "alternateName"} for rating in of(crate, "Rating"))  # no made-up scale
    claim = crate[reviews[0]["itemReviewed"]["@id"]]
    assert (claim["@type"], claim["text"], claim["citation"]) == ("Claim", LEDGER[30].text, LEDGER[30].source)
    assert [crate[name]["name"] for name in references(claim["appearance"])] == [
        SOURCES[name].title for name in LEDGER[30].sources
    ]
    anchors = {
        attributes["id"] for _, attributes in Elements((folder / "index.html").read_text()).found if "id" in attributes
    }
    assert {one["url"].partition("#")[2] for one in of(crate, "ClaimReview")} <= anchors


def test_a_claim_of_somebodys_own_is_said_to_be_that(crate):
    (review,) = (one for one in of(crate, "ClaimReview") if one["@id"].startswith("#own"))
    assert (review["claimReviewed"], review["url"]) == (OWN.statement, "index.html#own-claim")
    assert crate[review["reviewRating"]["@id"]]["alternateName"] == OWN.word
    claim = crate[review["itemReviewed"]["@id"]]
    assert claim["name"] == "A claim of its author’s own, no statement of the ledger"
    assert "cannot be seen from this page" in claim["description"]
    assert crate[claim["author"]["@id"]]["name"] == "The author of mine.py" and review["author"] == claim["author"]


def test_a_notebook_of_somebodys_own_gets_no_licence_and_speaks_for_itself(tmp_path):
    crate = written(tmp_path, shown(display.verdict_bundle(Verdict(9999, "holds", "So it is."))))
    assert "license" not in crate["./"]
    review = crate["#review-9999"]
    assert review["claimReviewed"] == "Statement 9999, which the ledger does not have"
    assert crate[review["author"]["@id"]]["name"] == "The author of the notebook x"


def test_pictures_of_somebodys_own_get_no_licence_and_no_path(tmp_path):
    put(tmp_path, DONE, dataset="folder:/home/somebody/pets")
    crate = written(tmp_path, question="Why?")
    assert "license" not in crate["./"]
    assert [data["name"] for data in of(crate, "Dataset")] == [crate["./"]["name"], "pictures of pets"]
    text = (tmp_path / METADATA).read_text(encoding="utf-8")
    assert "somebody" not in text and str(tmp_path) not in text and "CPU-NAME" not in text


def test_it_is_the_same_when_written_again_and_small(folder):
    before = (folder / METADATA).read_bytes()
    about = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    write_research_object(folder, about, question="Why?")
    assert (folder / METADATA).read_bytes() == before
    lines = before.decode().splitlines()
    a_run = [line for line in lines if f'"#run-{DONE}"' in line or f'"@id": "records/{DONE}/' in line]
    assert sum(map(len, a_run)) < 3000  # 100 of them below 300 kB


def test_the_page_names_it_and_a_site_takes_it_along(folder):
    links = Elements((folder / "index.html").read_text(encoding="utf-8")).of("a")
    assert {"rel": "describedby", "type": "application/ld+json", "href": METADATA} in links
    assert page.WRITTEN.fullmatch(METADATA)
