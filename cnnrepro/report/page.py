"""From an executed notebook to a page: checks that all is there, writes the page and the files beside it."""

from __future__ import annotations

import contextlib
import copy
import html
import io
import re
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

from cnnrepro.claims.ledger import LEDGER
from cnnrepro.claims.own_claims import CARRIED, OwnVerdict
from cnnrepro.claims.verdict import NoVerdict, Verdict, count
from cnnrepro.errors import UsageError, WorkFailed
from cnnrepro.experiments.papermill_form import INJECTED_TAG, names_set_by
from cnnrepro.experiments.parameters import TAG, parse_cell
from cnnrepro.files import json_text
from cnnrepro.report import cell_html, few_colours, links, opening, safe_html
from cnnrepro.report.display import (
    ANSWER_TYPE,
    FIGURE_NAME,
    NO_VERDICT_TYPE,
    NUMBERS_TYPE,
    OWN_CLAIM_TYPE,
    RUNS_TYPE,
    VERDICT_TYPE,
)
from cnnrepro.report.embedded_pictures import NotShown, Pictures, decoded
from cnnrepro.report.research_object import METADATA, write_research_object
from cnnrepro.report.safe_svg import safe_svg
from cnnrepro.report.tables import Table, table

if TYPE_CHECKING:
    from nbformat import NotebookNode

PAGE, NOTEBOOK, REPORT, THUMBNAIL = "index.html", "notebook.ipynb", "report.json", "thumbnail.png"
# The names of the files in a report's folder, all that is ever written there.
WRITTEN = re.compile(
    rf"{'|'.join(map(re.escape, (PAGE, NOTEBOOK, REPORT, THUMBNAIL, METADATA)))}"
    rf"|figures/{FIGURE_NAME.pattern}\.(?:svg|png|csv)"
    r"|records/[0-9a-f]{16}/(?:record\.json|curves\.csv|predictions\.parquet)"
)
SKIPPED, MAY_RAISE = "skip-execution", "raises-exception"  # Jupyter's tags of cells
REMOVED, REMOVED_OUTPUT = "remove-cell", "remove-output"  # Jupyter Book's
THUMBNAIL_WIDTH = 640  # pixels
THUMBNAIL_COLOURS = 256  # enough for a photograph of this size; an index holds the thumbnails of all pages
MOST_PIXELS = 100_000_000  # of a figure, whose thumbnail is made from all of them: 300 MB
# Characters that no page of HTML may have; browsers show nothing for them, or what they like.
_CONTROL = re.compile(r"[\x00-\x08\x0b\x0e-\x1f\x7f-\x9f]")
_CELL = re.compile(r"<!-- cell (\d+) -->")  # the template's; nobody else's comment comes through
_CONTENTS = '<nav class="contents"></nav>'  # the template's, as nav is nobody else's
_JUDGING = {VERDICT_TYPE, NO_VERDICT_TYPE, ANSWER_TYPE, OWN_CLAIM_TYPE}
_LEFT_OUT = re.compile(rf"{safe_html.LEFT_OUT}(.*?)</span>")


@dataclass(frozen=True)
class Page:
    """What was written; of what was left out or cut, the lines that say so, by the number of their cell."""

    path: Path
    title: str
    verdicts: tuple[Verdict, ...]
    figures: tuple[str, ...]
    left_out: dict[str, list[str]]


def _outputs(notebook: NotebookNode) -> list[dict]:
    return [output for cell in notebook.cells if cell.cell_type == "code" for output in cell.get("outputs", ())]


def _carried(notebook: NotebookNode, kind: str) -> list:
    """What the outputs carry under a type of their own."""
    return [output["data"][kind] for output in _outputs(notebook) if kind in output.get("data", {})]


def run_keys(notebook: NotebookNode) -> list[str]:
    """The keys of the runs that a notebook showed, each once."""
    return list(dict.fromkeys(key for shown in _carried(notebook, RUNS_TYPE) for key in shown["keys"]))


def verdicts_of(notebook: NotebookNode) -> tuple[Verdict, ...]:
    """The verdicts that a notebook showed, by their statements' numbers; the last one where it showed one twice."""
    carried = _carried(notebook, VERDICT_TYPE)  # one verdict, or a list of them
    each = [verdict for shown in carried for verdict in (shown if isinstance(shown, list) else [shown])]
    shown = {verdict["claim"]: Verdict.from_dict(verdict) for verdict in each}
    return tuple(shown[number] for number in sorted(shown))


def no_verdicts_of(notebook: NotebookNode) -> tuple[NoVerdict, ...]:
    """What a notebook showed in place of a verdict, where its runs are not about the statement."""
    return tuple(NoVerdict.from_dict(shown) for shown in _carried(notebook, NO_VERDICT_TYPE))


def own_verdicts_of(notebook: NotebookNode) -> tuple[OwnVerdict, ...]:
    """The verdicts on claims of somebody's own that a notebook showed."""
    return tuple(OwnVerdict.from_dict(shown) for shown in _carried(notebook, OWN_CLAIM_TYPE))


def answers_of(notebook: NotebookNode) -> list[dict]:
    """The answers of comparisons that a notebook showed: question, word and sentence of each."""
    texts = ("question", "word", "sentence")
    carried = [shown for shown in _carried(notebook, ANSWER_TYPE) if isinstance(shown, dict)]
    return [{name: str(shown.get(name, "")) for name in texts} for shown in carried]


def figures_of(notebook: NotebookNode) -> dict[str, dict]:
    """The named figures of a notebook: the data of their outputs by name."""
    named = ((_figure_name(output), output.get("data", {})) for output in _outputs(notebook))
    return {name: data for name, data in named if name and {"image/svg+xml", "image/png"} <= set(data)}


def _figure_name(output: dict) -> str | None:
    """The name under which ``show`` showed a figure; it becomes a file's name, so nothing else will do."""
    about = output.get("metadata", {}).get("cnnrepro")
    name = about.get("figure") if isinstance(about, dict) else None
    return name if isinstance(name, str) and FIGURE_NAME.fullmatch(name) else None


def require_complete(
    notebook: NotebookNode, *, figures: Sequence[str] = (), claims: Sequence[int] = (), own_claim: bool = False
) -> None:
    """Make sure that an executed notebook shows all that its page promises.

    A kernel that dies, or a wrong working directory, can leave a notebook that reads as if every cell had ended well.

    Raises:
        WorkFailed: a cell has an error or was not run, a figure or the verdict is missing; says which.
    """
    for number, cell in enumerate(notebook.cells, start=1):
        tags = cell.metadata.get("tags", ())
        if cell.cell_type != "code" or not cell.source.strip() or SKIPPED in tags:
            continue
        if ended_well(cell):
            break
        for output in cell.get("outputs", ()):
            if output["output_type"] == "error" and MAY_RAISE not in tags:
                raise WorkFailed(f"Cell {number} of the notebook raised {output['ename']}: {output['evalue']}")
        if cell.get("execution_count") is None:
            raise WorkFailed(f"Cell {number} of the notebook was not run.")
    missing = [name for name in figures if name not in figures_of(notebook)]
    if missing:
        raise WorkFailed(f"The notebook ran, but these figures of its page are missing: {', '.join(missing)}.")
    judged = {verdict.claim for verdict in verdicts_of(notebook)}
    unjudged = [str(number) for number in claims if number not in judged]
    if unjudged:
        raise WorkFailed(f"The notebook ran, but it shows no verdict on statement {', '.join(unjudged)}.")
    if own_claim and not own_verdicts_of(notebook):
        raise WorkFailed("The notebook ran, but it shows no verdict on the claim of its file.")


def ended_well(cell: NotebookNode) -> bool:
    """Whether a cell ended its notebook with ``sys.exit()`` or ``sys.exit(0)``: no failure, as for papermill."""
    if MAY_RAISE in cell.metadata.get("tags", ()):  # then the cells behind it are run
        return False
    errors = [output for output in cell.get("outputs", ()) if output["output_type"] == "error"]
    return any(error["ename"] == "SystemExit" and error["evalue"] in ("", "0", "None") for error in errors)


def not_run(notebook: NotebookNode) -> list[str]:
    """Sentences about the code cells of a complete notebook that were not run, and why."""
    numbered = [(number, cell) for number, cell in enumerate(notebook.cells, 1) if cell.cell_type == "code"]
    end = next((number for number, cell in numbered if ended_well(cell)), len(notebook.cells))
    skipped = [str(number) for number, cell in numbered if SKIPPED in cell.metadata.get("tags", ()) and number <= end]
    behind = sum(number > end and bool(cell.source.strip()) for number, cell in numbered)
    told = f"Cells that were not run, as they are tagged {SKIPPED!r}: {', '.join(skipped)}." if skipped else ""
    ended = f"Cell {end} ended the notebook; code cells behind it that were not run: {behind}." if behind else ""
    return [sentence for sentence in (told, ended) if sentence]


def not_shown(notebook: NotebookNode) -> list[str]:
    """Sentences about what the author's tags keep from the page."""
    sentences = []
    for tag, what in ((REMOVED, "Cells"), (REMOVED_OUTPUT, "Outputs of cells")):
        numbers = [str(number) for number, cell in enumerate(notebook.cells, 1) if tag in cell.metadata.get("tags", ())]
        if numbers:
            sentences.append(f"{what} that are not shown, as they are tagged {tag!r}: {', '.join(numbers)}.")
    return sentences


def first_heading(notebook: NotebookNode) -> str:
    """The first heading in a notebook's Markdown as text; empty where there is none."""
    for cell in notebook.cells:
        if cell.cell_type == "markdown" and (made := safe_html.markdown_html(cell.source)):
            found = re.search(r"<h([1-6])\b[^>]*>(.*?)</h\1>", made, re.DOTALL)
            if found:
                return links.plain_text(found[2])
    return ""


def write_page(
    notebook: NotebookNode,
    folder: Path,
    *,
    title: str,
    experiment: str,
    parameters: dict[str, object],
    facts: dict[str, str],
    pictures: Path | None = None,
    question: str = "",
) -> Page:
    """Write the page of an executed notebook into a folder, with its figures as files, the notebook, a report.json, and
    what machines read.

    Args:
        notebook: the executed notebook.
        folder: an existing folder, seen by nobody until it is moved into place. Where it holds ``records``, the page
            links to them.
        title: of the page.
        experiment: name of the experiment.
        parameters: those of the notebook, for the page and the list of reports.
        facts: what a reader needs to judge or repeat the numbers, by heading.
        pictures: the folder of the notebook, in which its pictures lie.
        question: of the catalogue's experiment. Without, the page is of a notebook or a claim of one's own, whose
            "statement 3" may be anybody's: those alone are the ledger's that it shows a verdict on.
    """
    import nbformat

    verdicts, figures, no_verdicts = verdicts_of(notebook), _files_of(figures_of(notebook)), no_verdicts_of(notebook)
    counted, answers, own = count(verdicts), answers_of(notebook), own_verdicts_of(notebook)
    for cell in notebook.cells:
        if not isinstance(cell.metadata.get("tags", []), list):
            cell.metadata.tags = []
    tagged = [cell for cell in notebook.cells if {TAG, INJECTED_TAG} & set(cell.metadata.get("tags", ()))]
    said = {"title": title, "experiment": experiment, "facts": facts, "figures": list(figures)}
    rows = opening.rows(verdicts, no_verdicts, own)
    around = said | {
        "question": question,
        "rows": rows,
        "most_rows": opening.MOST_ROWS,
        "chart": _chart(notebook, figures) if opening.has_room(rows) and (question or rows or answers) else None,
        "css": safe_html.css() + safe_html.highlight_css(),
        "answers": [(answer, *safe_html.answer_look(answer["word"])) for answer in answers],
        "tally": safe_html.tally(counted),
        "counted": counted.sentence(words=False),
        "parameters_cell": tagged[0].get("id") if tagged and parameters else None,
        "plain_cells": [cell.get("id") for cell in tagged if _says_no_more_than_the_table(cell)],
        "set_again": _set_again(notebook, parameters),
        "parameters_html": _parameters_table(tagged, parameters)._repr_html_(),
        "records": sorted(path.name for path in (folder / "records").glob("*")),
    }
    made, left_out = _cells_left_out(_html(notebook, around, pictures))
    made = _with_links(
        made, LEDGER if question else [row["number"] for row in rows if row["number"]], around["records"]
    )
    for number, notes in notebook.metadata.get("papermill", {}).get("cut", {}).items():
        left_out.setdefault(number, []).extend(notes)
    left_out = {number: left_out[number] for number in sorted(left_out, key=int)}
    # Names of files may hold bytes that are no characters; they are shown as Python does, \udcff.
    (folder / PAGE).write_text(_CONTROL.sub("\ufffd", made), encoding="utf-8", errors="backslashreplace")
    nbformat.write(_to_take_along(notebook), folder / NOTEBOOK)
    if figures:
        _write_figures(figures, folder)
    for name, numbers in _numbers_of(notebook).items():
        (folder / "figures").mkdir(exist_ok=True)
        (folder / "figures" / f"{name}.csv").write_text(numbers, encoding="utf-8", errors="backslashreplace")
    taken = notebook.metadata.get("papermill", {}).get("duration")  # of the notebook alone
    drawn = [name for name, (drawing, _) in figures.items() if cell_html.is_drawn(drawing)]
    about = said | {
        "parameters": parameters,
        "verdicts": [verdict.to_dict() for verdict in verdicts],
        "no_verdicts": [none.to_dict() for none in no_verdicts],
        **({"drawn": drawn} if drawn else {}),
        **({"answers": answers} if answers else {}),
        **({CARRIED: [one.to_dict() for one in own]} if own else {}),
        **({"left_out": left_out} if left_out else {}),  # by cell
        "created": datetime.now(UTC).isoformat(timespec="seconds"),
        **({"seconds": round(taken, 1)} if taken else {}),
    }
    text = json_text(about, indent=1, ensure_ascii=False) + "\n"
    (folder / REPORT).write_text(text, encoding="utf-8", errors="backslashreplace")
    write_research_object(folder, about, question=question)
    return Page(folder / PAGE, title, verdicts, tuple(figures), left_out)


def _chart(notebook: NotebookNode, figures: dict[str, tuple[str, bytes]]) -> dict | None:
    """The chart at the top, a link to its place: the first figure that decides.

    That is the first behind the first verdict or answer and before the next heading, else the last one before it; where
    there is neither the notebook's first.
    """
    before, behind, later, judged, headed = [], [], [], False, False
    for cell in notebook.cells:
        headed |= judged and cell.cell_type == "markdown" and bool(re.search(r"^#", cell.source, re.MULTILINE))
        for output in cell.get("outputs", ()):
            judged = judged or bool(_JUDGING & set(output.get("data", {})))
            if (name := _figure_name(output)) in figures:
                (later if headed else behind if judged else before).append((name, output))
    first = next(iter(behind or before[-1:] or later if judged else before), None)
    if first is None:
        return None
    name, output = first
    about = {"name": name, "alt": str(output.metadata["cnnrepro"].get("alt", ""))}
    drawing, pixels = figures[name]
    chart = opening.chart(pixels)
    return about | chart | {"look": chart["look"] + " drawn" * cell_html.is_drawn(drawing)}


def _with_links(made: str, statements: Collection[int], records: Collection[str]) -> str:
    """A page with its contents, a link to each heading, and one wherever a statement of these is named."""
    top, begin, rest = made.partition("<main>")
    cells, end, footer = rest.partition("</main>")
    cells, contents = links.with_anchors(cells)
    top = top.replace(_CONTENTS, links.contents_html(contents))
    head, body, top = top.partition("<body>")
    cells = links.with_records(links.focusable(cells), records)
    return head + body + links.with_mentions("".join((top, begin, cells, end, footer)), statements)


def _cells_left_out(made: str) -> tuple[str, dict[str, list[str]]]:
    """A page without the marks of its cells, and the lines on it that say what was left out, by cell."""
    _, *parts = _CELL.split(made)
    lines = {
        number: [html.unescape(re.sub(r"<[^>]*>", "", line)) for line in _LEFT_OUT.findall(cell)]
        for number, cell in zip(parts[::2], parts[1::2], strict=True)
    }
    return _CELL.sub("", made), {number: said for number, said in lines.items() if said}


def _says_no_more_than_the_table(cell: NotebookNode) -> bool:
    """Whether a cell of parameters sets them and does nothing else, so that the table of their values is enough."""
    if cell.cell_type != "code" or cell.get("outputs"):
        return False
    if INJECTED_TAG in cell.metadata.tags:
        return True
    try:
        parse_cell(cell.source, "")
    except UsageError:
        return False
    return True


def _parameters_table(tagged: Sequence[NotebookNode], parameters: Mapping[str, object]) -> Table:
    """Each parameter with its value, and what it is, where its line in the notebook says so: 0 may mean all."""
    says: dict[str, str] = {}
    for cell in tagged:
        with contextlib.suppress(UsageError):
            says |= {name: one.help for name, one in parse_cell(cell.source, "").items() if one.help}
    if not says:
        return table(("parameter", "value"), list(parameters.items()))
    rows = [(name, value, says.get(name, "")) for name, value in parameters.items()]
    return table(("parameter", "value", "what it is"), rows)


def _set_again(notebook: NotebookNode, parameters: Iterable[str]) -> str:
    """Which parameters later cells set anew, so that their values are not those of the table throughout."""
    places: dict[str, list[str]] = {}
    for number, cell in enumerate(notebook.cells, 1):
        if cell.cell_type == "code" and not {TAG, INJECTED_TAG} & set(cell.metadata.get("tags", ())):
            for name in names_set_by(cell.source):
                if name in parameters:
                    places.setdefault(name, []).append(str(number))
    each = [f"{name} (cell {', '.join(numbers)})" for name, numbers in places.items()]
    return f"Set anew further down, where another value may count: {'; '.join(each)}." if each else ""


def _html(notebook: NotebookNode, around: dict, folder: Path | None) -> str:
    from nbconvert import HTMLExporter
    from traitlets.config import Config

    pictures = Pictures(folder)
    filters = {
        "highlight_python": safe_html.highlight_python,
        "ansi_html": cell_html.ansi_html,
        "markdown_html": lambda source, attached: safe_html.markdown_html(source, pictures, attached),
        "output_html": lambda output: cell_html.output_html(output.data, output.metadata, pictures),
    }
    exporter = HTMLExporter(
        config=Config({"HTMLExporter": {"preprocessors": []}}),
        extra_template_basedirs=[str(safe_html.TEMPLATES)],
        template_name="report",
        filters=filters,
    )
    plain = copy.deepcopy(notebook)
    plain.metadata.pop("widgets", None)  # a page runs no script: of a widget its text is shown
    first = next((cell for cell in plain.cells if cell.cell_type == "markdown"), None)
    if first is not None:  # without the heading it opens with: the page has its title at the top
        first.source = re.sub(r"\A\s*(?:#(?!#)[^\n]*|<h1\b.*?</h1>|[^\n]+\n=+[ \t]*(?=\n|\Z))\n?", "", first.source)
    body, _ = exporter.from_notebook_node(plain, resources={"page": around})
    return body


def _files_of(figures: dict[str, dict]) -> dict[str, tuple[str, bytes]]:
    """The drawing and the pixels of each figure as files hold them; without those that are none, whoever made them."""
    from PIL import Image

    files = {}
    for name, data in figures.items():
        try:
            drawing, pixels = safe_svg(data["image/svg+xml"]), decoded(data["image/png"])
            with Image.open(io.BytesIO(pixels), formats=("PNG",)) as picture:
                if picture.width * picture.height > MOST_PIXELS:
                    raise NotShown("it is larger than any figure of ours")
                picture.load()
        except (NotShown, ValueError, TypeError, AttributeError, OSError, SyntaxError, Image.DecompressionBombError):
            continue
        files[name] = drawing, pixels
    return files


def _numbers_of(notebook: NotebookNode) -> dict[str, str]:
    """The numbers that were drawn, as CSV, by the names of their figures."""
    carried = {_figure_name(output): output.get("data", {}).get(NUMBERS_TYPE) for output in _outputs(notebook)}
    return {name: numbers for name, numbers in carried.items() if name and isinstance(numbers, str)}


def _write_figures(figures: dict[str, tuple[str, bytes]], folder: Path) -> None:
    """Every figure as SVG and PNG, and the first as a thumbnail."""
    from PIL import Image

    (folder / "figures").mkdir()
    for name, (drawing, pixels) in figures.items():
        (folder / "figures" / f"{name}.svg").write_text(drawing, encoding="utf-8")
        (folder / "figures" / f"{name}.png").write_bytes(pixels)
    _, shown = figures[on_thumbnail(figures)]
    picture = Image.open(io.BytesIO(shown)).convert("RGB")
    height = max(1, min(round(picture.height * THUMBNAIL_WIDTH / picture.width), 10 * THUMBNAIL_WIDTH))
    thumbnail = picture.resize((THUMBNAIL_WIDTH, height), Image.Resampling.LANCZOS)
    (folder / THUMBNAIL).write_bytes(few_colours.small_png(thumbnail, THUMBNAIL_WIDTH, THUMBNAIL_COLOURS))


def on_thumbnail(figures: Collection[str]) -> str:
    """The name of the figure that is a page's thumbnail: curves say most at a small size."""
    return "curves" if "curves" in figures else next(iter(figures))


def _to_take_along(notebook: NotebookNode) -> NotebookNode:
    """The executed notebook without what its reader has no use for.

    That is papermill's notes on paths and times of this machine, and the drawings with their numbers: JupyterLab shows
    the pixels, and the others lie beside the page.
    """
    plain = copy.deepcopy(notebook)
    plain.metadata.pop("papermill", None)
    for cell in plain.cells:
        cell.metadata.pop("papermill", None)
        cell.metadata.pop("execution", None)
    for output in _outputs(plain):
        if "image/png" in output.get("data", {}):
            for beside in ("image/svg+xml", NUMBERS_TYPE):
                output["data"].pop(beside, None)
    return plain
