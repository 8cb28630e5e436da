"""What a page opens with, before anything of its notebook: each statement in its words, the word on it, the number that
it rests on, and one chart.
"""

from __future__ import annotations

import io
import re
from collections.abc import Sequence
from itertools import groupby
from string import ascii_lowercase
from typing import TYPE_CHECKING

from cnnrepro.claims.ledger import LEDGER
from cnnrepro.claims.own_claims import OwnVerdict
from cnnrepro.claims.verdict import Effect, NoVerdict, Verdict, capital
from cnnrepro.report.few_colours import png_address, small_png
from cnnrepro.report.own_claim_views import ANCHOR, NO_STATEMENT
from cnnrepro.report.safe_html import verdict_look

if TYPE_CHECKING:
    from PIL.Image import Image as Picture

MOST_ROWS = 16  # of the table; the statements of the ledger are a line of links
MOST_BESIDE_CHART = 6  # rows that leave room for a chart on the first screen
CHART_WIDTH = 1200  # pixels, sharp at the width of a page
WIDEST = 60  # rem; of a chart
LOW, TALLEST = 0.4, 0.9  # height by width: of a taller chart a wide screen, or a phone, shows the upper part
BLANK = 250  # of 255: a row of pixels of at least this has nothing in it


def rows(verdicts: Sequence[Verdict], no_verdicts: Sequence[NoVerdict], own: Sequence[OwnVerdict] = ()) -> list[dict]:
    """One row a statement, in the order of their numbers, and behind them one a claim of somebody's own."""
    made = [_judged(verdict) for verdict in verdicts] + [_not_judged(one) for one in no_verdicts]
    return sorted(made, key=lambda row: row["number"]) + [_own(one) for one in own]


def _judged(verdict: Verdict) -> dict:
    row = _row(verdict.claim, verdict.word, *verdict_look(verdict.word))
    row |= {"basis": verdict.basis, "earlier": verdict.earlier, "found": verdict.brief(), "parts": _parts(verdict)}
    row |= {"other_data": _other_data(verdict)}
    if not verdict.first_effect or any(part["found"] for part in row["parts"]):
        return row
    # of one part the sentence is the number
    return row | _number(verdict.first_effect) | {"found": verdict.brief() if verdict.parts else ""}


def _other_data(verdict: Verdict) -> str:
    """The data that a verdict is on, where its statement speaks of other data."""
    statement, data = LEDGER.get(verdict.claim), re.split(r" \(|,", verdict.basis)[0]
    return data if statement and statement.dataset not in ("", data) else ""


def _number(effect: Effect) -> dict:
    """What a verdict rests on, its number and its interval."""
    number, dash, interval = effect.text.partition(" (")
    what = f"{effect.condition}: {effect.name}" if effect.condition else effect.name
    return {"what": capital(what), "value": number, "interval": dash.strip() + interval}


def _own(verdict: OwnVerdict) -> dict:
    """A row without a number, which says whose claim it is."""
    row = _row(None, verdict.word, *verdict_look(verdict.word)) | {"text": verdict.statement, "link": f"#{ANCHOR}"}
    row |= {"basis": f"{verdict.basis}; {verdict.file}, SHA-256 {verdict.sha256[:16]}…", "earlier": ""}
    return (
        row
        | {"own": NO_STATEMENT, "found": verdict.sentence}
        | (_number(verdict.effects[0]) if verdict.effects else {})
    )


def _parts(verdict: Verdict) -> list[dict]:
    """Of a statement that says several things, each with its word."""
    claimed = LEDGER[verdict.claim].parts if verdict.claim in LEDGER else ()
    shown = []
    for place, (letter, part, said) in enumerate(zip(ascii_lowercase, verdict.parts, claimed, strict=False)):
        look, mark = verdict_look(part.word)
        stands = [one for one in verdict.effects if one.part == place and not one.condition]
        stands.sort(key=lambda one: one.word != part.word)  # first what the word comes from
        found = f"{capital(stands[0].name)} {stands[0].text}" if stands else ""
        own = {"letter": letter, "look": look, "mark": mark, "word": part.word}
        shown.append(own | {"text": said.text, "found": found})
    return shown


def _not_judged(none: NoVerdict) -> dict:
    return _row(none.claim, "no verdict", "none", "–") | {"basis": none.basis, "found": none.sentence}


def _row(number: int | None, word: str, look: str, mark: str) -> dict:
    text = LEDGER[number].text if number in LEDGER else ""
    named = {"number": number, "text": text, "word": word, "look": look, "mark": mark}
    return named | {"what": "", "value": "", "interval": "", "parts": [], "link": f"#statement-{number}"}


def has_room(rows: Sequence[dict]) -> bool:
    """Whether a chart is on the first screen beside these rows."""
    return len(rows) <= MOST_BESIDE_CHART or len(rows) > MOST_ROWS


def chart(png: bytes) -> dict[str, str]:
    """A figure's picture as a chart for the first screen.

    Returns:
        Its data: address as ``source``; ``style``, where a wide screen ends it; ``look``, its classes: where it is cut
        through a panel, on a wide screen or everywhere, it fades.
    """
    from PIL import Image

    picture = Image.open(io.BytesIO(png))
    most, low = (max(2, round(picture.width * share)) for share in (TALLEST, LOW))
    end, fades = _end(picture, most)
    wide, wide_fades = _end(picture, low)
    picture = picture.crop((0, 0, picture.width, end))
    style = f"--end: {WIDEST * wide / picture.width:.2f}rem" if end > low else ""
    look = " tall" * wide_fades + " taller" * fades
    return {"source": png_address(small_png(picture, CHART_WIDTH)), "look": look, "style": style}


def _end(picture: Picture, most: int) -> tuple[int, bool]:
    """Where a picture is cut that may have so many rows, and whether that is within a panel.

    It is cut amid the broadest blank band of the lower half of what there is room for, which lies between two panels.
    """
    import numpy as np

    if picture.height <= most:
        return picture.height, False
    blank = np.asarray(picture.convert("L"))[most // 2 : most].min(axis=1) >= BLANK
    bands = [(len(list(band)), is_blank) for is_blank, band in groupby(blank.tolist())]
    ends = np.cumsum([length for length, _ in bands])
    broadest = max(range(len(bands)), key=lambda at: bands[at][0] * bands[at][1])
    length, is_blank = bands[broadest]
    return (most // 2 + int(ends[broadest]) - length // 2, False) if is_blank else (most, True)
