"""The page of the benchmarks: a table and bars a benchmark, the machine, the versions, the commands."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

from cnnrepro.errors import UsageError
from cnnrepro.files import folder_beside
from cnnrepro.report import site
from cnnrepro.report.benchmark_results import BenchmarkResult, ComparedRow, read_result
from cnnrepro.report.display import figure_bundle
from cnnrepro.report.page import PAGE, write_page
from cnnrepro.report.tables import Table, table

if TYPE_CHECKING:
    from matplotlib.figure import Figure
    from nbformat import NotebookNode

EXPERIMENT, SLUG, TITLE = "benchmarks", "speed", "Speed beside others"
INTRODUCTION = """Images per second and the like, ours and another's on the same machine, in turn, again and again. A
ratio is the median over the repeats of ours over the other's in the same repeat, with the first and the third quartile
of these ratios; above 1 ours is ahead. What exactly is timed, and on which terms, stands at the top of each benchmark
(`benchmarks/` of a checkout). Other machines give other ratios."""


def write_benchmark_page(results: Path, reports: Path) -> Path:
    """Draw the results of a folder, put the page among the reports and list it.

    Args:
        results: a folder of JSON files, one a benchmark.
        reports: the folder of the site.

    Returns:
        The page.

    Raises:
        UsageError: there are no results in the folder.
        WorkFailed: a file cannot be read as results.
    """
    read = [read_result(path) for path in sorted(results.glob("*.json"))]
    if not read:
        raise UsageError(f"There are no results in {str(results)!r}; measure some: cnnrepro bench --results {results}")
    target = reports / EXPERIMENT / SLUG
    target.parent.mkdir(parents=True, exist_ok=True)
    site.restore(target, reports)
    with folder_beside(target.parent, site.temporary_prefix(target)) as temporary:
        folder = temporary / "page"
        folder.mkdir()
        write_page(_notebook(read), folder, title=TITLE, experiment=EXPERIMENT, parameters={}, facts=_facts(read))
        site.put(folder, target, temporary / site.OLD, reports)
    return target / PAGE


def result_table(result: BenchmarkResult) -> Table:
    """The rows of a benchmark."""
    numbers = ("ours", "peer", "ratio", "quartiles", "MFU, ours", "MFU, peer")
    shares = any(row.mfu for row in result.rows)
    columns = ("row", "ours", "peer", "measured against", "ratio", "quartiles", *(numbers[4:] if shares else ()))
    return table(columns, [result_cells(row, shares) for row in result.rows], numbers=numbers)


def result_cells(row: ComparedRow, shares: bool) -> tuple[str, ...]:
    """The cells of a row; with its shares of the matrix product where the table has them."""
    low, high = row.spread
    cells = (
        row.row,
        f"{row.ours:,.0f}",
        f"{row.peer:,.0f}",
        row.peer_name,
        f"{row.ratio:.2f}",
        f"{low:.2f} to {high:.2f}",
    )
    return cells + (tuple(f"{share:.2f}" for share in row.mfu) if row.mfu else ("–", "–")) if shares else cells


def _notebook(results: Sequence[BenchmarkResult]) -> NotebookNode:
    """What the page shows, in the form that pages are made from."""
    from nbformat import v4

    cells = [v4.new_markdown_cell(INTRODUCTION)]
    for result in results:
        notes = "".join(f"\n- {note}" for note in result.notes())
        cells.append(v4.new_markdown_cell(f"## `benchmarks/{result.benchmark}.py`\n{notes}"))
        if result.rows:
            cells.append(v4.new_code_cell("", outputs=list(_outputs(result)), execution_count=1))
    return v4.new_notebook(cells=cells)


def _outputs(result: BenchmarkResult) -> Iterator[NotebookNode]:
    from nbformat import v4

    from cnnrepro.report import figures

    def drawn(figure: Figure, name: str, alt: str, caption: str) -> NotebookNode:
        data, metadata = figure_bundle(figure, f"{result.benchmark}_{name}", alt=alt, caption=caption)
        return v4.new_output("display_data", data, metadata=metadata)

    shown = result_table(result)
    yield v4.new_output("display_data", {"text/html": shown._repr_html_(), "text/plain": str(shown)})
    ahead = sum(row.ratio >= 1 for row in result.rows)
    yield drawn(
        figures.speed_ratios(result.rows),
        "ratios",
        f"Bars of the ratio of each row of {result.benchmark}; {ahead} of {len(result.rows)} reach 1.",
        "Bar: the median of the ratios within a repeat, which need not be the ratio of the medians. Line: from "
        "quartile to quartile. Blue reaches 1, orange does not.",
    )
    if any(row.mfu for row in result.rows):
        yield drawn(
            figures.product_shares(result.rows),
            "shares",
            f"Bars of the share of the matrix product that ours and the best peer reach in {result.benchmark}.",
            "More than 1 is possible: zeros around a map are counted, and the fastest routines leave them out.",
        )


def _facts(results: Sequence[BenchmarkResult]) -> dict[str, str]:
    """Where and when each benchmark ran, and how to repeat it."""

    def each(values: Sequence[str]) -> str:
        """A value that all share once, else each with its benchmark."""
        if len(set(values)) == 1:
            return values[0]
        return "; ".join(f"{result.benchmark}: {value}" for result, value in zip(results, values, strict=True))

    versions = [", ".join(f"{name} {version}" for name, version in result.versions.items()) for result in results]
    return {
        "Machine": each([result.machine for result in results]),
        "Versions": each(versions),
        "Commit": each([result.commit or "not from a checkout" for result in results]),
        "Measured": each([result.made for result in results]),
        "Repeats": each([str(result.repeats) for result in results]),
        "To repeat": f"cnnrepro bench {' '.join(result.benchmark for result in results)}",
    }
