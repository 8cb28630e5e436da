import io
import itertools
import json
import os
import re
import shutil
from pathlib import Path
from urllib.parse import unquote

import nbformat
import numpy as np
import pytest
from PIL import Image

from cnnrepro.claims import Verdict
from cnnrepro.errors import UsageError
from cnnrepro.report import display, page, site
from cnnrepro.runs.store import CURVES, PREDICTIONS, RECORD
from tests.elements import Elements


def add(reports, notebook, *parts, title="A title", facts=None):
    folder = reports.joinpath(*parts)
    folder.mkdir(parents=True)
    page.write_page(notebook, folder, title=title, experiment=parts[0], parameters={}, facts=facts or {})
    return folder


@pytest.fixture(scope="module")
def two_reports(tmp_path_factory, executed):
    folder = tmp_path_factory.mktemp("site") / "reports"
    add(folder, executed, "alexnet_vs_resnet", "default", facts={"To repeat": "cnnrepro run <x>"})
    add(folder, executed, "mine", "odd name é#1", title="<script>t()</script>")
    return folder


@pytest.fixture
def reports(tmp_path, two_reports):
    return Path(shutil.copytree(two_reports, tmp_path / "reports"))


def test_the_index_lists_every_report_with_its_verdict_and_thumbnail(reports):
    text = site.write_index(reports).read_text(encoding="utf-8")
    assert 'href="alexnet_vs_resnet/default/index.html"' in text
    assert 'href="mine/odd%20name%20%C3%A9%231/index.html"' in text
    assert text.count('class="verdict if"') == 2
    assert text.count("data:image/png;base64,") == 2
    assert "cnnrepro run &lt;x&gt;" in text
    assert "<script" not in text and "&lt;script&gt;t()" in text
    assert "http" not in text.replace("http-equiv", "")


def test_what_a_comparison_came_to_stands_beside_its_page(tmp_path):
    said = {"question": "Which?", "word": "better", "sentence": "A <b> by 2 points."}
    cell = nbformat.v4.new_code_cell("a", outputs=[nbformat.v4.new_output("display_data", {display.ANSWER_TYPE: said})])
    add(tmp_path / "reports", nbformat.v4.new_notebook(cells=[cell]), "lenet5_on_mnist", "default")
    site.publish(tmp_path / "reports", tmp_path / "site")
    for name in ("index.html", "questions.html"):
        assert "</span> better</" in (tmp_path / "site" / name).read_text(encoding="utf-8"), name
    assert "A &lt;b&gt; by 2 points." in (tmp_path / "site" / "questions.html").read_text(encoding="utf-8")


def of_another_shape(**changes):
    """A report.json that is one but for some values."""
    usual = {"title": "t", "experiment": "mine", "created": "2026", "facts": {}, "verdicts": [], "no_verdicts": []}
    return json.dumps(usual | changes)


DAMAGED = {
    "torn": "{",
    "deep": "[" * 100_000,
    "a list": "[]",
    "verdicts": of_another_shape(verdicts=5),
    "a verdict": of_another_shape(verdicts=[5]),
    "a word": of_another_shape(verdicts=[{"claim": 1, "word": ["holds"], "sentence": "s"}]),
    "no verdicts": of_another_shape(no_verdicts=5),
    "answers": of_another_shape(answers=[{"word": "better", "sentence": 5}]),
    "facts": of_another_shape(facts=[]),
}


@pytest.mark.parametrize("text", DAMAGED.values(), ids=DAMAGED)
def test_a_damaged_report_is_named_and_stops_nothing(text, reports):
    (reports / "mine" / "odd name é#1" / "report.json").write_text(text)
    text = site.write_index(reports).read_text(encoding="utf-8")
    assert "mine/odd name é#1" in text and "cannot be read" in text
    assert "alexnet_vs_resnet/default" in text


def test_an_index_of_many_reports_goes_over_pages_that_open_soon(tmp_path):
    reports = tmp_path / "reports"
    for number in range(60):
        folder = reports / "mine" / f"{number:02}"
        folder.mkdir(parents=True)
        (folder / "report.json").write_text(of_another_shape(created=f"2026-01-{number:02}"))
        (folder / "thumbnail.png").write_bytes(bytes(100_000))
    (reports / "index-9.html").write_text('<meta name="generator" content="cnnrepro">')  # of more reports, earlier
    (reports / "index-x.html").write_text("mine")
    site.write_index(reports)
    texts = {path.name: path.read_text(encoding="utf-8") for path in reports.glob("index*.html")}
    assert texts.pop("index-x.html") == "mine"
    assert texts.keys() == {"index.html", *(f"index-{number}.html" for number in range(2, len(texts) + 1))}
    assert 5 < len(texts) < 15 and all(len(text) < 2_000_000 for text in texts.values())
    listed = "".join(texts[name] for name in sorted(texts, key=lambda name: (len(name), name)))
    assert [f'href="mine/{number:02}/' in listed for number in range(60)] == [True] * 60
    assert 'href="mine/59/' in texts["index.html"] and 'href="index-2.html">2</a>' in texts["index.html"]
    site.publish(reports, tmp_path / "site")
    site.publish(reports, tmp_path / "site")  # what is there is a site of ours
    names = {path.name for path in (tmp_path / "site").glob("*-*.html")}
    assert names == {f"questions-{number}.html" for number in range(2, len(texts) + 1)}
    assert 'href="questions-2.html">2</a>' in (tmp_path / "site" / "questions.html").read_text(encoding="utf-8")
    assert (tmp_path / "site" / "index.html").stat().st_size < 300_000
    for number in range(5, 60):
        (reports / "mine" / f"{number:02}" / "report.json").unlink()
    site.write_index(reports)
    assert {path.name for path in reports.glob("index*.html")} == {"index.html", "index-x.html"}


def test_a_title_that_no_file_can_hold_stops_nothing(reports):
    (reports / "mine" / "odd name é#1" / "report.json").write_text(of_another_shape(title="a \ud800 b"))
    assert "a \\ud800 b" in site.write_index(reports).read_text(encoding="utf-8")


def test_what_is_no_report_or_in_the_making_is_left_out(reports):
    (reports / "notes").mkdir()
    (reports / "mine" / ".half-done" / "x").mkdir(parents=True)
    (reports / "mine" / ".half-done" / "report.json").write_text("{}")
    assert "half" not in site.write_index(reports).read_text(encoding="utf-8")


def test_an_index_of_nothing(tmp_path):
    assert site.write_index(tmp_path / "new").exists()


def test_publishing_copies_and_replaces(reports, tmp_path):
    to = tmp_path / "site"
    assert site.publish(reports, to) == to / "index.html"
    (to / "mine" / "odd name é#1" / "figures" / "old.svg").write_text("from before")
    (reports / "mine" / "odd name é#1" / "figures" / "new.svg").write_text("new")
    site.publish(reports, to)
    copied = to / "mine" / "odd name é#1"
    assert (copied / "figures" / "new.svg").exists() and not (copied / "figures" / "old.svg").exists()
    assert [path.name for path in (to / "mine").iterdir()] == ["odd name é#1"]
    assert json.loads((copied / "report.json").read_text(encoding="utf-8"))["title"] == "<script>t()</script>"


@pytest.mark.parametrize("where", ["reports", "reports/inside", "file"])
def test_places_that_cannot_be_published_to(where, reports, tmp_path):
    (tmp_path / "file").write_text("")
    before = sorted(path.name for path in reports.iterdir())
    with pytest.raises(UsageError, match="--to must"):
        site.publish(reports, tmp_path / where)
    assert sorted(path.name for path in reports.iterdir()) == before


def test_a_folder_with_other_things_in_it_needs_force(reports, tmp_path):
    to = tmp_path / "site"
    (to / ".git").mkdir(parents=True)
    (to / "CNAME").write_text("example.org")
    site.publish(reports, to)  # what a host needs is nothing in the way, nor a site that is there already
    site.publish(reports, to)
    (to / "thesis.tex").write_text("mine")
    (to / "alexnet_vs_resnet" / "notes.txt").write_text("mine")
    with pytest.raises(UsageError, match=r"has other things in it: alexnet_vs_resnet, thesis.tex\. .* --force"):
        site.publish(reports, to)
    site.publish(reports, to, force=True)
    assert (to / "thesis.tex").read_text() == (to / "alexnet_vs_resnet" / "notes.txt").read_text() == "mine"


def test_an_index_of_somebody_else_is_not_replaced_unasked(reports, tmp_path):
    to = tmp_path / "home"
    to.mkdir()
    (to / "index.html").write_text("<h1>My home page</h1>")
    with pytest.raises(UsageError, match=r"other things in it: index.html\. .*Nothing was written"):
        site.publish(reports, to)
    assert [path.name for path in to.iterdir()] == ["index.html"]
    assert "My home" not in site.publish(reports, to, force=True).read_text(encoding="utf-8")


def test_a_site_has_no_locks_and_nothing_that_was_in_the_making(reports, tmp_path):
    for name in (".lock", "mine/.lock", "mine/odd name é#1/.lock", "mine/odd name é#1/run.lock", ".index.html.1.tmp"):
        (reports / name).touch()
    (tmp_path / "site").mkdir()
    (tmp_path / "site" / ".lock").touch()  # of an earlier version
    to = site.publish(reports, tmp_path / "site").parent
    assert [str(path) for path in to.rglob("*") if path.name.startswith(".") or path.suffix in (".lock", ".tmp")] == [
        str(to / ".nojekyll")
    ]


def test_every_link_of_a_site_leads_somewhere_and_of_a_page_alone_too(reports, tmp_path):
    ledger = display.verdict_bundle(Verdict(30, "holds", "So."))
    cells = [nbformat.v4.new_code_cell("v", outputs=[nbformat.v4.new_output("display_data", ledger)])]
    add(reports, nbformat.v4.new_notebook(cells=cells), "claims", "default", title="The ledger")
    site.write_index(reports)
    to = site.publish(reports, tmp_path / "site").parent
    for folder in (reports, to):
        pages = {path.resolve(): Elements(path.read_text(encoding="utf-8")) for path in folder.rglob("*.html")}
        ids = {path: {one["id"] for _, one in page.found if "id" in one} for path, page in pages.items()}
        for path, one in pages.items():
            for link in one.of("a"):
                address, _, place = link["href"].partition("#")
                if address.startswith("https://"):  # of a library, in the documentation
                    assert path.parent == to / "docs"
                    continue
                assert not address.startswith(("/", "http:", "file:")), (path, link)
                target = (path.parent / unquote(address)).resolve() if address else path
                assert target.is_file() and (not place or unquote(place) in ids[target]), (path, link)
                assert target.is_relative_to(folder), (path, link)
    near = '<nav class="near"'
    assert f"{near}></nav>" in (reports / "claims/default/index.html").read_text(encoding="utf-8")
    text = (to / "alexnet_vs_resnet/default/index.html").read_text(encoding="utf-8")
    assert 'href="../../claims/default/index.html#statement-30">Statement 30</a>' in text
    assert 'href="../../claims/default/index.html" rel="prev"' in text
    assert 'rel="next">&lt;script&gt;t() →' not in text and "&lt;script&gt;t()&lt;/script&gt; →" in text
    assert 'claims/default/index.html#statement-30">30</a>' in (to / "questions.html").read_text(encoding="utf-8")


def test_every_page_leads_to_the_code_where_its_address_is_given(reports, tmp_path):
    code = "https://example.org/me/it"
    to = site.publish(reports, tmp_path / "site", code=code).parent
    for path in to.rglob("*.html"):
        assert '">The code</a>' in path.read_text(encoding="utf-8"), path
        assert f'<a href="{code}">' in path.read_text(encoding="utf-8"), path


def test_the_pages_around_the_reports_load_nothing_and_have_their_headings_in_order(reports, tmp_path):
    to = site.publish(reports, tmp_path / "site").parent
    around = [*to.glob("*.html"), *(to / "docs").glob("*.html")]
    assert {"index.html", "questions.html", "ledger.html", "reproducibility.html"} <= {path.name for path in around}
    for path in around:
        text = path.read_text(encoding="utf-8")
        page = Elements(text)
        assert "default-src 'none'; img-src data:; style-src 'unsafe-inline'" in text
        assert not page.of("script") and not page.of("link") and "url(" not in text and "@import" not in text
        assert all(picture["src"].startswith("data:") and "alt" in picture for picture in page.of("img"))
        levels = [int(tag[1]) for tag, _ in page.found if re.fullmatch("h[1-6]", tag)]
        assert levels[0] == 1 and levels.count(1) == 1, path
        assert all(after <= before + 1 for before, after in itertools.pairwise(levels)), path
        names = [one["id"] for _, one in page.found if "id" in one]
        assert len(names) == len(set(names)), path


def test_a_folder_of_reports_that_was_a_site_is_one_again(reports, tmp_path):
    to = site.publish(reports, tmp_path / "site").parent
    assert "By question" in (to / "index.html").read_text(encoding="utf-8")
    (to / "docs" / "gone.html").write_text('<meta name="generator" content="cnnrepro">')  # its source is gone
    site.write_index(to)
    assert "By question" not in (to / "index.html").read_text(encoding="utf-8")
    site.publish(reports, to)
    assert "By question" in (to / "index.html").read_text(encoding="utf-8")
    assert not (to / "docs" / "gone.html").exists()
    (to / "docs" / "thesis.txt").write_text("mine")
    with pytest.raises(UsageError, match=r"other things in it: docs\."):
        site.publish(reports, to)


def test_from_a_wheel_a_site_has_no_documentation_and_says_so(reports, tmp_path, monkeypatch):
    monkeypatch.setattr(site.paths, "documented_checkout", lambda: None)
    index = site.publish(reports, tmp_path / "site")
    assert not (tmp_path / "site" / "docs").exists()
    assert "part of the source, and not of an installed package" in index.read_text(encoding="utf-8")
    assert not [link for link in Elements(index.read_text(encoding="utf-8")).of("a") if "docs/" in link["href"]]


def test_a_thumbnail_of_an_earlier_version_is_made_smaller(reports):
    picture, thumbnail = io.BytesIO(), reports / "alexnet_vs_resnet" / "default" / "thumbnail.png"
    noise = np.random.default_rng(0).integers(0, 256, (500, 640, 3), "uint8")
    Image.fromarray(noise).save(picture, "png")
    thumbnail.write_bytes(picture.getvalue())
    (reports / "mine" / "odd name é#1" / "thumbnail.png").write_bytes(bytes(300_000))  # is none
    entries, damaged = site.read_reports(reports)
    lengths = {entry["experiment"]: len(entry["thumbnail"]) for entry in entries}
    assert not damaged and lengths["mine"] == 0 and 0 < lengths["alexnet_vs_resnet"] < len(picture.getvalue()) / 2


def files_of(folder):
    return sorted(path.relative_to(folder).as_posix() for path in folder.rglob("*") if path.is_file())


def test_all_that_was_written_with_a_page_is_published(reports, tmp_path):
    records = reports / "mine" / "odd name é#1" / "records" / ("a" * 16)
    records.mkdir(parents=True)
    for name in (RECORD, CURVES, PREDICTIONS):
        (records / name).write_text("x")
    site.publish(reports, tmp_path / "site")
    for place in ("alexnet_vs_resnet/default", "mine/odd name é#1"):
        assert files_of(tmp_path / "site" / place) == files_of(reports / place)
        assert len(files_of(reports / place)) >= 6


def test_what_somebody_put_there_stays_and_no_link_is_followed(reports, tmp_path, capsys):
    """A pipe would wait for ever, and links would bring anything of this machine into the site."""
    (tmp_path / "secret").mkdir()
    for name in ("id_rsa.svg", "report.json", "record.json"):
        (tmp_path / "secret" / name).write_text("PRIVATE KEY")
    folder = reports / "mine" / "odd name é#1"
    (folder / "figures" / "linked.svg").symlink_to(tmp_path / "secret" / "id_rsa.svg")
    (folder / "notes").mkdir()
    (folder / "notes" / "mine.txt").write_text("PRIVATE KEY")
    (folder / "records").mkdir(exist_ok=True)
    (folder / "records" / ("b" * 16)).symlink_to(tmp_path / "secret")
    (folder / "thumbnail.png").unlink()
    (folder / "thumbnail.png").symlink_to(tmp_path / "secret" / "id_rsa.svg")
    os.mkfifo(folder / "notebook.pipe")
    os.mkfifo(folder / "figures" / "pipe.png")
    (reports / "mine" / "elsewhere").symlink_to(tmp_path / "secret")
    os.mkfifo(reports / "alexnet_vs_resnet" / "default" / "extra")
    index = site.publish(reports, tmp_path / "site")
    told = capsys.readouterr().err
    assert "not copied" in told and "alexnet_vs_resnet/default/extra" in told and "PRIVATE KEY" not in told
    published = files_of(tmp_path / "site")
    assert not [name for name in published if "PRIVATE KEY" in (tmp_path / "site" / name).read_text(errors="replace")]
    assert "mine/odd name é#1/index.html" in published and "elsewhere" not in index.read_text(encoding="utf-8")
    assert not [path for path in (tmp_path / "site").rglob("*") if path.is_symlink()]


@pytest.mark.parametrize("name", ["report.json", "thumbnail.png"])
def test_a_link_or_a_pipe_in_a_report_is_not_read(name, reports, tmp_path):
    (tmp_path / "secret").write_text("PRIVATE KEY")
    for folder, make in (("mine/odd name é#1", os.mkfifo), ("alexnet_vs_resnet/default", None)):
        (reports / folder / name).unlink()
        make(reports / folder / name) if make else (reports / folder / name).symlink_to(tmp_path / "secret")
    entries, damaged = site.read_reports(reports)
    if name == "report.json":
        assert (entries, damaged) == ([], ["alexnet_vs_resnet/default", "mine/odd name é#1"])
    else:
        assert [entry["thumbnail"] for entry in entries] == ["", ""] and not damaged


def test_nothing_to_publish_says_what_to_do(tmp_path):
    with pytest.raises(UsageError, match="cnnrepro run alexnet_vs_resnet"):
        site.publish(tmp_path / "none", tmp_path / "site")


def test_a_replacement_that_fails_brings_the_old_one_back(tmp_path):
    (tmp_path / "place").mkdir()
    (tmp_path / "place" / "old.txt").write_text("")
    with pytest.raises(OSError):
        site.put(tmp_path / "missing", tmp_path / "place", tmp_path / "aside", tmp_path)
    assert (tmp_path / "place" / "old.txt").exists()
