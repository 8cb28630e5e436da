"""The reference: every public name of the package with its signature and what its docstring says."""

from __future__ import annotations

import functools
from collections.abc import Mapping, Sequence

from cnnrepro.report.links import contents_html, focusable
from cnnrepro.report.safe_html import highlight_python
from cnnrepro.report.site_pages.docstring_html import docstring_html
from cnnrepro.report.site_pages.public_names import MODULE, PACKAGE, Name, rooms

TITLE = "Reference"
FILE = "reference.html"


@functools.cache
def shown() -> dict[str, object]:
    """What the reference's template shows, but for what all pages of the documentation share."""
    every = rooms()
    first: dict[str, str] = {}  # where each thing is told of; its further names lead there
    for one in placed(every):
        first.setdefault(one.home, one.name)
    names = [one.name for one in placed(every)]
    return {
        "title": TITLE,
        "contents": contents_html([(f"#{room.name}", room.name) for room in every]),
        "rooms": [_entry(room, first, names) for room in every],
        "package": PACKAGE,
    }


def placed(names: Sequence[Name]) -> list[Name]:
    """The names that have a place on the page: of what has two names, the members have theirs below the first alone."""
    found, homes = [], set()

    def place(some: Sequence[Name]) -> None:
        for one in some:
            found.append(one)
            if one.home not in homes:
                homes.add(one.home)
                place(one.members)

    place(names)
    return found


def _entry(one: Name, first: Mapping[str, str], names: Sequence[str]) -> dict[str, object]:
    """A name as the template shows it: where it is told of already, with a link to that place alone."""
    told = first[one.home]
    own = {"name": one.name, "short": one.name.rpartition(".")[2], "kind": one.kind, "module": one.kind == MODULE}
    if told != one.name:
        return {**own, "told": told, "members": []}
    places = _places(one.name, names)
    return {
        **own,
        "signature": focusable(highlight_python(one.signature)) if one.signature else "",
        "doc": docstring_html(one.doc, lambda code: places.get(code.removesuffix("()"), "")),
        "members": [_entry(member, first, names) for member in one.members],
    }


def _places(here: str, names: Sequence[str]) -> dict[str, str]:
    """Where the names lead that a text may have, in full, or short for what is near: its own members and neighbours."""
    parts = here.split(".")
    scopes = ["", *(".".join(parts[:length]) + "." for length in range(1, len(parts) + 1))]  # the nearest last, it wins
    found = {name.removeprefix(scope): name for scope in scopes for name in names if name.startswith(scope)}
    return {short: f"#{name}" for short, name in found.items() if name != here}
