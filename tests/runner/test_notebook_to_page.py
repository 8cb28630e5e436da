"""From an executed notebook to the page and what lies beside it."""

import json

import nbformat

from cnnrepro import paths, stderr
from cnnrepro.report import display, page
from cnnrepro.runner import notebook_to_page
from cnnrepro.runner.notebook import kernels_environment
from cnnrepro.runner.request import page_request
from cnnrepro.runs import RunRecord, RunStore
from cnnrepro.runs.record import read_record


def test_no_path_of_the_machine_leaves_with_a_page(tmp_path, monkeypatch):
    request = page_request("train_on_your_images", {"dataset": f"folder:{tmp_path}/secret/pets"})
    record = RunRecord(
        key="0123456789abcdef",
        status="done",
        spec=request.arms[0].specs[0],
        history={"loss": [1.0]},
        test={"accuracy": 0.5, "loss": 1.5, "images": 2},
        data={
            "name": f"folder:{tmp_path}/secret/pets",
            "fingerprint": "f" * 64,
            "left_out": {"unreadable": {"count": 1, "names": [f"{tmp_path}/secret/pets/x"]}},
        },
        precision="float32",
        backend="tensorflow",
    )
    store = RunStore(tmp_path / "runs")
    store.put(record)
    said = f"dataset = 'folder:{tmp_path}/secret/pets'  # the run lies in {store.path(record.key)}"
    cell = nbformat.v4.new_code_cell(said, execution_count=1)
    cell.outputs = [
        nbformat.v4.new_output("display_data", {display.RUNS_TYPE: {"keys": [record.key]}, "text/plain": said}),
        nbformat.v4.new_output("stream", text=said),
    ]
    executed = nbformat.v4.new_notebook(cells=[cell])
    monkeypatch.setattr(notebook_to_page, "execute", lambda *_, **__: executed)
    monkeypatch.setattr(page, "require_complete", lambda *_, **__: None)
    made = notebook_to_page.draw_page(request, runs=store.folder, reports=tmp_path / "reports")

    texts = {path: path.read_text(encoding="utf-8") for path in made.parent.parent.parent.rglob("*") if path.is_file()}
    assert {path.name for path in texts} >= {"index.html", "notebook.ipynb", "report.json", "record.json"}
    for path, text in texts.items():
        assert str(tmp_path) not in text and "secret" not in text, path
    assert "secret" not in str(made.relative_to(tmp_path))
    about = json.loads(texts[made.parent / "report.json"])
    assert about["title"] == "ResNet-20 on pictures of pets, 12 epochs"
    assert about["facts"]["To repeat"] == "cnnrepro run train_on_your_images -p dataset=folder:pets"
    kept = read_record(made.parent / "records" / record.key / "record.json")  # its checksum is right
    assert (kept.key, kept.spec.dataset) == (record.key, "folder:pets")
    assert store.get(record.key).spec == record.spec, "the store keeps the way to the pictures"


def test_while_a_notebook_runs_its_cells_are_told_and_how_long_it_took_is_kept(tmp_path, monkeypatch):
    steps = []
    monkeypatch.setattr(stderr.Steps, "step", lambda self, text: steps.append((self._usual, text)))
    path = tmp_path / "mine.ipynb"
    cells = [nbformat.v4.new_code_cell(source) for source in ("a = 1", "import time; time.sleep(0.1)")]
    nbformat.write(nbformat.v4.new_notebook(cells=[nbformat.v4.new_markdown_cell("words"), *cells]), path)
    request = page_request(str(path), {})
    with kernels_environment(tmp_path / "runs"):
        made = notebook_to_page.draw_page(request, runs=tmp_path / "runs", reports=tmp_path / "reports")
        told = ["starts a kernel", "cell 1 of 3", "cell 2 of 3", "cell 3 of 3", "writes the page"]
        assert steps == [("", text) for text in told]
        seconds = json.loads((made.parent / "report.json").read_text(encoding="utf-8"))["seconds"]
        assert seconds >= 0.1
        notebook_to_page.draw_page(request, runs=tmp_path / "runs", reports=tmp_path / "reports")
    assert steps[5:] == [(f" ({seconds:.0f} s in all the last time)", text) for text in told]


def test_a_notebook_finds_the_pages_that_its_own_goes_beside(tmp_path):
    """The ledger's notebook judges the records there, wherever ``--reports`` is."""
    with kernels_environment(tmp_path / "runs", tmp_path / "reports"):
        assert (paths.runs_dir(), paths.reports_dir()) == (tmp_path / "runs", tmp_path / "reports")
