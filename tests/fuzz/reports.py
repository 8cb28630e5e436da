"""``report.json`` of others, in a folder of reports and on a published site: listed, or named as damaged."""

from __future__ import annotations

import contextlib
import json
import shutil
from pathlib import Path

from cnnrepro.claims.ledger import LEDGER
from cnnrepro.claims.own_claims import own_outcomes
from cnnrepro.claims.run_checks import published_results
from cnnrepro.claims.verdict import WORDS
from cnnrepro.errors import WorkFailed
from cnnrepro.experiments.catalogue import EXPERIMENTS
from cnnrepro.files import json_text
from cnnrepro.report import site
from cnnrepro.report.origins import require_origins
from cnnrepro.runner.notebook_to_page import _seconds_before
from cnnrepro.stderr import make_steps
from tests.fuzz.fuzzing import Finding, Target
from tests.fuzz.mutation import of_json

SOUND = {
    "title": "Sound",
    "experiment": "mine",
    "created": "2026-01-01",
    "facts": {},
    "verdicts": [],
    "no_verdicts": [],
}
TOKENS: list[object] = [*WORDS, *EXPERIMENTS, "claims", "benchmarks", *SOUND, "parameters", "figures", "drawn",
    "own_claims", "answers"]  # fmt: skip
TOKENS += ["claim", "word", "sentence", "basis", "made", "evidence", "parts", "found", "effects", "curves", "left_out"]
TOKENS += ["name", "value", "low", "high", "unit", "n", "rule", "condition", "text", "part", "statement", "file",
    "sha256"]  # fmt: skip
TOKENS += ["started", "contrasts", "runs", "To repeat", "computed now", "judged now, from runs recorded earlier",
    "Notebook"]  # fmt: skip
TOKENS += ["recorded earlier, not computed now", 30, 47, 999, "<script>t()</script>", '"onload="t()', "javascript:t()"]
TOKENS += ["dataset", "epochs", "seeds", "networks", "mnist_5k", [0, 1], list(range(20)), "seconds", "full", "margin"]
EFFECT = {"name": "n", "value": 1.0, "low": 0.5, "high": 2.0, "unit": "points", "n": 5, "rule": "r", "word": "holds"}
TOKENS += [EFFECT, {"claim": 30, "word": "holds", "sentence": "s", "effects": [EFFECT]},
    {"word": "holds", "found": "f"}]  # fmt: skip


def run(data: bytes, folder: Path) -> None:
    reports = folder / "reports"
    shutil.rmtree(reports, ignore_errors=True)
    try:
        named = json.loads(data).get("experiment")
    except (ValueError, AttributeError, RecursionError):
        named = None
    place = reports / (named if isinstance(named, str) and named in EXPERIMENTS else "mine") / "odd"
    for where, text in ((place, data), (reports / "mine" / "sound", json.dumps(SOUND).encode())):
        where.mkdir(parents=True)
        (where / "report.json").write_bytes(text)
        (where / "index.html").write_text('<nav class="near"></nav><nav class="related"></nav><main>Sound</main>')
    show(reports, place)


def show(reports: Path, place: Path) -> None:
    """All that the commands make of a report."""
    make_steps("mine", _seconds_before(place), style="none")
    site.newest_first(reports)
    entries, damaged = site.read_reports(reports)
    if len(entries) + len(damaged) != 2:
        raise Finding("a report that is neither listed nor named")
    for text in (site.write_index(reports).read_text(), _site(reports)):
        if "mine/sound" not in text or "<script" in text.lower():
            raise Finding("an index without the sound report, or with markup that is none of ours")
    with contextlib.suppress(WorkFailed):  # its numbers lead to no record
        require_origins([place], reports)
    json_text([outcome.to_dict() for outcome in own_outcomes(reports)])
    for row in LEDGER.values():
        if row.experiment == place.parent.name:
            published_results(row, reports)


def _site(reports: Path) -> str:
    site._link_pages(reports, documented=False)
    front = site._write_site(reports, None)
    return front.read_text() + (reports / "questions.html").read_text() + (reports / "ledger.html").read_text()


TARGET = Target(run, of_json(TOKENS), allowed=())
