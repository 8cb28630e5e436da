"""What the pages around the reports share: their frame, and the way from each to the others."""

from __future__ import annotations

import functools
from pathlib import Path
from typing import TYPE_CHECKING

from cnnrepro.files import write_text
from cnnrepro.report import safe_html

if TYPE_CHECKING:
    from jinja2 import Environment

FRONT, QUESTIONS, LEDGER_TABLE, DOCUMENTATION = "index.html", "questions.html", "ledger.html", "docs/index.html"
OURS = '<meta name="generator" content="cnnrepro">'  # in each page's head
_WAYS = {FRONT: "Front page", QUESTIONS: "All questions", LEDGER_TABLE: "The ledger", DOCUMENTATION: "Documentation"}


def write(site: Path, name: str, template: str, **values: object) -> Path:
    """Write a page of a site from its template.

    Args:
        site: its folder.
        name: of the page, from there.
        template: its file.
        values: what the template shows. Text is escaped there.
    """
    text = _environment().get_template(template).render(css=safe_html.css(), **values)
    path = site / name
    path.parent.mkdir(parents=True, exist_ok=True)
    # Names of folders and texts of others may hold what no file can; it is shown as Python does, \udcff.
    write_text(path, text.encode(errors="backslashreplace").decode())
    return path


@functools.cache
def _environment() -> Environment:
    """Where templates are found, and kept once they are read: a site has many pages of one."""
    from jinja2 import Environment, FileSystemLoader

    return Environment(
        loader=FileSystemLoader(safe_html.TEMPLATES), autoescape=True, trim_blocks=True, lstrip_blocks=True
    )


def ways(here: str, *, documented: bool, code: str = "") -> list[dict[str, str]]:
    """The links from a page of a published site to the others, and to the code; the page itself has no address.

    Args:
        here: the page's name, from the folder of the site.
        documented: whether the site has the documentation.
        code: the address of the repository; "" where none was given.
    """
    home = "../" * here.count("/")
    shown = [name for name in _WAYS if documented or name != DOCUMENTATION]
    found = [{"text": _WAYS[name], "link": "" if name == here else home + name} for name in shown]
    return found + [{"text": "The code", "link": code}] * bool(code)


def is_ours(page: Path) -> bool:
    """Whether a file is a page that was written here."""
    return page.is_file() and OURS in page.read_text(encoding="utf-8", errors="replace")[:2000]
