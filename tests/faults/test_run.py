"""`cnnrepro run` with jobs and batch files, from the command line to the pages."""

import json
import signal
from pathlib import Path

import pytest

from cnnrepro.runs import RunStore
from tests.faults.conftest import assert_clean, notebook, results, wait_for

pytestmark = pytest.mark.slow

SMALL = {"epochs": 1, "seeds": 0, "train_images": 64, "batch_size": 32, "precision": "float32"}
FLAGSHIP = ("alexnet_vs_resnet", *(word for name, value in SMALL.items() for word in ("-p", f"{name}={value}")))


@pytest.mark.soak
def test_jobs_that_are_killed_on_the_way_to_a_page(run, tmp_path, temporary):
    one = run(*FLAGSHIP, "--jobs", 2)
    wait_for(lambda: [record for record in RunStore(tmp_path / "runs").records() if record.status == "done"])
    one.kill()
    status, out, err = run(*FLAGSHIP, "--jobs", 2).end()
    assert status == 0, err
    assert "2 runs: 2 done (" in err
    page = Path(out.strip())
    assert page.parent.parent == tmp_path / "reports" / "alexnet_vs_resnet"
    assert "averages of momentum 0.9" in page.read_text(encoding="utf-8")
    assert list(temporary.iterdir()) == []
    undisturbed = tmp_path / "undisturbed"
    status, _, err = run(*FLAGSHIP, "--jobs", 2, runs=undisturbed, reports=tmp_path / "other").end()
    assert status == 0, err
    assert results(tmp_path / "runs") == results(undisturbed)
    assert_clean(undisturbed, temporary)


@pytest.mark.parametrize(
    "wild, reason",
    [
        ({"run": "wild.ipynb"}, "wild, isn't it"),
        pytest.param(
            {"run": "alexnet_vs_resnet", "parameters": SMALL | {"recipe": "sgd", "learning_rate": 1e30}},
            "the loss became",
            marks=pytest.mark.soak,
        ),
    ],
    ids=["a cell raises", "its runs diverge"],
)
@pytest.mark.parametrize(
    "more, pages",
    [((), {2}), pytest.param(("--fail-fast",), {0, 1}, marks=pytest.mark.soak)],  # 1: made beside the one that fails
    ids=["the others go on", "fail fast"],
)
def test_a_file_with_an_entry_that_fails(more, pages, wild, reason, run, tmp_path, temporary):
    notebook(tmp_path / "quiet.ipynb", "print('quiet', seed)")
    notebook(tmp_path / "wild.ipynb", 'raise ValueError("wild, isn\'t it")')
    quiet = {"run": "quiet.ipynb", "parameters": {"seed": "1..2"}}
    (tmp_path / "batch.yaml").write_text(json.dumps({"experiments": [wild, quiet]}))
    status, out, err = run(tmp_path / "batch.yaml", "--jobs", 2, "--retry", 1, *more).end()
    assert status == 1, err
    assert reason in err and "1 of 3 pages could not be made" in err
    assert "Traceback" not in err and "It is tried again" not in err
    assert len(out.splitlines()) in pages
    assert list(temporary.iterdir()) == []


@pytest.mark.parametrize(
    "number, expected", [(signal.SIGINT, 130), pytest.param(signal.SIGTERM, 143, marks=pytest.mark.soak)]
)
def test_a_signal_while_several_kernels_work_ends_all(number, expected, run, tmp_path, temporary):
    cell = f"import pathlib, time\npathlib.Path({str(tmp_path)!r}, f'here{{seed}}').touch()\ntime.sleep(600)"
    one = run(notebook(tmp_path / "waiting.ipynb", cell), "-p", "seed=1..6", "--jobs", 3)
    wait_for(lambda: len(list(tmp_path.glob("here*"))) == 3)
    one.process.send_signal(number)
    status, out, err = one.end(seconds=60)
    assert (status, out) == (expected, ""), err
    assert "Traceback" not in err
    assert len(list(tmp_path.glob("here*"))) == 3
    assert not (tmp_path / "reports" / "waiting").exists()
    assert list(temporary.iterdir()) == []
