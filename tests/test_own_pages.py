"""Pictures, a network and a claim of one's own: each from the documentation's example to a page of a published site."""

import json
import posixpath
from urllib.parse import unquote

import pytest

from tests import noise_pictures
from tests.documented import HOME, code_of, commands_of
from tests.elements import Elements
from tests.newcomer import run_in

DOCS = HOME / "docs"


def command(page, *beginning):
    """The first command of a page that begins so."""
    return next(words for words in commands_of(page) if words[: len(beginning)] == list(beginning))


def links_of(site, page):
    """The pages of a site that one of its pages leads to."""
    made = Elements((site / page).read_text(encoding="utf-8"))
    paths = (link["href"].partition("#")[0] for link in made.of("a") if ":" not in link["href"])
    return {posixpath.normpath(posixpath.join(posixpath.dirname(page), unquote(path))) for path in paths if path}


@pytest.mark.slow
def test_they_become_pages_of_a_site(tmp_path):
    folder = tmp_path / "empty"
    folder.mkdir()
    pictures = command(DOCS / "data.md", "train")
    (name,) = (word.removeprefix("folder:") for word in pictures if word.startswith("folder:"))
    noise_pictures.write(folder / name, each=10)
    network = command(DOCS / "networks.md", "train")
    (folder / network[1].partition(":")[0]).write_text(code_of(DOCS / "networks.md"), encoding="utf-8")
    claim = command(DOCS / "claims.md", "run")
    (folder / claim[1]).write_text(code_of(DOCS / "claims.md"), encoding="utf-8")

    made = [run_in(folder, words)[-1] for words in (pictures, network, claim)]
    assert run_in(folder, command(HOME / "README.md", "publish", "--to"))[-1].endswith("site/index.html")

    site = folder / "site"
    pages = [path.removeprefix(f"{folder}/reports/") for path in made]
    assert "questions.html" in links_of(site, "index.html")
    assert set(pages) <= links_of(site, "questions.html")
    (own,) = json.loads((site / pages[2]).with_name("report.json").read_text(encoding="utf-8"))["own_claims"]
    ledger = (site / "ledger.html").read_text(encoding="utf-8").partition('id="own-claims"')[2]
    assert pages[2] in links_of(site, "ledger.html")
    assert own["statement"] in ledger and f"</span> {own['word']}</td>" in ledger and claim[1] in ledger
