"""What notebooks call to show something, in a form that a page can be made from.

A figure is one output with SVG, PNG and a text; its name, alternative text and caption stand in the output's metadata.
Its caption follows as an output of its own, for JupyterLab, with a style that keeps the figure as narrow as its cell;
cards carry a style too. A page has both without.
A verdict and a list of runs carry themselves as JSON beside their HTML, so that a page can be checked and indexed from
the executed notebook alone.
"""

from __future__ import annotations

import base64
import html
import inspect
import io
import re
import textwrap
from collections.abc import Callable, Sequence
from pathlib import Path
from string import ascii_lowercase
from typing import TYPE_CHECKING

from cnnrepro.claims.ledger import LEDGER
from cnnrepro.claims.verdict import NOT_TESTED, NoVerdict, Verdict
from cnnrepro.errors import UsageError, brief
from cnnrepro.report import safe_html
from cnnrepro.report.few_colours import MOST_COLOURS, small_png
from cnnrepro.report.figure_numbers import numbers_of
from cnnrepro.report.safe_html import verdict_look
from cnnrepro.report.tables import Table, table

if TYPE_CHECKING:
    from matplotlib.figure import Figure

    from cnnrepro.experiments.results import Results

VERDICT_TYPE = "application/vnd.cnnrepro.verdict+json"
NO_VERDICT_TYPE = "application/vnd.cnnrepro.no-verdict+json"
ANSWER_TYPE = "application/vnd.cnnrepro.answer+json"
OWN_CLAIM_TYPE = "application/vnd.cnnrepro.own-claim+json"
RUNS_TYPE = "application/vnd.cnnrepro.runs+json"
NUMBERS_TYPE = "application/vnd.cnnrepro.numbers+csv"  # under a figure; text/csv would be shown in its place

FIGURE_NAME = re.compile(r"[a-z0-9_]+")
# JupyterLab leaves a drawing as wide as it is, and cuts off what its cell has no room for; pixels it makes fit.
FITTED = (
    "<style>.jp-OutputArea-child:has(+ .jp-OutputArea-child .cnnrepro-caption) .jp-RenderedSVG img "
    "{ max-width: 100%; height: auto; }</style>"
)
PNG_DPI = 150  # for 100 dots an inch of the page: sharp enough to print, and a page stays below 3 MB

# The colours of source in JupyterLab, by its theme, light or dark; where there is no such theme the source has none. A
# page leaves the element out, and has its own for the same classes.
_LAB_NAMES = {"k": "keyword", "ow": "keyword", "s": "string", "sd": "comment", "c": "comment", "m": "number"}
_LAB_COLOURS = "<style>{}</style>".format(
    "".join(
        f'.shown-source span[class^="{kind}"] {{ color: var(--jp-mirror-editor-{name}-color) }} '
        for kind, name in _LAB_NAMES.items()
    )
)


def figure_bundle(figure: Figure, name: str, *, alt: str, caption: str = "") -> tuple[dict, dict]:
    """A figure as the data and metadata of one notebook output, and the numbers that were drawn as CSV.

    The same figure gives the same bytes: no date, fixed ids. The PNG of a chart has a palette.

    Raises:
        ValueError: a name that is not of a-z, 0-9 and _, or no alternative text.
    """
    from matplotlib.image import AxesImage
    from PIL import Image

    from cnnrepro.report import style

    if not FIGURE_NAME.fullmatch(name):
        raise ValueError(f"A figure's name consists of a-z, 0-9 and _. Received: {name!r}")
    if not alt.strip():
        raise ValueError(f"Figure {name!r} needs an alternative text for those who cannot see it. Received: {alt!r}")
    alt, caption = style.visible(alt), style.visible(caption)
    svg, png = io.StringIO(), io.BytesIO()
    photographs = bool(figure.findobj(AxesImage))  # a chart needs few colours; photographs keep all of theirs
    with style.applied():
        figure.savefig(svg, format="svg", metadata={"Date": None, "Creator": None})
        small = {"optimize": photographs}
        figure.savefig(png, format="png", dpi=PNG_DPI, metadata={"Software": None}, pil_kwargs=small)
    pixels = png.getvalue() if photographs else small_png(Image.open(png), colours=MOST_COLOURS)
    data = {
        "image/svg+xml": style.visible(svg.getvalue()),  # the drawing has its words in comments too
        "image/png": base64.b64encode(pixels).decode(),
        "text/plain": alt,
    }
    if (numbers := numbers_of(figure)) is not None:
        data[NUMBERS_TYPE] = numbers.to_csv(index=False, lineterminator="\n", float_format="%.8g")
    return data, {"cnnrepro": {"figure": name, "alt": alt, "caption": caption}}


def parts_list(verdict: Verdict) -> str:
    """The parts of a statement, each with its word, what is claimed and what was found; nothing where it has none."""
    claimed = LEDGER[verdict.claim].parts if verdict.claim in LEDGER else ()
    items = []
    for letter, part, said in zip(ascii_lowercase, verdict.parts, claimed, strict=False):
        look, mark = verdict_look(part.word)
        changed = "" if said.verdict in (part.word, NOT_TESTED) else f" <em>recorded: {html.escape(said.verdict)}</em>"
        items.append(
            f'<li class="{look}"><span class="letter">{verdict.claim}{letter}</span>'
            f'<span><span class="part-word">{mark} {html.escape(part.word)}</span>{changed} '
            f"{html.escape(said.text)}</span> "
            f"<span>{html.escape(part.found)}</span></li>"
        )
    return f'<ul class="parts">{"".join(items)}</ul>' if items else ""


def verdict_bundle(judged: Verdict | NoVerdict) -> dict:
    """A verdict, or that there is none, as the data of one notebook output."""
    if isinstance(judged, NoVerdict):
        return _bundle(judged, NO_VERDICT_TYPE, "no verdict", ("none", "–"), judged.basis)
    basis = f"{judged.basis}; {judged.earlier}" if judged.earlier else judged.basis
    parts = [
        f"- {letter}: {part.word}. {part.found}" for letter, part in zip(ascii_lowercase, judged.parts, strict=False)
    ]
    return _bundle(judged, VERDICT_TYPE, judged.word, verdict_look(judged.word), basis, parts_list(judged), parts)


def _bundle(
    judged: Verdict | NoVerdict,
    kind: str,
    word: str,
    look: tuple[str, str],
    basis: str,
    parts_html: str = "",
    parts: Sequence[str] = (),
) -> dict:
    evidence = "".join(f"<li>{html.escape(finding)}</li>" for finding in judged.evidence)
    statement = f"Statement {judged.claim}" + (f": {LEDGER[judged.claim].text}" if judged.claim in LEDGER else "")
    said = judged.brief() if isinstance(judged, Verdict) else judged.sentence
    below = f'{parts_html}<ul>{evidence}</ul><p class="basis">{html.escape(basis)}</p>'
    made = card(look, statement, word, said, below, f"statement-{judged.claim}")
    findings = [f"- {finding}" for finding in judged.evidence]
    text = "\n".join([f"{word}: {said}", *parts, *findings, basis])
    return {kind: judged.to_dict(), "text/html": made, "text/plain": text}


def card(look: tuple[str, str], asked: str, word: str, said: str, below: str = "", anchor: str = "") -> str:
    """A card as HTML: what was asked, the word with its mark, what was found; ``below`` is HTML."""
    named = f' id="{anchor}"' if anchor else ""
    return (
        f'<div class="verdict {look[0]}" style="{safe_html.look_style(look[0])}"{named}>'
        f'<p class="claim">{html.escape(asked)}</p>'
        f'<p class="word"><strong>{look[1]} {html.escape(word)}</strong></p><p>{html.escape(said)}</p>'
        f"{below}</div>"
    )


def show_output(data: dict, metadata: dict | None = None) -> None:
    """One output of a cell, in several forms."""
    from IPython.display import display

    display(data, metadata=metadata or {}, raw=True)


def show(figure: Figure, name: str, *, alt: str, caption: str = "") -> None:
    """Show a figure.

    Args:
        figure: a matplotlib figure.
        name: of its files; a-z, 0-9 and _.
        alt: what it shows, for those who cannot see it.
        caption: a sentence below it.
    """
    data, metadata = figure_bundle(figure, name, alt=alt, caption=caption)
    show_output(data, metadata)
    if below := metadata["cnnrepro"]["caption"]:
        text = f'{FITTED}<p class="cnnrepro-caption" style="max-width: 60em; opacity: .8">{html.escape(below)}</p>'
        show_output({"text/html": text, "text/plain": below}, {"cnnrepro": {"caption_of": name}})


def show_table(shown: Table) -> None:
    """Show a table."""
    show_output({"text/html": shown._repr_html_(), "text/plain": str(shown)})


def show_note(text: str, heading: str = "") -> None:
    """Show a paragraph, with its heading before it."""
    lead = f"<strong>{html.escape(heading)}.</strong> " if heading else ""
    shown = f'<p style="max-width: 46rem">{lead}{html.escape(text)}</p>'
    show_output({"text/html": shown, "text/plain": ". ".join(filter(None, (heading, text)))})


def show_source(written: Callable | type, *, folded: bool = False) -> None:
    """Show the source of a function or a class, highlighted, below its name and its file.

    Args:
        written: a function, a method or a class that is written in Python.
        folded: show the name and the file alone until they are clicked.

    Raises:
        UsageError: there is no source of it.
    """
    written = inspect.unwrap(written) if callable(written) else written
    try:
        if not (inspect.isroutine(written) or inspect.isclass(written)):
            raise TypeError("Modules, frames and values are not what this is for.")
        source = textwrap.dedent(inspect.getsource(written)).rstrip()
    except (TypeError, OSError):
        what = "show_source shows a function, a method or a class that is written in Python"
        raise UsageError(f"{what}. Received: {brief(written)}") from None
    name, file = written.__qualname__, _file_of(written)
    heading = f"<summary><code>{html.escape(name)}</code> in {html.escape(file)}</summary>"
    code = f"{heading}{safe_html.highlight_python(source)}"
    shown = f'{_LAB_COLOURS}<details class="shown-source"{"" if folded else " open"}>{code}</details>'
    show_output({"text/html": shown, "text/plain": f"{name} in {file}\n\n{source}"})


def _file_of(written: Callable | type) -> str:
    """The file of a function or a class from its package's folder on: no place of this machine."""
    if written.__module__ == "__main__":
        return "this notebook"
    file = Path(inspect.getsourcefile(written) or "")
    parts = written.__module__.count(".") + 1 + (file.stem == "__init__")
    return "/".join(file.parts[-parts:])


def show_verdict(verdict: Verdict | NoVerdict) -> None:
    """Show a verdict, or why there is none; the page repeats it at its top."""
    show_output(verdict_bundle(verdict))


def show_answer(question: str, word: str, sentence: str) -> None:
    """Show what a comparison, of networks or with a published figure, comes to; its page has it at the top.

    Args:
        question: what was asked.
        word: "better", "equivalent", "reached", "not reached" or "undecided"; any other has no colour of its own.
        sentence: the answer with its figures.
    """
    made = card(safe_html.answer_look(word), question, word, sentence)
    said = {"question": question, "word": word, "sentence": sentence}
    show_output({ANSWER_TYPE: said, "text/html": made, "text/plain": f"{question}\n{word}: {sentence}"})


def show_runs(results: Results) -> None:
    """Show which runs the results are; the page keeps their records."""
    rows = [
        (
            record.key,
            label,
            record.spec.seed,
            record.precision,
            f"{100 * (1 - record.test['accuracy']):.2f} %",
            f"{record.wall_seconds / 60:.1f}",
            f"{max(record.history['images_per_second']):,.0f}",
        )
        for label, record in results.all()
    ]
    columns = ("key", "arm", "seed", "precision", "test error", "minutes", "images/s, fastest epoch")
    caption = (
        "The runs behind this page. A key leads to the record, from which every number of the run is read. Minutes are "
        "by the clock, whatever else the machine did meanwhile."
    )
    shown = table(columns, rows, caption=caption, numbers=("seed", *columns[4:]))
    keys = [record.key for _, record in results.all()]
    show_output({RUNS_TYPE: {"keys": keys}, "text/html": shown._repr_html_(), "text/plain": str(shown)})
