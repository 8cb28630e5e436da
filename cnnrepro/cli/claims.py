"""``cnnrepro claims``: the statements of the notes, checked again."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import typer

from cnnrepro.cli.app import AsJson, Reports, app, examples, reports_dir, say
from cnnrepro.console import print_json, print_text, printable
from cnnrepro.errors import UsageError

if TYPE_CHECKING:
    from cnnrepro.claims import Outcome, OwnOutcome


@app.command(
    epilog=examples(
        "cnnrepro claims",
        "cnnrepro claims 6 7",
        "cnnrepro claims 30 --json",
    ),
)
def claims(
    numbers: Annotated[
        list[str] | None, typer.Argument(metavar="[NUMBER]…", help="Statements of the ledger; all by default.")
    ] = None,
    reports: Reports = None,
    as_json: AsJson = False,
) -> None:
    """Check the statements of the lecture notes, and the claims of your own whose pages are there.

    Exit status 1 where a check no longer gives its recorded verdict.
    """
    from cnnrepro.claims import SOURCES, count, outcomes, own_outcomes

    checked = []
    for outcome in outcomes(reports_dir(reports), [_statement_number(text) for text in numbers] if numbers else None):
        checked.append(outcome)
        if not as_json:
            _print_outcome(outcome)
    own = [] if numbers else list(own_outcomes(reports_dir(reports)))
    if as_json:
        print_json([outcome.to_dict() for outcome in (*checked, *own)])
    else:
        print_text(count(outcome.shown for outcome in checked).sentence())
        print_text("\n".join(f"{name}: {source}" for name, source in SOURCES.items()))
        for number, outcome in enumerate(own):
            if not number:
                print_text("\nClaims of their authors’ own, no statements of the ledger, from their pages:\n")
            _print_own(outcome)
    changed = [str(outcome.statement.number) for outcome in checked if not outcome.agrees]
    if changed:
        say(f"the verdict on statement {', '.join(changed)} is no longer the recorded one.")
    changed_pages = [outcome.page for outcome in own if not outcome.agrees]
    if changed_pages:
        say(f"the verdict of {', '.join(changed_pages)} is no longer the one that its records give.")
    if changed or changed_pages:
        raise typer.Exit(1)


def _statement_number(text: str) -> int:
    """A statement's number as people write it; raises UsageError for anything else."""
    if not (text.isascii() and text.isdigit()):
        raise UsageError(f"A statement is named by its number, such as 7. Received: {text!r}")
    return int(text)


def _print_outcome(outcome: Outcome) -> None:
    """One statement with its verdict and evidence, as text."""
    from rich.console import Console
    from rich.padding import Padding
    from rich.text import Text

    row, shown = outcome.to_dict(), outcome.shown
    console = Console(width=None if sys.stdout.isatty() else 120, highlight=False)
    head = Text.assemble(f"{row['number']:>3}  ", _coloured(row["verdict"]), f"  ({row['source']})")
    if shown.earlier:
        head.append(f"  {shown.earlier}", "bold")
    if row["verdict"] != row["recorded"]:
        head.append(f"  recorded: {row['recorded']}", "bold")
    console.print(head)
    console.print(Padding(Text(row["statement"]), (0, 0, 0, 5)))
    for part in row["parts"]:
        changed = "" if part["verdict"] == part["recorded"] else f" (recorded: {part['recorded']})"
        said = Text.assemble(f"{part['part']}  ", _coloured(part["verdict"]), f"{changed}  {part['statement']}")
        console.print(Padding(said, (0, 0, 0, 5)))
        console.print(Padding(Text(printable(part["found"])), (0, 0, 0, 10)))
    effects = [effect.sentence() for effect in shown.effects]
    findings = [finding for finding in shown.evidence if finding not in effects]
    for sentence in (shown.brief(), *effects, *findings):
        console.print(Padding(Text(printable(f"· {sentence}")), (0, 0, 0, 5)))
    console.print()


def _print_own(outcome: OwnOutcome) -> None:
    """A claim of somebody's own with its verdict, the number that it rests on and its page, as text."""
    from rich.console import Console
    from rich.padding import Padding
    from rich.text import Text

    shown, recorded = outcome.shown, outcome.recorded
    console = Console(width=None if sys.stdout.isatty() else 120, highlight=False)
    head = Text.assemble("own  ", _coloured(shown.word), printable(f"  ({shown.file})  {shown.made}"))
    if not outcome.agrees:
        head.append(f"  on its page: {recorded.word}", "bold")
    console.print(head)
    console.print(Padding(Text(printable(shown.statement)), (0, 0, 0, 5)))
    findings = [effect.sentence() for effect in shown.effects] or [shown.sentence]
    for sentence in (*findings, shown.basis, outcome.page):
        console.print(Padding(Text(printable(f"· {sentence}")), (0, 0, 0, 5)))
    console.print()


def _coloured(word: str) -> tuple[str, str]:
    """A word and its style in the terminal."""
    colours = {"holds": "green", "does not hold": "red", "holds if …": "yellow", "undecided": "blue"}
    return word, "dim" if word == "not tested yet" else f"bold {colours.get(word, '')}".strip()
