"""``cnnrepro open``: a report page in the browser."""

from __future__ import annotations

from typing import Annotated

import typer

from cnnrepro import paths
from cnnrepro.cli import complete
from cnnrepro.cli.app import Reports, app, examples, reports_dir, say
from cnnrepro.console import echo_path


@app.command(
    "open",
    epilog=examples(
        "cnnrepro open",
        "cnnrepro open alexnet_vs_resnet",
    ),
)
def open_(
    page: Annotated[
        str,
        typer.Argument(
            metavar="[EXPERIMENT|PAGE]",
            help="An experiment, for its newest page; EXPERIMENT/PARAMETERS; or a page's path.",
            show_default="the index of all pages",
            autocompletion=complete.experiments,
        ),
    ] = "",
    reports: Reports = None,
) -> None:
    """Open a report page in the browser, and print its path; where there is no display the path alone."""
    from cnnrepro.report.find_page import find_page, show_in_browser

    found = find_page(reports_dir(reports), str(paths.expand(page)) if page else "")
    echo_path(found)
    if reason := show_in_browser(found):
        say(f"{reason}, so the page was not opened.")
