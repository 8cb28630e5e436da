"""``cnnrepro publish``: the index of all reports, and a copy of the site."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Annotated

import typer

from cnnrepro import paths
from cnnrepro.cli.app import Reports, app, examples, named_path, reports_dir, say
from cnnrepro.console import echo_path
from cnnrepro.errors import UsageError


@app.command(
    epilog=examples(
        "cnnrepro publish",
        "cnnrepro publish --to site",
        "cnnrepro publish --to site --code https://example.org/me/cnnrepro",
    ),
)
def publish(
    to: Annotated[
        Path | None,
        typer.Option("--to", metavar="DIR", help="Copy the site here.", show_default=False, parser=named_path),
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Also into a folder that has other things in it.")] = False,
    code: Annotated[
        str,
        typer.Option("--code", metavar="URL", help="Repository that pages and commits link to.", show_default=False),
    ] = "",
    reports: Reports = None,
) -> None:
    """Write the index of all reports and, with --to, copy the site. The last line is the index's path.

    Exit status 1 where a report cannot be read. Likewise where a number of a verdict leads to no record beside its
    page, or the records give another; then nothing is written.
    """
    from cnnrepro.report import site

    if force and to is None:
        raise UsageError("--force goes with --to DIR, the folder that the site is copied to.")
    if code and to is None:
        raise UsageError("--code goes with --to DIR, the site whose pages link to it.")
    if code and not re.fullmatch(r"https?://[^\s/]+/\S+", code):
        raise UsageError(f"--code is the address of a repository, https://HOST/NAME. Received: {code!r}")
    folder = reports_dir(reports)
    index = site.publish(folder, paths.expand(to), force=force, code=code) if to else site.publish_index(folder)
    echo_path(index)
    entries, damaged = site.read_reports(index.parent)
    if damaged:
        say(f"the index says of {', '.join(damaged)} that it cannot be read; run its notebook again.")
        raise typer.Exit(1)
    if not entries:
        say(f"there are no reports in {str(folder)!r}, so the index is empty; make one: cnnrepro run alexnet_vs_resnet")
