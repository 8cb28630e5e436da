"""The ledger as a table, which its reader narrows down by word, by notes and by subject, without a script.

A word comes from the site's page of the checks, which says of each when it was made; where there is no such page, or
where it has not the statement, it is the one that the package has recorded, and marked so. Claims of people's own,
which have no number, stand in a table below.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from string import ascii_lowercase

from cnnrepro.claims.ledger import LEDGER
from cnnrepro.claims.run_checks import Outcome
from cnnrepro.claims.statement import SOURCES, Statement
from cnnrepro.claims.verdict import FROM_RECORDS, HOLDS, NOT_MADE, NOW, RECORDED, WORDS, Verdict, capital
from cnnrepro.report import links, opening
from cnnrepro.report.own_claim_views import ANCHOR

TRAINING = "What training decides"  # the subject of the statements that runs judge, or are to
MADE = {  # what the table says of a word, by when it was made
    NOW: "computed",
    FROM_RECORDS: "judged from the records of runs",
    RECORDED: "recorded, not computed",
    NOT_MADE: "no runs yet",
}


@dataclass(frozen=True)
class Filter:
    """One choice of a group of filters.

    Args:
        key: of its rows' class, and of the address that shows them alone.
        text: as readers see it.
        count: its rows.
    """

    key: str
    text: str
    count: int


def verdicts_of(ledger: Mapping | None) -> dict[int, Verdict]:
    """The verdict on each statement of the ledger: that of its page, or the recorded one, marked as such.

    Args:
        ledger: what the index says of the page of the checks; None where the site has none.
    """
    had = [verdict for verdict, *_ in ledger["verdicts"]] if ledger else []
    made = {verdict["claim"]: Verdict.from_dict(verdict) for verdict in had}
    return {number: made.get(number) or Outcome(row, None).shown for number, row in LEDGER.items()}


def key_of(word: str) -> str:
    """The name of a word's filter: "word-does-not-hold"."""
    return "word-" + "-".join("".join(letter if letter.isalpha() else " " for letter in word).split())


def subject_of(row: Statement) -> str:
    """What a statement is about: what training decides, or the topic of its check."""
    return TRAINING if row.experiment or row.to_come else capital(row.function.partition(":")[0].replace("_", " "))


def shown(verdicts: Mapping[int, Verdict], ledger: Mapping | None, entries: Sequence[Mapping]) -> dict[str, object]:
    """What the table's template shows.

    Args:
        verdicts: on each statement.
        ledger: what the index says of the page of the checks, on which the cards are.
        entries: what the index says of each page of the site.
    """
    pages = links.neighbours(entries)
    return {
        "rows": [_row(LEDGER[number], verdict, ledger, pages) for number, verdict in verdicts.items()],
        "filters": filters(verdicts),
        "made": made_counts(verdicts),
        "sources": {name: source.title for name, source in SOURCES.items()},
        "card": ledger["link"] if ledger else "",
        "created": ledger["created"][:10] if ledger else "",
        "own": [row for entry in entries for row in _own_rows(entry)],
    }


def _own_rows(entry: Mapping) -> list[dict]:
    """The claims of somebody's own that a page has, by the words that it has on them."""
    about = {"link": f"{entry['link']}#{ANCHOR}", "title": entry["title"]}
    return [
        {**about, "text": one["statement"], "word": one["word"], "look": look, "mark": mark, "found": one["sentence"]}
        | {"basis": one.get("basis", ""), "file": one.get("file", "")}
        for one, look, mark in entry["own_claims"]
    ]


def _row(row: Statement, verdict: Verdict, ledger: Mapping | None, pages: Sequence[links.Neighbour]) -> dict:
    (said,) = opening.rows([verdict], [])
    place = f"#statement-{row.number}"
    card = f"{ledger['link']}{place}" if ledger and row.number in ledger["claims"] else ""
    keys = [key_of(verdict.word), *row.sources, _subject_key(subject_of(row))]
    judged = verdict.made in (NOW, FROM_RECORDS)  # else what was found says what the mark says
    judging = [{"title": page.title, "link": page.link + place} for page in links.judging(row.number, pages)]
    return said | {
        "found": said["found"] if judged else "",
        "why": _why(verdict) if judged else [],
        "made": MADE.get(verdict.made, verdict.made),
        "source": row.source,
        "classes": " ".join(keys),
        "card": card,
        "pages": judging,
    }


def _why(verdict: Verdict) -> list[tuple[str, str]]:
    """What was found of those parts that gave the whole its word, with their letters; nothing where all hold."""
    parts = zip(ascii_lowercase, verdict.parts, strict=False)
    return [(letter, part.found) for letter, part in parts if part.word == verdict.word != HOLDS]


def filters(verdicts: Mapping[int, Verdict]) -> dict[str, list[Filter]]:
    """The choices of each group, those without a statement left out."""
    words = [verdict.word for verdict in verdicts.values()]
    sources = [name for number in verdicts for name in LEDGER[number].sources]
    subjects = [subject_of(LEDGER[number]) for number in verdicts]
    named = sorted(set(subjects) - {TRAINING}) + [TRAINING] * (TRAINING in subjects)
    return {
        "Word": [Filter(key_of(word), word, words.count(word)) for word in WORDS if word in words],
        "Notes": [Filter(name, name, sources.count(name)) for name in SOURCES if name in sources],
        "Subject": [Filter(_subject_key(name), name, subjects.count(name)) for name in named],
    }


def made_counts(verdicts: Mapping[int, Verdict]) -> list[tuple[str, int]]:
    """How many words were made in which way, as the table names the ways."""
    made = [MADE.get(verdict.made, verdict.made) for verdict in verdicts.values()]
    return [(way, made.count(way)) for way in dict.fromkeys([*MADE.values(), *made]) if way in made]


def _subject_key(subject: str) -> str:
    return "subject-" + "-".join(subject.lower().split())
