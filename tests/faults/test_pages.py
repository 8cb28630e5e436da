"""Faults while pages are made: kernels that die, cells that raise or flood, killed in mid-report, disks that refuse."""

import ctypes
import json
import os
import signal
from pathlib import Path

import nbformat
import pytest

from tests.faults.conftest import BARE, COMMAND, LEFT, ODD_NAMES, Started, first_of, notebook, results, wait_for

pytestmark = pytest.mark.slow

TRAINING = """
from cnnrepro import RunSpec, train
spec = RunSpec(
    model="lenet5_modern", dataset="mnist_5k", seed=seed, epochs=3, train_images=3500, batch_size=16,
    precision="float32",
)
record = train(spec)
record.sentence()
"""
ODD = """
import os, pathlib
place = pathlib.Path(os.environ["CNNREPRO_RUNS"]) / "x"
place.parent.mkdir(parents=True, exist_ok=True)
place.touch()
print(place)
"""
PR_CAPBSET_DROP, CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH = 24, 1, 2


def hidden(folder):
    """What is left of temporary files and folders below a folder; the lock of the reports is to stay."""
    return [path for path in folder.rglob("*") if path.name.startswith(".") and path.name != ".lock"]


def assert_site(page, temporary):
    """The page is there and whole, the index lists it, and nothing temporary is left."""
    reports = page.parent.parent.parent
    assert page.read_text(encoding="utf-8").rstrip().endswith("</html>")
    assert json.loads((page.parent / "report.json").read_text())
    assert page.parent.name in (reports / "index.html").read_text(encoding="utf-8")
    assert hidden(reports) == []
    assert list(temporary.iterdir()) == []


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory):
    """The result of the notebook's run when nothing disturbs it."""
    folder = tmp_path_factory.mktemp("undisturbed")
    path = notebook(folder / "training.ipynb", TRAINING)
    one = Started(*COMMAND, "run", path, "--runs", folder / "runs", "--reports", folder / "reports")
    status, _, err = one.end()
    assert status == 0, err
    return results(folder / "runs")


def kernel(one):
    return next((process for process in one.family() if "ipykernel" in " ".join(process.cmdline())), None)


def in_mid_epoch(runs):
    """Whether the run's first epoch is done and the next under way."""
    return list(runs.glob("*/checkpoint.npz"))


def test_the_kernel_is_killed_in_mid_epoch(run, undisturbed, tmp_path, temporary):
    path = notebook(tmp_path / "training.ipynb", TRAINING)
    one = run(path)
    wait_for(lambda: in_mid_epoch(tmp_path / "runs"))
    kernel(one).kill()
    status, out, err = one.end()
    assert (status, out) == (1, "")
    kept = tmp_path / "runs" / "failed" / "training-default.ipynb"
    assert "The kernel of notebook training.ipynb died" in err and str(kept) in err and "Traceback" not in err
    assert nbformat.read(kept, as_version=4).cells
    assert list(temporary.iterdir()) == []
    status, out, err = run(path).end()
    assert status == 0, err
    assert results(tmp_path / "runs") == undisturbed
    assert {path.name for path in (tmp_path / "runs" / next(iter(undisturbed))).iterdir()} == LEFT
    assert_site(Path(out.splitlines()[-1]), temporary)


def test_the_command_is_killed_while_its_kernel_trains(run, undisturbed, tmp_path, temporary):
    path = notebook(tmp_path / "training.ipynb", TRAINING)
    one = run(path)
    wait_for(lambda: in_mid_epoch(tmp_path / "runs"))
    one.kill()  # and its kernel is gone too, soon
    status, out, err = run(path).end()
    assert status == 0, err
    assert results(tmp_path / "runs") == undisturbed
    assert_site(Path(out.splitlines()[-1]), temporary)


@pytest.mark.parametrize("number, expected", [(signal.SIGINT, 130), (signal.SIGTERM, 143)])
def test_a_signal_while_the_kernel_works_ends_both(number, expected, run, tmp_path, temporary):
    here = tmp_path / "here"
    cell = f"import pathlib, time\npathlib.Path({str(here)!r}).touch()\ntime.sleep(600)"
    one = run(notebook(tmp_path / "waiting.ipynb", cell))
    wait_for(here.exists)
    one.process.send_signal(number)
    status, out, err = one.end(seconds=60)
    assert (status, out) == (expected, ""), err
    assert "Traceback" not in err
    assert list(temporary.iterdir()) == []
    assert not (tmp_path / "reports" / "waiting").exists()


def test_a_cell_that_raises_in_the_middle(run, tmp_path, temporary):
    path = notebook(tmp_path / "broken.ipynb", "print('before')", "1 / 0", "print('never')")
    status, out, err = run(path).end()
    assert (status, out) == (1, "")
    assert "Notebook broken.ipynb failed in cell" in err and "ZeroDivisionError: division by zero" in err
    kept = nbformat.read(tmp_path / "runs" / "failed" / "broken-default.ipynb", as_version=4)
    told = [str(cell.get("outputs", "")) for cell in kept.cells]
    assert any("before" in text for text in told) and any("ZeroDivisionError" in text for text in told)
    assert not any("never" in text for text in told)
    assert list(temporary.iterdir()) == []


def test_a_cell_that_floods_its_output(run, tmp_path, temporary):
    """A million lines, and a line of a megabyte."""
    lines = "for number in range(1_000_000):\n    print('line', number)"
    wide = "import sys\nsys.stderr.write('w' * 1_000_000)\nprint('after')"
    path = notebook(tmp_path / "flood.ipynb", lines, wide, "print('quiet')")
    status, out, err = run(path).end()
    assert status == 0, err
    page = Path(out.splitlines()[-1])
    text = page.read_text(encoding="utf-8")
    assert "line 0\n" in text and "line 999999" in text and "line 500000" not in text
    assert "characters left out …]" in text and "after" in text and "quiet" in text
    assert page.stat().st_size < 2_000_000
    assert_site(page, temporary)


# The names of what a page writes, and the moves that put it in its place.
WRITES = {
    "the page": {"file": "index.html", "bytes": 5000},
    "the notebook": {"file": "notebook.ipynb", "bytes": 200},
    "what the index says of it": {"file": "report.json", "bytes": 100},
    "the index": {"file": "index.html", "bytes": 1000, "nth": 2},
}
MOVES = {"the page": {"file": "default"}, "the index": {"file": "index.html"}}


@pytest.fixture
def a_page(tmp_path):
    return notebook(tmp_path / "page.ipynb", "print('x' * 10)")


@pytest.mark.parametrize("moment", WRITES)
def test_killed_while_it_writes(moment, a_page, run, temporary):
    status, _, err = run(a_page, fault={"how": "kill", **WRITES[moment]}).end()
    assert status == -signal.SIGXFSZ, err
    status, out, err = run(a_page).end()
    assert status == 0, err
    assert_site(Path(out.splitlines()[-1]), temporary)


@pytest.mark.parametrize("moment", MOVES)
@pytest.mark.parametrize("earlier", [False, True], ids=["first", "again"])
def test_killed_before_it_is_moved(moment, earlier, a_page, run, temporary, tmp_path):
    if earlier:
        assert run(a_page).end()[0] == 0
    status, _, err = run(a_page, fault={"how": "move", **MOVES[moment]}).end()
    assert status == -signal.SIGKILL, err
    status, out, err = run(a_page).end()
    assert status == 0, err
    assert_site(Path(out.splitlines()[-1]), temporary)


@pytest.mark.parametrize("moment", WRITES)
def test_a_disk_that_becomes_full(moment, a_page, run, temporary, tmp_path):
    assert run(a_page).end()[0] == 0
    page = tmp_path / "reports" / "page" / "default" / "index.html"
    before = page.read_text(encoding="utf-8")
    status, out, err = run(a_page, fault={"how": "full", **WRITES[moment]}).end()
    assert (status, out) == (1, ""), err
    assert "File too large" in err and "Traceback" not in err
    assert hidden(tmp_path / "reports") == []
    if moment != "the index":
        assert page.read_text(encoding="utf-8") == before
    status, out, err = run(a_page).end()
    assert status == 0, err
    assert_site(Path(out.splitlines()[-1]), temporary)


def without_override():
    """Let permissions bind this process even where root runs it (as in containers)."""
    if os.geteuid() == 0:
        for capability in (CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH):
            if ctypes.CDLL(None, use_errno=True).prctl(PR_CAPBSET_DROP, capability, 0, 0, 0):
                raise OSError(ctypes.get_errno(), "prctl")


@pytest.mark.parametrize("option", ["runs", "reports"])
def test_a_read_only_folder(option, a_page, run, tmp_path, temporary):
    folder = tmp_path / option
    folder.mkdir()
    folder.chmod(0o500)
    status, out, err = run(a_page, preexec_fn=without_override).end()
    assert (status, out) == (2, ""), err
    assert f"--{option} {str(folder)!r} cannot be written" in err
    other = "reports" if option == "runs" else "runs"
    assert not list(folder.iterdir()) and not (tmp_path / other).exists()
    folder.chmod(0o700)
    status, out, err = run(a_page).end()
    assert status == 0, err
    assert_site(Path(out.splitlines()[-1]), temporary)


def test_a_reports_folder_that_becomes_read_only(a_page, run, tmp_path, temporary):
    reports = tmp_path / "reports"
    path = notebook(tmp_path / "page.ipynb", f"import os; os.chmod({str(reports / 'page')!r}, 0o500)")
    (reports / "page").mkdir(parents=True)
    status, out, err = run(path, preexec_fn=without_override).end()
    assert (status, out) == (1, ""), err
    assert "could not be written: Permission denied" in err and "the same command draws it again" in err
    (reports / "page").chmod(0o700)
    status, out, err = run(a_page).end()
    assert status == 0, err


@pytest.mark.parametrize("called", first_of(ODD_NAMES, "quotes", "200 characters"))
def test_odd_paths(called, run, tmp_path, temporary):
    name = ODD_NAMES[called]
    folder = tmp_path / name
    path = notebook(folder / f"{name}.ipynb", ODD)
    status, out, err = run(path, runs=folder / "runs", reports=folder / "reports").end()
    assert status == 0, err
    page = Path(out.splitlines()[-1])
    assert page == folder / "reports" / name / "default" / "index.html"
    assert_site(page, temporary)
    assert (folder / "runs" / "x").exists()


def test_no_home_no_terminal_and_no_user(a_page, run, temporary):
    status, out, err = run(a_page, without=BARE).end()
    assert status == 0, err
    assert_site(Path(out.splitlines()[-1]), temporary)


def test_sixteen_kernels_started_at_once(run, tmp_path, temporary):
    path = notebook(tmp_path / "many.ipynb", "print(f'seed {seed * 11}.')")
    status, out, err = run(path, "-p", "seed=1..16", "--jobs", 16).end()
    assert status == 0, err
    pages = sorted(Path(line) for line in out.splitlines())
    assert len(pages) == 16
    for page in pages:
        assert f"seed {int(page.parent.name.rpartition('-')[2]) * 11}." in page.read_text(encoding="utf-8")
        assert_site(page, temporary)
