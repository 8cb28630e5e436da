"""Whether the numbers of a page come from the records beside it: each is made again from them before it is published.

A figure's CSV with the columns of ``COLUMNS`` has one row a number: the runs that it is made from, with weights, and
the fields of a record that are read. What has to be so, else nothing is published:

- each row: its runs are records beside the page, which have the fields and give the value again;
- each number of a verdict that rests on runs: it is the mean of such rows, of as many seeds, with the interval of
  Student's t at the level of a statement over one of Holm's steps; of shares, with that of Clopper and Pearson;
- each number with its seeds in brackets in a verdict's sentences: likewise;
- each row of a table of contrasts, beside such a CSV: likewise.

The page of the ledger shows verdicts on runs that lie beside other pages of the folder; they are looked for there.
"""

from __future__ import annotations

import csv
import html
import io
import json
import math
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from cnnrepro.claims.checks.training_comparisons import AHEAD, SHARE, is_ahead_throughout
from cnnrepro.claims.decisions import LEVEL
from cnnrepro.claims.ledger import LEDGER
from cnnrepro.claims.own_claims import CARRIED, OwnVerdict
from cnnrepro.claims.paired_statistics import CONFIDENCE, FEWEST, PairedDifference, paired_difference
from cnnrepro.claims.run_checks import LARGEST
from cnnrepro.claims.verdict import FROM_RECORDS, NOW, Effect, Verdict
from cnnrepro.errors import WorkFailed
from cnnrepro.experiments.run_scores import OCTAVES, SCORES
from cnnrepro.files import read_regular
from cnnrepro.report.figure_numbers import COLUMNS
from cnnrepro.report.page import PAGE, REPORT
from cnnrepro.runs.record import DONE, UnreadableRecord, read_record
from cnnrepro.runs.store import RECORD

if TYPE_CHECKING:
    from cnnrepro.runs.record import RunRecord

_OF_CONTRASTS = ("what", "measured", "mean", "interval", "n")  # columns of their table
_FIGURES_OF_WEIGHTS = 6
MOST_STEPS = 100  # of Holm's, times the parts of a statement
LONGEST_NAME = 2000  # characters, of what is compared and measured
_CLOSE = 2e-6  # a verdict's numbers are kept to six decimals
_CLOSE_IN_CSV = 6e-8  # and those of figures to eight digits
_RUN = re.compile(r"([+-][0-9.e+-]{1,30})\*([0-9a-f]{16})")
_NUMBER = r"[+−]?[0-9][0-9.]{0,20}"
# "−0.31 points (97.5 % interval −0.55 to −0.07, 10 seeds)", "1.46 times (5 seeds)"
_FIGURES = re.compile(
    rf"(?P<mean>{_NUMBER})(?: times| points| nats) \("
    rf"(?:(?P<level>[0-9.]{{1,9}}) % interval (?P<low>{_NUMBER})(?: times)? to (?P<high>{_NUMBER})(?: times)?, )?"
    r"(?P<n>[0-9]{1,9}) seeds?\)"
)


class _Orphan(Exception):
    """A number that leads to no record; the text names it."""


@dataclass(frozen=True)
class _Numbers:
    """What was compared and measured, with its number of each seed, as the records give it (a factor as logarithm)."""

    what: str
    measured: str
    values: Sequence[float]

    @cached_property
    def pairs(self) -> PairedDifference:
        return paired_difference(self.values, [0.0] * len(self.values))

    def interval(self, level: float) -> tuple[float, float]:
        """Of the mean, or of the share where seeds are counted; NaN where there are too few for one."""
        if self.measured != AHEAD:
            return self.pairs.interval(level)
        from scipy import stats

        found = stats.binomtest(int(sum(self.values)), len(self.values)).proportion_ci(CONFIDENCE, method="exact")
        return (float(found.low), float(found.high)) if len(self.values) >= FEWEST else (math.nan, math.nan)

    def spelled_like(self, text: str, value: float) -> bool:
        """Whether a number as people read it is this value, rounded to its digits."""
        shown, value = float(text.replace("−", "-")), 2**value if _is_factor(self.measured) else value
        return abs(shown - value) <= 0.5001 * 10.0 ** -len(text.partition(".")[2])

    def gives(self, found: re.Match) -> bool:
        """Whether mean, interval and seeds of a sentence are those of these numbers."""
        try:
            level = LEVEL / round(LEVEL / (1 - float(found["level"]) / 100)) if found["level"] else math.nan
            said = [(found["mean"], self.pairs.mean)]
            said += zip((found["low"], found["high"]), self.interval(level), strict=True) if found["level"] else ()
            return int(found["n"]) == len(self.values) and all(self.spelled_like(*one) for one in said)
        except (ValueError, ArithmeticError):  # no such number, no such level
            return False

    def gives_row(self, row: Mapping[str, str]) -> bool:
        """Whether these are the numbers of a row of a table of contrasts."""
        if (row["what"], row["measured"], row["n"]) != (self.what, self.measured, str(len(self.values))):
            return False
        mean, *ends = f"{row['mean']} to {row['interval']}".replace(" times", "").split(" to ")
        try:
            intervals = [self.interval(LEVEL / steps) for steps in range(1, MOST_STEPS + 1)]
            given = [all(map(self.spelled_like, ends, interval)) for interval in intervals]
            known = any(given) if len(ends) == 2 else not self.pairs.has_interval
            return known and self.spelled_like(mean, self.pairs.mean)
        except (ValueError, ArithmeticError):  # no number
            return False


def _is_factor(measured: str) -> bool:
    return measured in SCORES and SCORES[measured].unit == OCTAVES


def require_origins(folders: Sequence[Path], reports: Path) -> None:
    """Make sure that the numbers of pages come from records; pages that cannot be read are passed over.

    Args:
        folders: of the pages.
        reports: the folder of all.

    Raises:
        WorkFailed: a number leads to no record, or these do not give it; names the page, the place and the number.
    """
    for folder in folders:
        try:
            about = json.loads(read_regular(folder / REPORT, LARGEST, links=False))
            verdicts = [Verdict.from_dict(one) for one in about["verdicts"]]
            own = [OwnVerdict.from_dict(one) for one in about.get(CARRIED, ())]
        except (OSError, ValueError, LookupError, TypeError, AttributeError, ArithmeticError, RecursionError):
            continue  # the index names it
        try:
            _require_page(folder, verdicts, own, reports)
        except _Orphan as orphan:
            page, why = f"{folder.relative_to(reports).as_posix()}/{PAGE}", str(orphan)[:LONGEST_NAME]
            raise WorkFailed(
                f"{page} is not published: {why}. Draw it again from its records (its command stands at its end), or "
                "take it out of the folder of reports. Nothing was written."
            ) from None


def _require_page(folder: Path, verdicts: Sequence[Verdict], own: Sequence[OwnVerdict], reports: Path) -> None:
    here = list(_numbers(folder))

    @cache
    def numbers_of(experiment: str) -> list[_Numbers]:
        return [one for page in sorted(reports.glob(f"{experiment}/*/")) for one in _unless_refused(page)]

    for verdict in verdicts:
        name, numbers = f"the verdict on statement {verdict.claim}", here
        experiment = LEDGER[verdict.claim].experiment if verdict.claim in LEDGER else ""
        if experiment and verdict.made == FROM_RECORDS:
            numbers = numbers_of(experiment)
        bare = experiment and not verdict.effects and verdict.made in (NOW, FROM_RECORDS)
        if bare and (found := re.search(r"\d[\d.,]*", verdict.sentence)):
            raise _Orphan(f"{name} says {found[0]!r} and names no number that was judged (effects)")
        _require_verdict(verdict, numbers, name)
    for verdict in own:
        _require_verdict(verdict, here, f"the verdict on “{verdict.statement}”")
    for row in _contrast_rows(folder / PAGE) if here else ():
        if not any(one.gives_row(row) for one in here):
            said = ", ".join(row[name] for name in _OF_CONTRASTS)
            raise _Orphan(f"the table of contrasts says {said!r}, which its runs do not give")


def _contrast_rows(page: Path) -> Iterator[dict[str, str]]:
    """The rows of a page's tables of contrasts, cells by column."""
    try:
        text = read_regular(page, LARGEST, links=False).decode()
    except (OSError, ValueError):
        return
    for table in text.split("<table>")[1:]:
        head, *rows = [_cells(row) for row in table.partition("</table>")[0].split("<tr>")[1:]] or [[]]
        if set(_OF_CONTRASTS) <= set(head):
            yield from (dict(zip(head, row, strict=False)) for row in rows if len(row) == len(head))


def _cells(row: str) -> list[str]:
    cells = (cell.partition(">")[2].partition("</t")[0] for cell in row.replace("<th", "<td").split("<td")[1:])
    return [html.unescape(re.sub(r"<[^<>]*>", "", cell)) for cell in cells]


def _unless_refused(folder: Path) -> list[_Numbers]:
    """The numbers of another page; none where it is refused itself."""
    try:
        return list(_numbers(folder))
    except _Orphan:
        return []


def _require_verdict(verdict: Verdict | OwnVerdict, numbers: Sequence[_Numbers], name: str) -> None:
    for effect in verdict.effects:
        _require_effect(effect, numbers, name)
    parts = [part.found for part in getattr(verdict, "parts", ())]
    for text in (verdict.sentence, *verdict.evidence, *parts, *(f"{one.name} {one.text}" for one in verdict.effects)):
        for found in _FIGURES.finditer(text):
            before = text[max(0, found.start() - LONGEST_NAME) : found.start()].lower()
            if not any(one.gives(found) for one in numbers if _is_named(one, before)):
                raise _Orphan(f"{name} says {found[0]!r}, which its runs do not give")


def _is_named(one: _Numbers, before: str) -> bool:
    """Whether a text ends with what was compared and measured; the condition stands elsewhere in the sentence."""
    words = one.what.split(", ")
    names = (", ".join(words[:end]) for end in range(1, len(words) + 1))
    return any(before.endswith(f"{name}: {one.measured} ".lower()) for name in names)


def _require_effect(effect: Effect, numbers: Sequence[_Numbers], verdict: str) -> None:
    name, _, measured = effect.name.rpartition(": ")
    if measured not in SCORES:
        name, measured = effect.name, AHEAD if effect.unit == SHARE else ""
    what = ", ".join(filter(None, (name, effect.condition)))
    place = f"{verdict}: {what}, {measured or effect.unit}"
    own = [one for one in numbers if (one.what, one.measured) == (what, measured)]
    if not own:
        raise _Orphan(f"{place}: {effect.value} leads to no run")
    wrong = [_mistake(effect, one) for one in own]  # two statements of a page may have contrasts of one name
    if all(wrong):
        raise _Orphan(f"{place}: {wrong[0]}")


def _mistake(effect: Effect, own: _Numbers) -> str:
    """What of a number is not as its runs give it; "" where all is."""
    if effect.n != len(own.values):
        return f"n is {effect.n}, and there are {len(own.values)} seeds"
    numbers = [("value", effect.value, own.pairs.mean)]
    numbers += zip(("low", "high"), (effect.low, effect.high), _interval(effect, own), strict=True)
    for name, said, found in numbers:
        if not (math.isnan(found) if said is None else math.isclose(said, found, rel_tol=_CLOSE, abs_tol=_CLOSE)):
            return f"{name} is {said}, and the runs give {found:.6f}"
    return ""


def _interval(effect: Effect, own: _Numbers) -> tuple[float, float]:
    """The interval of the runs at the level, of those that are used, that is nearest to an effect's."""
    levels = [LEVEL / steps for steps in range(1, 1 + (MOST_STEPS if own.measured != AHEAD else 1))]
    length = 0.0 if effect.interval is None else effect.interval[1] - effect.interval[0]
    return min(map(own.interval, levels), key=lambda ends: abs(ends[1] - ends[0] - length))


def _numbers(folder: Path) -> Iterator[_Numbers]:
    """The numbers of a page's figures, each made again."""
    for path in sorted(folder.glob("figures/*.csv")):
        found: dict[tuple[str, str], list[float]] = {}
        for line, row in _rows(path):
            value = _again(row, folder, f"figures/{path.name}, line {line}: {row['value']}")
            found.setdefault((row["what"], row["measured"]), []).append(value)
        yield from (_Numbers(*key, values) for key, values in found.items())


def _rows(path: Path) -> list[tuple[int, dict[str, str]]]:
    """The rows of a figure's CSV, each with the number of its line; none where it has other columns or is no CSV."""
    try:
        read = csv.DictReader(io.StringIO(read_regular(path, LARGEST, links=False).decode()), restval="")
        return [(read.line_num, row) for row in read] if set(COLUMNS) <= set(read.fieldnames or ()) else []
    except (OSError, ValueError, csv.Error):
        return []


def _again(row: dict[str, str], folder: Path, place: str) -> float:
    """The number of a row, which its runs give; a factor as logarithm."""
    named = [_RUN.fullmatch(run) for run in row["runs"].split()]
    if not named or not all(named):
        raise _Orphan(f"{place} leads to no run")
    runs = [_record(folder, run[2], place) for run in named]
    measured, fields, rounded = row["measured"], tuple(row["fields"].split()), 0.0
    try:
        if measured == AHEAD:
            value = float(is_ahead_throughout(*runs, fields))
        elif fields == SCORES[measured].fields:
            terms = [float(run[1]) * SCORES[measured].read(record) for run, record in zip(named, runs, strict=True)]
            value = sum(terms)
            if any(len(run[1]) > _FIGURES_OF_WEIGHTS for run in named):  # −0.0833333
                rounded = 10.0**-_FIGURES_OF_WEIGHTS * sum(map(abs, terms)) * 5
        else:
            raise KeyError(measured)
        value, said = 2**value if _is_factor(measured) else value, float(row["value"])
    except (LookupError, TypeError, ValueError, ArithmeticError):
        raise _Orphan(f"{place} cannot be read off {row['fields'] or 'no field'} as {measured!r}") from None
    if not math.isclose(said, value, rel_tol=_CLOSE_IN_CSV, abs_tol=1e-9 + rounded):
        raise _Orphan(f"{place} is not what its runs give, {value:.8g}")
    return math.log2(said) if _is_factor(measured) else said


def _record(folder: Path, key: str, place: str) -> RunRecord:
    path = folder / "records" / key / RECORD
    try:
        if path.is_symlink() or not path.is_file():
            raise UnreadableRecord("it is not there")
        record = read_record(path)
    except (OSError, UnreadableRecord) as error:
        raise _Orphan(f"{place} leads to run {key}, whose record beside the page cannot be read: {error}") from None
    if record.key != key or record.status != DONE:
        raise _Orphan(f"{place} leads to run {key}, and the record of that name is of another or has not ended")
    return record
