"""``cnnrepro run my_claim.py``: a page from a file, the ledger's list, and what is refused before it writes."""

import json
import textwrap

import pytest

from cnnrepro.errors import UsageError
from cnnrepro.experiments.catalogue import experiment
from cnnrepro.report.find_page import find_page
from cnnrepro.runner.request import page_request, page_requests
from tests.calling import call

TEXT = """
    from cnnrepro.claims import OwnClaim, difference

    PATTERN = "INPUT -> CONV -> RELU -> POOL -> FC"
    CLAIM = OwnClaim(
        "Average pools are as <b>good</b>; see statement 3.",
        arms={"max": (PATTERN, {"filters": 2}), "average": (PATTERN, {"filters": 2, "pooling": "average"})},
        dataset="mnist_5k", epochs=1, train_images=100, batch_size=50, precision="float32", seeds=2,
        holds=difference("average", "max", same_within=1),
    )
"""


@pytest.fixture
def mine(tmp_path, monkeypatch):
    """Writes a file with a claim in the current folder; its name."""
    monkeypatch.chdir(tmp_path)

    def write(name="mine.py", **changes):
        text = textwrap.dedent(TEXT)
        for old, new in changes.items():
            assert f"{old}=" in text
            text = text.replace(f"{old}=", f"{old}={new} or ")
        (tmp_path / name).write_text(text)
        return name

    return write


@pytest.mark.slow
def test_a_file_becomes_a_page_that_the_ledger_lists(mine, tmp_path, capsys):
    status, out, err = call(capsys, "run", mine())
    folder = tmp_path / "reports" / "own_claim" / "mine"
    assert (status, out) == (0, f"{folder / 'index.html'}\n"), err
    assert find_page(tmp_path / "reports", "own_claim") == folder / "index.html"
    text = (folder / "index.html").read_text()
    assert "no statement of the ledger: Average pools are as &lt;b&gt;good&lt;/b&gt;; see statement 3." in text
    assert "<b>good" not in text and 'class="of-ledger"' not in text
    assert "undecided" in text and "It takes at least 5 seeds, and here are 2." in text
    assert "Whether the rule was fixed before it cannot be seen from this page." in text
    about = json.loads((folder / "report.json").read_text())
    assert (about["verdicts"], about["parameters"]) == ([], {"file": "mine.py"})
    assert (about["figures"], about["facts"]["To repeat"]) == (["contrasts", "curves"], "cnnrepro run mine.py")
    (own,) = about["own_claims"]
    assert (own["word"], own["file"], len(own["sha256"])) == ("undecided", "mine.py", 64)
    assert {len(keys) for keys in own["runs"].values()} == {2}
    index = (tmp_path / "reports" / "index.html").read_text()
    assert "A claim of its author’s own, no statement of the ledger; mnist_5k (100 training images)" in index
    (tmp_path / "mine.py").write_text("raise SystemExit")  # what is listed runs no file
    status, out, err = call(capsys, "claims", "3", "--json")
    assert [row["number"] for row in json.loads(out)] == [3]
    status, out, err = call(capsys, "claims", "--json")
    assert status == 0, err
    *others, last = json.loads(out)
    assert all(row["number"] and "own_claim" not in row for row in others)
    assert (last["number"], last["own_claim"], last["computed"]) == (None, "mine.py", True)
    assert last["page"] == "own_claim/mine/index.html"


def test_its_page_is_that_of_the_experiment_with_the_file(mine):
    name = mine()
    (request,) = page_requests([name], {})
    assert (request.name, request.slug, request.target, request.given) == ("own_claim", "mine", "mine.py", {})
    assert (
        request.title == "Average pools are as <b>good</b>; see statement 3: 100 training images of mnist_5k, 1 epoch"
    )
    assert page_requests(["own_claim"], {"file": name})[0].slug == "mine"
    assert page_request(name, {}).arms == request.arms
    example = page_request("own_claim", {})
    assert (example.slug, example.target) == ("default", "own_claim")
    assert (
        example.title == "Average pools learn digits as well as max pools: 1,000 training images of mnist_5k, 3 epochs"
    )


def test_two_files_never_share_a_page(mine, tmp_path):
    (tmp_path / "a").mkdir()
    slugs = [page_requests([mine(name)], {})[0].slug for name in ("default.py", "a b.py", "a-b.py", ".py.py")]
    assert len({*slugs, "default"}) == 5
    with pytest.raises(UsageError, match="'mine.py' and 'a/mine.py' would go to one folder, 'mine'; rename one"):
        page_requests([mine(), mine("a/mine.py")], {})
    assert len(page_requests([mine(), "./mine.py"], {})) == 1


def test_it_takes_no_parameters(mine, capsys):
    status, out, _ = call(capsys, "run", mine(), "--parameters")
    assert (status, out) == (0, "mine.py takes no parameters: what may be changed stands in it.\n")


@pytest.mark.parametrize(
    "changes, arguments, sentence",
    [
        ({}, ["gone.py"], "There is no file "),
        ({"CLAIM ": "None"}, [], "has no CLAIM; it needs CLAIM = OwnClaim(…)"),
        ({"arms": '{"max": PATTERN}'}, [], "A claim has two arms or more"),
        ({"arms": '{"max": "lenet6", "average": PATTERN}'}, [], "Arm 'max': Unknown model 'lenet6'"),
        ({"holds": 'difference("mean", "max", more_by=1)'}, [], "Unknown arm in holds 'mean'"),
        ({"same_within": "-1"}, [], "The margin of a difference must be a number above 0. Received: -1"),
        ({"dataset": "1 / 0"}, [], "could not be loaded: ZeroDivisionError in line 8 of mine.py"),
        ({}, ["-p", "epochs=3"], "'mine.py' takes no parameters: what may be changed stands in it. Received: 'epochs'"),
    ],
    ids=lambda value: str(value)[:40],
)
def test_a_wrong_call_is_one_sentence_and_writes_nothing(changes, arguments, sentence, mine, tmp_path, capsys):
    name = mine(**{old: new for old, new in changes.items() if old != "CLAIM "})
    if "CLAIM " in changes:
        (tmp_path / name).write_text("CLAIM = None")
    status, out, err = call(capsys, "run", name, *arguments)
    assert (status, out) == (2, "")
    assert sentence in err and err.count("\n") == 1
    assert not (tmp_path / "runs").exists() and not (tmp_path / "reports").exists()


@pytest.mark.parametrize(
    "entry",
    [
        "mine.py",
        "{run: own_claim, parameters: {file: below/mine.py}}",
        f"{{run: {experiment('own_claim').notebook}, parameters: {{file: below/mine.py}}}}",
    ],
)
def test_a_batch_file_needs_trust_to_run_it(entry, mine, tmp_path):
    (tmp_path / "below").mkdir()
    mine("below/mine.py")
    (tmp_path / "below" / "batch.yaml").write_text(f"experiments: [{entry}]")
    with pytest.raises(
        UsageError, match=r"Entry 1 of .*mine.py' is code that would run. Give --trust if you trust it."
    ):
        page_requests(["below/batch.yaml"], {})
    (request,) = page_requests(["below/batch.yaml"], {}, trust=True)
    assert request.slug == "mine"
    (tmp_path / "below" / "batch.yaml").write_text("experiments: [own_claim]")
    assert page_requests(["below/batch.yaml"], {})[0].slug == "default"
