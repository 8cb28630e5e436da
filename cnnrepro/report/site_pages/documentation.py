"""The documentation of a checkout as pages of a site: README, docs/ and what they lead to, and the reference."""

from __future__ import annotations

import functools
import html
import posixpath
import re
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from urllib.parse import quote, unquote

from cnnrepro.report import links, safe_html
from cnnrepro.report.embedded_pictures import Pictures
from cnnrepro.report.site_pages import frame, reference

FOLDER = "docs"
_TOP = ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")  # beside docs/
_TITLE = re.compile(r"\A\s*# +([^\n]+)\n")
_LINK = re.compile(r'<a href="([^"]*)"([^>]*)>(.*?)</a>', re.DOTALL)
_HEADING = re.compile(r'<h([1-6])(?: id="[^"]*")?>(.*?)</h\1>', re.DOTALL)
_TABLE = re.compile(r"<table>.*?</table>", re.DOTALL)
_EMPTY_HEAD = re.compile(r"<thead>\s*<tr>(?:\s*<th>\s*</th>)+\s*</tr>\s*</thead>")


def sources(checkout: Path | None) -> dict[str, str]:
    """The files of the documentation by their path in a checkout, each with its page's path on the site."""
    if checkout is None:
        return {}
    names = [name for name in _TOP if (checkout / name).is_file()]
    names += [f"{FOLDER}/{path.name}" for path in sorted((checkout / FOLDER).glob("*.md"))]
    return {name: frame.DOCUMENTATION if name == _TOP[0] else f"{FOLDER}/{Path(name).stem}.html" for name in names}


def write(site: Path, checkout: Path | None, code: str = "") -> list[str]:
    """Write the documentation into a site, and remove pages of ours whose source is gone.

    Args:
        site: its folder, the reports already in it.
        checkout: the folder of README.md and docs/; None where there is none, as for an installed package.
        code: the address of the repository; "" where none was given.

    Returns:
        The pages' paths on the site.
    """
    pages = sources(checkout)
    texts = {source: (checkout / source).read_text(encoding="utf-8") for source in pages} if checkout else {}
    titles = {source: _title(source, text) for source, text in texts.items()}
    documents = [(posixpath.basename(pages[source]), title) for source, title in titles.items()]
    documents += [(reference.FILE, reference.TITLE)] * bool(pages)
    for source, text in texts.items():
        address = functools.partial(_address, source=source, pages=pages, site=site)
        body, contents = _body(_TITLE.sub("", text), checkout / posixpath.dirname(source))
        frame.write(
            site,
            pages[source],
            "document.html.j2",
            title=titles[source],
            body=_LINK.sub(_linked(address), body),
            contents=contents,
            documents=documents,
            here=posixpath.basename(pages[source]),
            ways=frame.ways(pages[source], documented=True, code=code),
            highlight_css=safe_html.highlight_css(),
        )
    written = [*pages.values(), *([_write_reference(site, documents, code)] if pages else [])]
    for path in (site / FOLDER).glob("*.html"):
        if f"{FOLDER}/{path.name}" not in written and frame.is_ours(path):
            path.unlink()
    return written


def _write_reference(site: Path, documents: Sequence[tuple[str, str]], code: str) -> str:
    """Write the page that is drawn from docstrings; its path on the site."""
    name = f"{FOLDER}/{reference.FILE}"
    frame.write(
        site,
        name,
        "reference.html.j2",
        **reference.shown(),
        documents=documents,
        here=reference.FILE,
        ways=frame.ways(name, documented=True, code=code),
        highlight_css=safe_html.highlight_css(),
    )
    return name


def is_ours(folder: Path) -> bool:
    """Whether a folder of a site has nothing but pages of the documentation in it."""
    return folder.name == FOLDER and folder.is_dir() and all(map(frame.is_ours, folder.iterdir()))


def _title(source: str, text: str) -> str:
    found = _TITLE.match(text)
    return links.plain_text(safe_html.markdown_html(found[1])) if found else Path(source).stem


@functools.lru_cache(maxsize=64)
def _body(text: str, folder: Path) -> tuple[str, str]:
    """Markdown as the inside of a page, and its contents; links as they are written there."""
    made = safe_html.markdown_html(text, Pictures(folder))
    made = _HEADING.sub(lambda one: f'<h{one[1]} id="{html.escape(_slug(one[2]))}">{one[2]}</h{one[1]}>', made)
    made, contents = links.with_anchors(made)
    made = _EMPTY_HEAD.sub("", made)
    return links.focusable(_TABLE.sub(_table, made)), links.contents_html(contents)


def _table(found: re.Match) -> str:
    """A table that is moved sideways by itself; mistune leaves the backslash before a bar in its code."""
    table = found[0].replace("\\|", "|")
    return f'<div class="shown" role="region" aria-label="Table" tabindex="0">{table}</div>'


def _slug(heading: str) -> str:
    """The name of a heading in addresses, as GitHub makes it of its text."""
    return re.sub(r"[^\w -]", "", links.plain_text(heading).lower()).replace(" ", "-")


def _linked(address: Callable[[str], str]) -> Callable[[re.Match], str]:
    def link(found: re.Match) -> str:
        to = address(html.unescape(found[1]))
        return f'<a href="{html.escape(to)}"{found[2]}>{found[3]}</a>' if to else found[3]

    return link


def _address(link: str, *, source: str, pages: Mapping[str, str], site: Path) -> str:
    """Where a link of a document leads on the site; "" where the site has nothing of the kind, as of a notebook."""
    if link.startswith("#") or re.match(r"[a-z][a-z+.-]*:", link, re.IGNORECASE):
        return link
    path, hash_, place = link.partition("#")
    target = posixpath.normpath(posixpath.join(posixpath.dirname(source), unquote(path)))
    if target in pages:
        return quote(posixpath.basename(pages[target])) + hash_ + place
    if target == "reports":
        return f"../{frame.QUESTIONS}"
    beside = target.removeprefix("reports/")
    if target != beside and not beside.startswith("..") and (site / beside).is_file():
        return f"../{quote(beside)}{hash_}{place}"
    return ""
