import json

import pytest

from cnnrepro.errors import UsageError, WorkFailed
from cnnrepro.report import figures
from cnnrepro.report.benchmark_page import write_benchmark_page
from cnnrepro.report.benchmark_results import ComparedRow, read_result
from tests.report.drawn import legend, texts

ROW = {"row": "ResNet-20, images/s", "ours": 1290.4, "peer": 1000.0, "peer_name": "PyTorch", "ratio": 1.29}
ROW |= {"spread": [1.2, 1.4], "mfu": {"ours": 0.5, "peer": 0.4}, "arms": {}}
ALONE = ROW | {"row": "alone", "peer": None, "peer_name": None, "ratio": None, "spread": None}
RESULT = {
    "benchmark": "training",
    "machine": "2 cores of <b>A</b>",
    "versions": {"keras": "3.15.1", "torch": "2.14.1"},
    "commit": "abc",
    "made": "2026-11-29T12:00:00+00:00",
    "repeats": 7,
    "rows": [ROW, ALONE],
    "refused": {"lenet5": "the loss of step 1 is other"},
    "left_out": {"resnet20": {"keras-jax": "jax is not installed"}},
}


@pytest.fixture
def results(tmp_path):
    folder = tmp_path / "results"
    folder.mkdir()
    (folder / "training.json").write_text(json.dumps(RESULT))
    return folder


def test_the_page_has_table_bars_machine_versions_and_the_command(results, tmp_path):
    plain = {"benchmark": "layers", "rows": [{name: ROW[name] for name in ROW if name not in ("mfu", "arms")}]}
    (results / "layers.json").write_text(json.dumps(RESULT | plain | {"refused": {}, "left_out": {}}))
    page = write_benchmark_page(results, tmp_path / "reports")
    text = page.read_text(encoding="utf-8")
    for said in ("1,290", "1.20 to 1.40", "0.50", "PyTorch", "torch 2.14.1", "cnnrepro bench layers training"):
        assert said in text
    assert "2 cores of &lt;b&gt;A&lt;/b&gt;" in text
    assert "lenet5: refused, since the loss of step 1 is other." in text
    assert "resnet20: without keras-jax, since jax is not installed." in text
    drawn = sorted(path.stem for path in (page.parent / "figures").glob("*.svg"))
    assert drawn == ["layers_ratios", "training_ratios", "training_shares"]
    assert "benchmarks/speed/index.html" in (tmp_path / "reports" / "index.html").read_text(encoding="utf-8")


def test_rows_without_a_peer_are_not_compared(results):
    assert [row.row for row in read_result(results / "training.json").rows] == ["ResNet-20, images/s"]


def test_a_damaged_file_and_an_empty_folder_are_named(results, tmp_path):
    with pytest.raises(UsageError, match="There are no results"):
        write_benchmark_page(tmp_path, tmp_path / "reports")
    (results / "layers.json").write_text("[]")
    with pytest.raises(WorkFailed, match=r"layers\.json' cannot be read as results"):
        write_benchmark_page(results, tmp_path / "reports")


def test_bars_have_the_length_of_the_ratios_and_lines_that_of_the_quartiles():
    rows = [ComparedRow.from_dict(ROW), ComparedRow("second", 5.0, 10.0, "another", 0.5, (0.4, 0.6))]
    (axes,) = figures.speed_ratios(rows).axes
    assert [bar.get_width() for bar in axes.patches] == [1.29, 0.5]
    assert axes.patches[0].get_facecolor() != axes.patches[1].get_facecolor()
    assert [list(line.get_xdata()) for line in axes.lines[:2]] == [[1.2, 1.4], [0.4, 0.6]]
    assert {"1.29 × PyTorch", "0.50 × another"} <= set(texts(axes.figure))


def test_shares_are_drawn_where_they_are_told():
    rows = [ComparedRow.from_dict(ROW), ComparedRow("second", 5.0, 10.0, "another", 0.5, (0.4, 0.6))]
    figure = figures.product_shares(rows)
    assert [bar.get_width() for bar in figure.axes[0].patches] == [0.5, 0.4]
    assert legend(figure) == ["ours", "best peer"]
    with pytest.raises(ValueError, match="nothing to draw"):
        figures.product_shares(rows[1:])
