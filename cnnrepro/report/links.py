"""The links of a page: to its own headings, to the ledger where a statement is named, and to its neighbours on a site.

A page is drawn before its neighbours are known, and is read alone too. So it has places for these links, which stay
empty until a site is published: ``link_page`` fills them, and does so again when the site has changed.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from urllib.parse import quote

from cnnrepro.claims.ledger import LEDGER
from cnnrepro.experiments.catalogue import EXPERIMENTS

LEDGER_PAGE = "claims"  # the experiment whose page is the ledger
MOST_RELATED = 5  # pages about the same subject that a page names
_HOME = "../.."  # from a page to the folder of its site

_TAG = re.compile(r'(<(?:[^">]|"[^"]*")*>)')
_HEADING = re.compile(r'<h([1-6])((?: [\w-]+="[^"]*")*)>(.*?)</h\1>', re.DOTALL)
_ID = re.compile(r' id="([^"]*)"')
# "Of the statements 1 is …" counts them, and names none.
_MENTION = re.compile(r"\b[Ss]tatement(?: \d+|s \d+(?:(?:, | and | to )\d+)+)\b(?!\.\d)")
_NUMBER = re.compile(r"(?:[Ss]tatements? )?\d+")
# No mention is a link inside of these: they are links, or no sentences.
_NO_SENTENCES = frozenset({"a", "code", "pre", "math", "summary", "h1", "h2", "h3", "h4", "h5", "h6", "nav"})
# What ``link_page`` fills. Nobody else's ``nav`` gets through ``safe_html``.
_MENTIONED = re.compile(r'<(a|span) class="of-ledger"[^<>]*>([^<>\d]*(\d{1,9}))</\1>')
_KEY_CELL = re.compile(r"<td>([0-9a-f]{16})</td>")
_MOVED = re.compile(r'<(pre|div class="shown")(?![^<>]*tabindex)(?=[ >])')
_COMMITS = re.compile(r"<dt>Commit</dt><dd>[^<>]*</dd>")
_COMMIT = re.compile(r"\b[0-9a-f]{12}\b")
_WAYS = re.compile(r'<nav class="ways"[^<>]*>(?:(?!<nav).)*?</nav>', re.DOTALL)
_NEAR = re.compile(r'<nav class="near"[^<>]*>(?:(?!<nav).)*?</nav>', re.DOTALL)
_RELATED = re.compile(r'<nav class="related"[^<>]*>(?:(?!<nav).)*?</nav>', re.DOTALL)
_ON_PAGES = re.compile(r'<span class="on-pages" id="pages-of-(\d{1,9})">(?:(?!<span).)*?</span>', re.DOTALL)


def plain_text(made: str) -> str:
    """HTML as text, its formulas by their source."""
    text = re.sub(r'<math\b[^>]*?\balttext="([^"]*)".*?</math>', r"\1", made, flags=re.DOTALL)
    return " ".join(html.unescape(re.sub(r"<[^>]*>", "", text)).split())


def link_to(identifier: str) -> str:
    """A link that a reader sees beside what has the id, and can take along."""
    return f'<a class="anchor" href="#{quote(identifier)}" aria-label="Link to this place">#</a>'


def with_anchors(made: str) -> tuple[str, list[tuple[str, str]]]:
    """HTML whose headings have an id and a link to it each; and the contents, address and text of the upper ones."""
    taken: set[str] = set()
    contents = []

    def anchored(heading: re.Match) -> str:
        level, attributes, inner = heading[1], heading[2], heading[3]
        text, had = plain_text(inner), _ID.search(attributes)
        name = html.unescape(had[1]) if had else re.sub(r"[^\w-]+", "-", text).strip("-")
        name = next(each for each in _numbered(name or "section") if each not in taken)
        taken.add(name)
        if level in "12" and text:
            contents.append((f"#{quote(name)}", text))
        attributes = f'{_ID.sub("", attributes)} id="{html.escape(name)}"'
        return f"<h{level}{attributes}>{inner} {link_to(name)}</h{level}>"

    return _HEADING.sub(anchored, made), contents


def _numbered(name: str) -> Iterator[str]:
    yield name
    yield from (f"{name}-{number}" for number in range(2, 10_000))


def contents_html(contents: Sequence[tuple[str, str]]) -> str:
    """The contents of a page; nothing where there are none to choose from."""
    items = "".join(f'<li><a href="{address}">{html.escape(text)}</a></li>' for address, text in contents)
    return _nav("contents", "On this page", f"<span>On this page</span><ul>{items}</ul>") if len(contents) > 1 else ""


def focusable(made: str) -> str:
    """HTML whose boxes that may be moved sideways can be reached, and so moved, by the keyboard."""
    return _MOVED.sub(r'<\1 tabindex="0"', made)


def with_records(made: str, keys: Collection[str]) -> str:
    """HTML in which a cell of a table that is the key of one of these runs is a link to its record."""
    return _KEY_CELL.sub(
        lambda cell: f'<td><a href="records/{cell[1]}/record.json">{cell[1]}</a></td>' if cell[1] in keys else cell[0],
        made,
    )


def with_mentions(made: str, numbers: Collection[int]) -> str:
    """HTML in which every "statement N" of these numbers is a link: to its card where the page has one, and on a site
    to the ledger's entry.
    """
    here = _statements_on(made)

    def linked(number: re.Match) -> str:
        value = int(re.sub(r"\D", "", number[0]))
        if value not in numbers:
            return number[0]
        return _mention(number[0], f"#statement-{value}" if value in here else "")

    parts, inside = _TAG.split(made), 0
    for place, part in enumerate(parts):
        if place % 2:
            name = re.match(r"</?(\w*)", part)[1].lower()
            if name in _NO_SENTENCES:
                inside += -1 if part.startswith("</") else 1
        elif not inside:
            parts[place] = _MENTION.sub(lambda mention: _NUMBER.sub(linked, mention[0]), part)
    return "".join(parts)


@dataclass(frozen=True)
class Neighbour:
    """A page of a site as its neighbours see it.

    Args:
        link: its address from the folder of the site.
        title: as the others name it; unlike that of any other page.
        experiment: its name.
        claims: the statements that it judges, or says why not.
    """

    link: str
    title: str
    experiment: str
    claims: frozenset[int]


def neighbours(entries: Sequence[Mapping]) -> list[Neighbour]:
    """The pages of a site in the order of the catalogue, what is not in it last.

    Args:
        entries: what the index says of each: link, title, experiment and claims.
    """
    places = {name: place for place, name in enumerate(EXPERIMENTS)}
    ordered = sorted(
        entries, key=lambda one: (places.get(one["experiment"], len(places)), one["experiment"], one["link"])
    )
    short, titles = list(map(_short_title, ordered)), [entry["title"] for entry in ordered]
    pages = []
    for entry, name in zip(ordered, short, strict=True):
        if short.count(name) > 1:
            name = entry["title"] if titles.count(entry["title"]) == 1 else f"{entry['title']} ({entry['folder']})"
        pages.append(Neighbour(entry["link"], name, entry["experiment"], frozenset(entry["claims"])))
    return pages


def _short_title(entry: Mapping) -> str:
    """The title of the experiment, which its pages add their data and epochs to."""
    row = EXPERIMENTS.get(entry["experiment"])
    return row.title if row and entry["title"].startswith(row.title) else entry["title"]


def ledger_of(pages: Sequence[Neighbour]) -> Neighbour | None:
    """The page that has the ledger: of several the one with the most statements."""
    found = [page for page in pages if page.experiment == LEDGER_PAGE]
    return max(found, key=lambda page: len(page.claims), default=None)


def link_page(text: str, own: Neighbour, pages: Sequence[Neighbour], ways: Sequence[Mapping[str, str]]) -> str:
    """The text of a page with its links to the others of its site.

    Args:
        text: of the page; one that an earlier version drew has no places for links, and stays as it is.
        own: the page itself.
        pages: all of the site, itself included, in their order.
        ways: the links to the pages around them: text, and address from the page.
    """
    ledger, place = ledger_of(pages), pages.index(own)
    before, after = pages[max(place - 1, 0) : place], pages[place + 1 : place + 2]
    near = [_link(page, f"← {page.title}", ' rel="prev"') for page in before]
    near += [_link(page, f"{page.title} →", ' rel="next"') for page in after]
    around = (f'<a href="{html.escape(way["link"])}">{html.escape(way["text"])}</a>' for way in ways)
    filled = {
        _WAYS: _nav("ways", "Site", " ".join(around)),
        _NEAR: _nav("near", "Previous and next page", " ".join(near)),
        _RELATED: _nav("related", "About the same subject", _related_list(own, pages)),
    }
    for what, links in filled.items():
        text = what.sub(lambda _, links=links: links, text)
    text = _MENTIONED.sub(_to_ledger(text, own, ledger), text)
    return _ON_PAGES.sub(lambda card: _pages_of(int(card[1]), own, pages), text)


def with_commits(text: str, code: str) -> str:
    """The text of a page whose commits lead to their pages in a repository; "" as its address changes nothing.

    GitHub, GitLab, Gitea and Forgejo have a commit at this address.
    """
    if not code:
        return text
    to = html.escape(code.rstrip("/"))
    return _COMMITS.sub(lambda fact: _COMMIT.sub(rf'<a href="{to}/commit/\g<0>">\g<0></a>', fact[0]), text)


def _statements_on(made: str) -> set[int]:
    """The statements that a page has a card of."""
    return set(map(int, re.findall(r' id="statement-(\d{1,9})"', made)))


def _nav(name: str, label: str, links: str) -> str:
    return f'<nav class="{name}" aria-label="{label}">{links}</nav>'


def _link(page: Neighbour, text: str, attributes: str = "", at: str = "") -> str:
    return f'<a href="{_HOME}/{html.escape(page.link)}{at}"{attributes}>{html.escape(text)}</a>'


def _mention(text: str, address: str) -> str:
    return f'<a class="of-ledger" href="{address}">{text}</a>' if address else f'<span class="of-ledger">{text}</span>'


def _to_ledger(page: str, own: Neighbour, ledger: Neighbour | None) -> Callable[[re.Match], str]:
    here = _statements_on(page)

    def linked(mention: re.Match) -> str:
        number = int(mention[3])
        if ledger is not None and own != ledger and number in ledger.claims:
            return _mention(mention[2], f"{_HOME}/{html.escape(ledger.link)}#statement-{number}")
        return _mention(mention[2], f"#statement-{number}" if number in here else "")

    return linked


def _related_list(own: Neighbour, pages: Sequence[Neighbour]) -> str:
    links = [_link(page, page.title) for page in related(own, pages)]
    items = "".join(f"<li>{link}</li>" for link in links)
    return f"<h2>About the same subject</h2><ul>{items}</ul>" if items else ""


def related(own: Neighbour, pages: Sequence[Neighbour]) -> list[Neighbour]:
    """The pages about the same subject, the nearest first: those of the same experiment, then those that judge the same
    statements or statements from the same section of the notes. The ledger, which has all, is none of them.
    """
    nearness = {
        page: (page.experiment == own.experiment, len(page.claims & own.claims), len(_sections(page) & _sections(own)))
        for page in pages
        if page != own and LEDGER_PAGE not in (page.experiment, own.experiment)
    }
    found = [page for page in nearness if any(nearness[page])]
    return sorted(found, key=lambda page: nearness[page], reverse=True)[:MOST_RELATED]


def _sections(page: Neighbour) -> set[str]:
    """The sections of the notes that a page's statements stand in."""
    sources = (LEDGER[number].source for number in page.claims if number in LEDGER)
    return {place.strip() for source in sources for place in source.split(";")}


def judging(number: int, pages: Sequence[Neighbour]) -> list[Neighbour]:
    """The pages that judge a statement, or say why not; without the ledger, which has all."""
    return [page for page in pages if number in page.claims and page.experiment != LEDGER_PAGE]


def _pages_of(number: int, own: Neighbour, pages: Sequence[Neighbour]) -> str:
    """On a card of the ledger, the pages that judge its statement."""
    found = [page for page in judging(number, pages) if page != own]
    links = ", ".join(_link(page, page.title, at=f"#statement-{number}") for page in found)
    said = f"{'Page' if len(found) == 1 else 'Pages'}: {links}" if links else ""
    return f'<span class="on-pages" id="pages-of-{number}">{said}</span>'
