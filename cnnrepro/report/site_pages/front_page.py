"""The front page of a published site: what was asked, what came out, and where to look."""

from __future__ import annotations

import io
from collections.abc import Collection, Mapping, Sequence
from pathlib import Path
from urllib.parse import unquote

from cnnrepro.claims.checks.training_comparisons import DECISIVE
from cnnrepro.claims.ledger import LEDGER
from cnnrepro.claims.scope import counted
from cnnrepro.claims.verdict import FROM_RECORDS, NOW, RECORDED, Verdict, count
from cnnrepro.files import read_regular
from cnnrepro.report import few_colours, opening
from cnnrepro.report.display import FIGURE_NAME
from cnnrepro.report.page import MOST_PIXELS
from cnnrepro.report.safe_html import verdict_look
from cnnrepro.report.site_pages.by_question import BENCHMARKS, FLAGSHIP, OWN, by_question, grouped
from cnnrepro.report.site_pages.frame import DOCUMENTATION, LEDGER_TABLE, QUESTIONS
from cnnrepro.report.site_pages.ledger_table import key_of

CLAIM = 30  # the flagship's statement
LARGEST_PICTURE = 120_000  # bytes of PNG on the page, which stays below 300 KB
WIDTHS = (1200, 1000, 800, 640, 480)  # pixels; the first that is small enough
MODELS = "the-models-against-the-published-figures"  # the heading in docs/results.md
MOST_PAGES = 3  # of a question; the others stand in the list of all
_LARGEST_READ = 20 * 2**20  # bytes of a figure


def shown(
    site: Path, entries: Sequence[dict], verdicts: Mapping[int, Verdict], documents: Collection[str]
) -> dict[str, object]:
    """What the front page's template shows.

    Args:
        site: its folder.
        entries: what the index says of each report, newest first.
        verdicts: on each statement of the ledger.
        documents: the pages of the documentation, from the folder of the site.
    """
    counted = count(verdicts.values())
    made = [verdict.made for verdict in verdicts.values()]
    asked = [one for one in by_question(entries) if one["group"] != OWN]
    return {
        "asked": len(verdicts),
        "words": [
            (word, number, *verdict_look(word), f"{LEDGER_TABLE}#{key_of(word)}")
            for word, number in counted.statements.items()
        ],
        "apart": ", ".join(f"{number} × {word}" for word, number in counted.apart.items()),
        "recorded": made.count(RECORDED),
        "computed": made.count(NOW) + made.count(FROM_RECORDS),
        "flagship": flagship(site, entries, verdicts),
        "places": list(places(entries, documents)),
        "documented": DOCUMENTATION in documents,
        "groups": grouped(asked),
        "own": len(entries) - len(asked),
        "most": MOST_PAGES,
        "questions_page": QUESTIONS,
    }


def flagship(site: Path, entries: Sequence[dict], verdicts: Mapping[int, Verdict]) -> dict | None:
    """The flagship's answer; None where there is no page of it.

    Of several it is the one on the data that the statement speaks of, if it has seeds enough to decide; else, and among
    these, the one with the most seeds, then the newest. Where it is on other data, the ledger's word stands beside it
    if that differs; and the words of the others, on other data than it, stand below.
    """
    made = [(entry, Verdict.from_dict(one)) for entry in entries for one, *_ in entry["verdicts"]]
    found = [
        (entry, verdict, max((effect.n for effect in verdict.effects), default=0), opening.rows([verdict], [])[0])
        for entry, verdict in made
        if entry["experiment"] == FLAGSHIP and verdict.claim == CLAIM
    ]
    if not found:
        return None
    found.sort(key=lambda one: (not one[3]["other_data"] and one[2] >= DECISIVE, one[2]), reverse=True)
    entry, verdict, _, row = found[0]
    others = {}
    for other, _, seeds, its in found:
        if its["other_data"] != row["other_data"]:
            others.setdefault(its["other_data"], its | {"link": other["link"], "seeds": counted(seeds, "seed")})
    statement, word = LEDGER[CLAIM], verdicts[CLAIM].word
    (asked,) = by_question([entry])
    return row | {
        "question": asked["question"],
        "title": entry["title"],
        "link": entry["link"],
        "sentence": verdict.sentence,
        "in_ledger": word if word != verdict.word else "",
        "wanted": f"{statement.dataset}, {statement.epochs} epochs",
        "others": [one | {"data": data or statement.dataset} for data, one in others.items()],
        "picture": _picture(site / unquote(entry["link"]), entry["figures"]),
        "drawn": entry["drawn"],
    }


def _picture(page: Path, figures: Sequence[object]) -> str:
    """The curves of a page, or its first figure, small enough for a front page; "" where they cannot be read."""
    from PIL import Image

    named = [name for name in figures if isinstance(name, str) and FIGURE_NAME.fullmatch(name)]
    for name in ["curves"] * ("curves" in named) + named[:1]:
        try:
            pixels = read_regular(page.parent / "figures" / f"{name}.png", _LARGEST_READ, links=False)
            with Image.open(io.BytesIO(pixels), formats=("PNG",)) as picture:
                if picture.width * picture.height > MOST_PIXELS:
                    continue
                made = (few_colours.small_png(picture, width) for width in WIDTHS)
                return few_colours.png_address(next(png for png in made if len(png) <= LARGEST_PICTURE))
        except (OSError, ValueError, SyntaxError, StopIteration, Image.DecompressionBombError):
            continue
    return ""


def places(entries: Sequence[Mapping], documents: Collection[str]) -> list[dict[str, str]]:
    """Where to look for what: of the pages that have it the first that the site has; what none has is left out."""
    pages = {entry["experiment"]: entry["link"] for entry in reversed(entries)}  # the newest of each
    wanted = (
        ("All questions", "each with the pages that answer it", [QUESTIONS]),
        ("The ledger", "every statement with its word, by word, notes and subject", [LEDGER_TABLE]),
        (
            "The models",
            "LeNet to ResNet, beside the published figures",
            [pages.get("architectures"), f"docs/results.html#{MODELS}"],
        ),
        ("The benchmarks", "how fast training is, beside others", [pages.get(BENCHMARKS), "docs/speed.html"]),
        ("How numbers come about", "what is exact, and what moves the last bits", ["docs/reproducibility.html"]),
        ("Results", "what stands behind the words, and what does not hold", ["docs/results.html"]),
        ("Documentation", "how to run it, also on pictures, networks and claims of your own", [DOCUMENTATION]),
    )
    there = {QUESTIONS, LEDGER_TABLE, *documents, *pages.values()}
    found = [
        (text, about, next((link for link in links if link and link.partition("#")[0] in there), ""))
        for text, about, links in wanted
    ]
    return [{"text": text, "about": about, "link": link} for text, about, link in found if link]
