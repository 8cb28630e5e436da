"""Documentation as pages of a site."""

import pytest

from cnnrepro import paths
from cnnrepro.report.site_pages import documentation
from tests.elements import Elements


@pytest.fixture
def checkout(tmp_path):
    folder = tmp_path / "checkout"
    (folder / "docs").mkdir(parents=True)
    (folder / "README.md").write_text(
        "# The *name*\n\n[a](docs/a.md#two-words) [page](reports/x/y%20z/index.html) [all](reports/) [code](Makefile)\n"
        "[out](../secret.md) [web](https://keras.io)\n\n<script>t()</script>\n\n| | |\n|---|---|\n| 1 | 2 |\n"
    )
    (folder / "docs" / "a.md").write_text("# A\n\n## Two words!\n\n[home](../README.md) `<b>`\n\n## More\n\n    make\n")
    return folder


def test_links_between_documents_and_to_reports_work_and_others_are_text(checkout, tmp_path):
    site = tmp_path / "site"
    (site / "x" / "y z").mkdir(parents=True)
    (site / "x" / "y z" / "index.html").write_text("")
    assert documentation.write(site, checkout) == ["docs/index.html", "docs/a.html", "docs/reference.html"]
    home = (site / "docs" / "index.html").read_text(encoding="utf-8")
    page = (site / "docs" / "a.html").read_text(encoding="utf-8")
    links = [link["href"] for link in Elements(home.partition("<article")[2].partition("</article")[0]).of("a")]
    assert links == ["a.html#two-words", "../x/y%20z/index.html", "../questions.html", "https://keras.io"]
    assert "<h1>The name</h1>" in home and "<script" not in home and "t()" not in home and "<thead>" not in home
    assert '<a href="reference.html">Reference</a>' in home and '<a href="reference.html">Reference</a>' in page
    assert 'id="two-words"' in page and 'href="index.html">home</a>' in page and "&lt;b&gt;" in page
    assert [link["href"] for link in Elements(page).of("a")][:5] == [
        *("../index.html", "../questions.html", "../ledger.html", "../docs/index.html", "#two-words")
    ]


def test_without_a_checkout_there_is_none_and_what_was_there_goes(checkout, tmp_path):
    documentation.write(tmp_path / "site", checkout)
    (tmp_path / "site" / "docs" / "mine.html").write_text("mine")
    assert documentation.write(tmp_path / "site", None) == []
    assert [path.name for path in (tmp_path / "site" / "docs").iterdir()] == ["mine.html"]
    assert not documentation.is_ours(tmp_path / "site" / "docs")


def test_every_table_of_this_checkout_is_one(root, tmp_path):
    """A row with another number of cells, as by a bar in code without a backslash, and Markdown shows none at all."""
    for page in documentation.write(tmp_path, root):
        words = "".join(Elements((tmp_path / page).read_text(encoding="utf-8")).words)
        assert "|---" not in words and "\\|" not in words, page


def test_this_checkout_is_found(root):
    assert paths.documented_checkout() == root
    assert documentation.sources(root)["docs/reproducibility.md"] == "docs/reproducibility.html"
