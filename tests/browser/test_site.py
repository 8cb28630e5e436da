"""The published site in Chromium, below a sub-path of a server and as files: what it asks for, says and weighs."""

from __future__ import annotations

import contextlib
import functools
import http.server
import importlib.resources
import threading
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import unquote, urldefrag

import pytest

from cnnrepro.report import site as site_of_reports
from cnnrepro.report.site_pages import frame
from tests.committed_page import REPORTS

pytestmark = pytest.mark.soak

SUB_PATH = "/some/where/"
WIDE, NARROW = 1280, 390  # pixels of a laptop and of a telephone
HEIGHT = 900
PATIENCE = 120_000  # milliseconds; the machine may be busy
LARGEST, LARGEST_FRONT = 2_000_000, 300_000  # bytes of a page with all that it loads
RULES = ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]
GRAVE = ("serious", "critical")
OPEN_ALL = "document.querySelectorAll('details').forEach(one => one.open = true)"
TOO_WIDE = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
NO_PICTURES = "[...document.images].filter(one => one.complete && !one.naturalWidth).map(one => one.alt)"
AXE = "rules => axe.run({runOnly: rules, preload: false, resultTypes: ['violations']})"
LINKS = "all => all.map(one => new URL(one.getAttribute('href'), document.baseURI).href)"
NAMES = "all => all.flatMap(one => [one.id, one.getAttribute('name')])"


class Handler(http.server.SimpleHTTPRequestHandler):
    """Serves a folder below the sub-path, and nothing else."""

    def translate_path(self, path):
        return super().translate_path(path.removeprefix(SUB_PATH[:-1]) if path.startswith(SUB_PATH) else "/not/there")

    def log_message(self, *_):
        pass


@contextlib.contextmanager
def served(folder: Path) -> Iterator[str]:
    """The address of a folder on a server of this machine."""
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), functools.partial(Handler, directory=folder))
    threading.Thread(target=server.serve_forever, daemon=True).start()
    try:
        yield f"http://127.0.0.1:{server.server_port}{SUB_PATH}"
    finally:
        server.shutdown()
        server.server_close()


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """The committed pages, published."""
    to = tmp_path_factory.mktemp("published") / "site"
    site_of_reports.publish(REPORTS, to)
    return to


@pytest.fixture(scope="module")
def address(folder) -> Iterator[str]:
    """Where a server has them."""
    with served(folder) as base:
        yield base


@pytest.fixture(params=["http", "file"])
def base(request, folder) -> str:
    """Where they are, with the slash at the end: on a server, and as files."""
    return f"{folder.as_uri()}/" if request.param == "file" else request.getfixturevalue("address")


@dataclass
class Visit:
    """A page in the browser, with what was wrong and what was loaded."""

    page: object
    base: str
    complaints: list[str] = field(default_factory=list)
    loaded: list = field(default_factory=list)

    def open(self, path: str) -> Visit:
        """Open a page of the site."""
        for event, text in (
            ("console", lambda message: f"console: {message.text}"),
            ("pageerror", lambda error: f"error: {error}"),
            ("requestfailed", lambda request: f"failed: {request.url[:200]}"),
        ):
            self.page.on(event, lambda what, text=text: self.complaints.append(text(what)))
        self.page.on("request", self._requested)
        self.page.on("response", self._answered)
        self.page.goto(self.base + path)
        return self

    def _requested(self, request):
        if not request.url.startswith((self.base, "data:")):
            self.complaints.append(f"asked elsewhere: {request.url[:200]}")

    def _answered(self, response):
        if not response.url.startswith("data:"):
            self.loaded.append(response)
            if response.status >= 400:
                self.complaints.append(f"status {response.status}: {response.url}")

    def look(self) -> list[str]:
        """All that is wrong with the page, with what folds closed and open."""
        for folds in ("closed", "open"):
            if (over := self.page.evaluate(TOO_WIDE)) > 0:
                self.complaints.append(f"{over} pixels too wide with its folds {folds}")
            self.page.evaluate(OPEN_ALL)
        self.complaints += [f"no picture: {alt}" for alt in self.page.evaluate(NO_PICTURES)]
        # Not as an element, which the page's own policy would refuse; and axe fetches nothing.
        script = importlib.resources.files("axe_playwright_python") / "axe.min.js"
        self.page.evaluate(script.read_text(encoding="utf-8"))
        for one in self.page.evaluate(AXE, RULES)["violations"]:
            if one["impact"] in GRAVE:
                where = f"{len(one['nodes'])} times, first {one['nodes'][0]['html'][:200]}"
                self.complaints.append(f"{one['id']} ({one['impact']}): {where}")
        return self.complaints


@contextlib.contextmanager
def visits(browser, base, *, width=WIDE, scheme="light", **options):
    """A function that opens a page of a site by its path, and closes the one before, for the length of a block.

    Args:
        browser: that opens it.
        base: the address of the site, with the slash at its end.
        width: of the window.
        scheme: light or dark.
        options: of the browser's context.
    """
    size = {"width": width, "height": HEIGHT}
    context = browser.new_context(viewport=size, color_scheme=scheme, offline=base.startswith("file:"), **options)
    context.set_default_timeout(PATIENCE)

    def visit(path: str) -> Visit:
        for earlier in context.pages:
            earlier.close()
        return Visit(context.new_page(), base).open(path)

    yield visit
    context.close()


def pages(folder: Path) -> list[str]:
    """The paths of all pages of a site."""
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*.html"))


def lost_links(base: str, folder: Path, links: dict[str, Iterable[str]], names: dict[str, Iterable[str]]) -> list[str]:
    """The links that lead to no file of the site, or to no place of its page.

    Args:
        base: the address of the site.
        folder: that has its files.
        links: what each page links to, absolute.
        names: the places of each page.
    """
    lost = []
    for path, link in ((path, link) for path, found in links.items() for link in found):
        address, anchor = (unquote(part) for part in urldefrag(link))
        if address.startswith(unquote(base)):
            target = address.removeprefix(unquote(base))
            there = (folder / target).is_file() and (not anchor or anchor in names[target])
        else:
            there = address.startswith("https://")  # to others; no test asks them
        if not there:
            lost.append(f"{path}: {link}")
    return lost


def test_what_is_wrong_with_a_page_is_found(chromium, tmp_path):
    (tmp_path / "bad.html").write_text(
        "<title>a</title><p style='width: 500px; color: #999'>hardly seen</p><img src=missing.png>"
        "<img src=http://10.0.0.1/x.png><script>console.info('f'); g()</script>"
        "<a href=bad.html#here>c</a><a href=away.html>d</a><a href=/up.html>e</a>"
        "<details><p style='width: 600px'>h</p></details><a href='https://other.example/'>i</a><a href=#>j</a>"
    )
    with served(tmp_path) as base, visits(chromium, base, width=NARROW) as visit:
        visited = visit("bad.html")
        found = "\n".join(visited.look())
        links = {"bad.html": visited.page.eval_on_selector_all("[href]", LINKS)}
        lost = lost_links(base, tmp_path, links, {"bad.html": ["there"]})
    for said in (
        *("console: f", "error: g is not defined", "status 404", "failed: http", "asked elsewhere: http://10.0.0.1/"),
        *("with its folds closed", "with its folds open", "no picture: ", "image-alt (crit", "color-contrast (ser"),
    ):
        assert said in found, found
    assert [link.rpartition("/")[2] for link in lost] == ["bad.html#here", "away.html", "up.html"]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("width", [NARROW, WIDE])
def test_every_page_is_quiet_accessible_and_no_wider_than_the_window(chromium, folder, address, width, scheme):
    complaints = {}
    with visits(chromium, address, width=width, scheme=scheme) as visit:
        for path in pages(folder):
            found = visit(path).look()
            complaints |= {path: found} if found else {}
    assert complaints == {}


def test_every_page_is_whole_and_light_and_every_link_leads_somewhere(chromium, folder, base):
    links, names, sizes, complaints = {}, {}, {}, []
    with visits(chromium, base) as visit:
        for path in pages(folder):
            visited = visit(path)
            complaints += visited.complaints
            links[path] = set(visited.page.eval_on_selector_all("[href]", LINKS))
            names[path] = set(visited.page.eval_on_selector_all("[id], a[name]", NAMES))
            sizes[path] = sum(len(one.body()) for one in visited.loaded)
    assert complaints == []
    assert lost_links(base, folder, links, names) == []
    limits = {path: LARGEST_FRONT if path == frame.FRONT else LARGEST for path in sizes}
    assert {path: size for path, size in sizes.items() if not 1000 < size < limits[path]} == {}
    assert len(sizes) > len(list(REPORTS.glob("*/*/index.html"))) and sum(map(len, links.values())) > 100


def test_the_ledger_is_narrowed_down_without_scripts(chromium, base):
    with visits(chromium, base, java_script_enabled=False) as visit:
        visited = visit(frame.LEDGER_TABLE)
        page, rows = visited.page, "tbody.rows tr"
        having = [set(row) for row in page.eval_on_selector_all(rows, "all => all.map(one => [...one.classList])")]
        groups: dict[str, list[str]] = {}
        for name, key in page.eval_on_selector_all("[type=radio]", "all => all.map(one => [one.name, one.id])"):
            groups.setdefault(name, []).append(key)

        def rows_after(key: str) -> list[int]:
            page.locator(f"label:has(#{key})").click()
            seen = page.eval_on_selector_all(rows, "all => all.map(one => one.checkVisibility())")
            return [number for number, one in enumerate(seen) if one]

        def rows_having(*keys: str) -> list[int]:
            return [number for number, row in enumerate(having) if row.issuperset(keys)]

        assert len(groups) == 3 and len(having) > 50
        for any_one, *keys in groups.values():
            assert len(keys) > 1
            for key in keys:
                assert rows_after(key) == rows_having(key) != rows_having(), key
            assert rows_after(any_one) == rows_having()
        chosen = []
        for _, first, *_ in groups.values():  # one besides the other
            chosen.append(first)
            assert rows_after(first) == rows_having(*chosen)
        assert visited.complaints == []
