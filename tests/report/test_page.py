import base64
import json
import shutil
import subprocess

import nbformat
import pytest

from cnnrepro.claims import LEDGER, NoVerdict, Verdict
from cnnrepro.errors import WorkFailed
from cnnrepro.report import cell_html, display, figures, page, site
from tests.elements import Elements
from tests.report.test_embedded_pictures import picture

PARAMETERS = {"dataset": "<script>p()</script>", "name": "é" * 200 + "\"'&", "seeds": [0, 1]}


@pytest.fixture(scope="module")
def folder(executed, tmp_path_factory):
    folder = tmp_path_factory.mktemp("page")
    records = folder / "records" / "k1"
    records.mkdir(parents=True)
    (records / "record.json").write_text("{}")
    about = {"title": "A <b>title</b>", "experiment": "x", "parameters": PARAMETERS, "facts": {"Machine": "<2 cores>"}}
    page.write_page(executed, folder, **about)
    return folder


@pytest.fixture(scope="module")
def elements(folder):
    return Elements((folder / "index.html").read_text(encoding="utf-8"))


def test_the_page_asks_nobody_for_anything(elements):
    for tag, attributes in elements.found:
        assert tag not in ("script", "link", "iframe", "object", "embed", "form", "base")
        assert not [name for name in attributes if name.startswith("on")]
        if "src" in attributes:
            assert attributes["src"].startswith("data:image/")
        if "href" in attributes and tag == "a":
            assert not attributes["href"].startswith(("http", "//", "javascript"))
    policy = next(meta for meta in elements.of("meta") if meta.get("http-equiv") == "Content-Security-Policy")
    assert policy["content"] == (
        "default-src 'none'; img-src data:; style-src 'unsafe-inline'; form-action 'none'; base-uri 'none'"
    )


def test_hostile_text_is_shown_and_never_run(folder, elements):
    text = (folder / "index.html").read_text(encoding="utf-8")
    assert "<script" not in text
    assert "onerror" not in text or "&lt;img" in text
    words = "".join(elements.words)
    for shown in ("<script>stream()</script>", "<script>alert(1)</script>", "<script>p()</script>", "<2 cores>"):
        assert shown in words
    assert "\x1b" not in words


def test_the_verdict_stands_at_the_top_with_word_mark_and_class(folder, elements):
    text = (folder / "index.html").read_text(encoding="utf-8")
    assert text.index('class="verdict if"') < text.index("<main>")
    words = "".join(elements.words)
    assert "holds if …" in words and "◐" in words and "Holds if <b>a & b</b>." in words


def test_that_there_is_no_verdict_stands_at_the_top_and_in_the_index(notebook, tmp_path):
    none = NoVerdict(30, "Statement 30 is about <MNIST>.", ("Ahead in 3 of 3.",), "pictures of pets, 3 epochs")
    notebook.cells[8].outputs[0]["data"] = display.verdict_bundle(none)
    folder = tmp_path / "mine" / "default"
    folder.mkdir(parents=True)
    made = page.write_page(notebook, folder, title="T", experiment="mine", parameters={}, facts={})
    assert made.verdicts == ()
    assert json.loads((folder / "report.json").read_text(encoding="utf-8"))["no_verdicts"] == [none.to_dict()]
    text = made.path.read_text(encoding="utf-8")
    top = Elements(text[: text.index("<main>")]).words
    words = " ".join(" ".join(top).split())
    assert f"no verdict {none.sentence} {none.basis} · all it rests on" in words
    assert "Ahead in 3 of 3." in text
    index = "".join(Elements(site.write_index(tmp_path).read_text(encoding="utf-8")).words)
    assert f"No verdict. {none.sentence} Measured: {none.basis}." in index


def judged(*numbers):
    """A code cell that shows a verdict on each of these statements."""
    shown = [display.verdict_bundle(Verdict(number, "holds", f"So says {number}.")) for number in numbers]
    return nbformat.v4.new_code_cell("v", outputs=[nbformat.v4.new_output("display_data", data) for data in shown])


def drawn(name, pixels=None):
    """A code cell that shows a figure of that name."""
    data = {"image/svg+xml": "<svg/>", "image/png": base64.b64encode(pixels or picture()).decode(), "text/plain": "f"}
    about = {"cnnrepro": {"figure": name, "alt": f"Of {name}"}}
    return nbformat.v4.new_code_cell("f", outputs=[nbformat.v4.new_output("display_data", data, metadata=about)])


def written(folder, *cells, question=""):
    notebook = nbformat.v4.new_notebook(cells=list(cells))
    about = {"title": "T", "experiment": "x", "parameters": {}, "facts": {}, "question": question}
    text = page.write_page(notebook, folder, **about).path.read_text(encoding="utf-8")
    top, _, rest = text.partition("<main>")
    return Elements(top), Elements(rest)


HEADING = nbformat.v4.new_markdown_cell("## A heading\n\nOf statement 31 and statement 40.")


@pytest.mark.parametrize(
    "cells, shown",
    [
        ([drawn("a"), judged(40), drawn("b"), drawn("c")], "b"),
        ([drawn("a"), drawn("b"), judged(40), HEADING, drawn("c")], "b"),
        ([drawn("a"), drawn("b")], "a"),
        ([judged(40), HEADING, drawn("c")], "c"),
        ([judged(40)], None),
        ([drawn("a"), judged(*range(1, 9))], None),  # the table fills the screen
    ],
)
def test_the_chart_at_the_top_is_the_first_figure_that_decides(cells, shown, tmp_path):
    top, rest = written(tmp_path, *cells, question="Why?")
    charts = [link["href"] for link in top.of("a") if "chart" in link.get("class", "")]
    assert charts == ([f"#figure-{shown}"] if shown else [])
    if shown:
        assert top.of("img")[0]["alt"] == f"Of {shown}"
        assert f"figure-{shown}" in [figure["id"] for figure in rest.of("figure")]
        assert f"#figure-{shown}" in [link["href"] for link in rest.of("a")]


def test_one_statement_stands_at_the_top_in_its_words_and_several_in_a_table(tmp_path):
    (tmp_path / "several").mkdir()
    top, _ = written(tmp_path, judged(40), question="Why?")
    words = " ".join("".join(top.words).split())
    assert f"Statement 40: {LEDGER[40].text} ✓ holds" in words and "Why?" not in words
    top, rest = written(tmp_path / "several", judged(40), judged(31), question="Why?")
    words = " ".join("".join(top.words).split())
    assert words.index("Why?") < words.index(f"31 {LEDGER[31].text}") < words.index("So says 31.")
    assert [link["href"] for link in top.of("a")][1:] == ["#statement-31", "#statement-40"]
    cards = [div["id"] for div in rest.of("div") if "verdict" in div.get("class", "")]
    assert cards == ["statement-40", "statement-31"]


def test_contents_and_statements_are_links(tmp_path):
    (tmp_path / "own").mkdir()
    other = nbformat.v4.new_markdown_cell("## Another")
    top, rest = written(tmp_path, judged(40), HEADING, other, question="Why?")
    assert [link["href"] for link in top.of("a")][-2:] == ["#A-heading", "#Another"]
    assert [span for span in rest.of("span") if span.get("class") == "of-ledger"]  # 31: on a site, of the ledger
    _, rest = written(tmp_path / "own", judged(40), HEADING)  # a notebook of one's own has statements of its own
    assert not [span for span in rest.of("span") if span.get("class") == "of-ledger"]
    assert [link["href"] for link in rest.of("a")].count("#statement-40") == 2  # on the card, and in the text


def test_the_code_of_a_cell_to_be_tried_is_open(tmp_path):
    cells = [nbformat.v4.new_code_cell(source, execution_count=1) for source in ("a = 1", "a = 2")]
    cells[1].metadata["tags"] = ["try-this"]
    _, rest = written(tmp_path, *cells)
    assert rest.of("details") == [{"class": "code"}, {"class": "code to-try", "open": ""}]


def test_there_is_one_title(elements):
    assert len(elements.of("h1")) == 1
    assert "The notebook's own title" not in "".join(elements.words)
    assert "A heading" in "".join(elements.words)


def test_headings_have_anchors_and_no_pilcrow(folder, elements):
    assert {"id": "A-heading"}.items() <= elements.of("h2")[0].items()
    assert "¶" not in (folder / "index.html").read_text(encoding="utf-8")


def test_figures_keep_their_alternative_text_and_caption(elements):
    _, picture = elements.of("img")  # the first is the chart at the top
    assert "[The picture (x) is not shown: it is a file.]" in elements.words
    assert picture["alt"] == 'Curves "of" <three> arms'
    assert "A & B" in [word.strip() for word in elements.words]


def test_code_is_folded_away_and_parameters_are_one_block(elements):
    words = [word.strip() for word in elements.words]
    assert words.count("Parameters") == 1
    assert words.count("Code") == 6
    assert not [details for details in elements.of("details") if "open" in details]
    assert "# Parameters" not in "".join(words)


def test_beside_a_parameter_stands_what_it_is_as_far_as_the_notebook_says_so():
    cell = nbformat.v4.new_code_cell(
        "seeds: list = [0]  # one run a seed\nepochs: int = 0  # passes; 0 for 20\nodd: int = 1"
    )
    for tagged, rows in (
        ([cell], [("seeds", [1, 2], "one run a seed"), ("epochs", 0, "passes; 0 for 20"), ("odd", 1, "")]),
        ([nbformat.v4.new_code_cell("seeds = f(")], [("seeds", [1, 2]), ("epochs", 0), ("odd", 1)]),
    ):
        made = page._parameters_table(tagged, {"seeds": [1, 2], "epochs": 0, "odd": 1})
        assert list(made.rows) == [tuple(map(str, row)) for row in rows]


def test_tags_hide_outputs_and_cells(elements):
    words = "".join(elements.words)
    assert "SECRET-OUTPUT" not in words
    assert "REMOVED" not in words


def test_what_is_left_out_or_cut_stands_in_the_report_by_cell(tmp_path):
    cells = [
        nbformat.v4.new_markdown_cell("![m](none.png)"),
        nbformat.v4.new_code_cell("print()", outputs=[nbformat.v4.new_output("stream", text="nul \x00\n")]),
    ]
    notebook = nbformat.v4.new_notebook(cells=cells, metadata={"papermill": {"cut": {"2": ["[… 9 left out …]"]}}})
    written = page.write_page(notebook, tmp_path, title="t", experiment="x", parameters={}, facts={})
    expected = {"1": ["[The picture “m” (none.png) is not shown: it is a file.]"], "2": ["[… 9 left out …]"]}
    assert written.left_out == json.loads((tmp_path / "report.json").read_text())["left_out"] == expected
    text = (tmp_path / "index.html").read_text(encoding="utf-8")
    assert "<!-- cell" not in text and "nul \ufffd" in text


def test_the_files_beside_the_page(folder):
    assert (folder / "figures/curves.svg").read_text().startswith("<?xml")
    assert (folder / "figures/curves.png").read_bytes().startswith(b"\x89PNG")
    assert (folder / "thumbnail.png").stat().st_size < 100_000
    about = json.loads((folder / "report.json").read_text(encoding="utf-8"))
    assert about["parameters"] == PARAMETERS
    assert about["verdicts"][0]["word"] == "holds if …"
    assert about["figures"] == ["curves"]
    numbers = (folder / "figures/curves.csv").read_text(encoding="utf-8").splitlines()
    assert numbers[0] == "arm,seed,epoch,val_accuracy,val_loss"
    kept = nbformat.read(folder / "notebook.ipynb", as_version=4)
    nbformat.validate(kept)
    shown = [output["data"] for cell in kept.cells for output in cell.get("outputs", []) if "data" in output]
    assert any("image/png" in data for data in shown) and not any(
        kind in data for data in shown for kind in ("image/svg+xml", display.NUMBERS_TYPE)
    )


def test_every_link_of_the_page_leads_somewhere(folder, elements):
    for link in elements.of("a"):
        if link["href"] != "../../index.html" and not link["href"].startswith("#"):
            assert (folder / link["href"]).exists(), link


def test_run_keys_are_those_the_notebook_showed(notebook):
    assert page.run_keys(notebook) == ["k1", "k2"]


def test_what_a_page_needs_is_checked(notebook):
    page.require_complete(notebook, figures=("curves",), claims=(30,))
    with pytest.raises(WorkFailed, match="figures of its page are missing: paired, mistakes"):
        page.require_complete(notebook, figures=("paired", "curves", "mistakes"))
    notebook.cells[8].outputs = []
    with pytest.raises(WorkFailed, match="no verdict"):
        page.require_complete(notebook, claims=(30, 7))
    page.require_complete(notebook)


def test_a_cell_that_raised_or_never_ran_is_named(notebook):
    notebook.cells[3].execution_count = None
    with pytest.raises(WorkFailed, match="Cell 4 of the notebook was not run"):
        page.require_complete(notebook)
    notebook.cells[3].outputs = [nbformat.v4.new_output("error", ename="E", evalue="reason", traceback=[])]
    with pytest.raises(WorkFailed, match="Cell 4 of the notebook raised E: reason"):
        page.require_complete(notebook)


def test_the_same_results_give_the_same_bytes(frame):
    bundles = [display.figure_bundle(figures.curves(frame(1, 1, 2)), "curves", alt="a") for _ in range(2)]
    assert bundles[0] == bundles[1]


def test_a_large_drawing_is_shown_as_pixels(monkeypatch):
    data = {"image/svg+xml": "<svg/>", "image/png": base64.b64encode(picture()).decode()}
    assert cell_html.picture_source(data).startswith("data:image/svg+xml;base64,")
    monkeypatch.setattr(cell_html, "LARGEST_SVG", 3)
    assert cell_html.picture_source(data) == f"data:image/png;base64,{data['image/png']}"


def test_a_figure_needs_a_plain_name_and_an_alternative_text(frame):
    figure = figures.curves(frame(1, 1, 2))
    for name, alt in [("Curves", "a"), ("a b", "a"), ("", "a"), ("curves", " ")]:
        with pytest.raises(ValueError, match="Received"):
            display.figure_bundle(figure, name, alt=alt)


@pytest.mark.soak
def test_a_browser_finds_nothing_missing(folder, tmp_path):
    chromium = shutil.which("chromium") or shutil.which("google-chrome")
    if chromium is None:
        pytest.skip("no Chromium on this machine")
    flags = ["--headless", "--no-sandbox", "--disable-gpu", "--disable-background-networking", "--disable-sync"]
    done = subprocess.run(
        [
            chromium,
            *flags,
            "--enable-logging=stderr",
            "--v=0",
            f"--user-data-dir={tmp_path / 'profile'}",
            "--host-resolver-rules=MAP * ~NOTFOUND",
            "--dump-dom",
            (folder / "index.html").as_uri(),
        ],
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert "</html>" in done.stdout
    assert "CONSOLE" not in done.stderr, done.stderr
