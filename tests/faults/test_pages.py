"""Faults while pages are made: kernels that die, cells that raise or flood, killed in mid-report, disks that refuse."""

import ctypes
import json
import os
import resource
import signal
from pathlib import Path

import nbformat
import pytest

from cnnrepro.errors import WorkFailed
from cnnrepro.report import page as report_page
from cnnrepro.report.display import RUNS_TYPE, VERDICT_TYPE
from cnnrepro.runner.make_pages import make_pages
from cnnrepro.runner.request import page_requests
from tests.faults.conftest import BARE, LEFT, ODD_NAMES, first_of, in_the_middle, notebook, results, wait_for

pytestmark = pytest.mark.slow

TRAINING = """
from cnnrepro import RunSpec, train
train(RunSpec(model="lenet5_modern", dataset="mnist_5k", seed=seed, epochs=8, train_images=320, batch_size=16,
              precision="float32"))
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


@pytest.fixture
def make(tmp_path):
    """Make the page of a notebook in this process."""

    def make(path, folder=tmp_path):
        return make_pages(page_requests([str(path)], {}), runs=folder / "runs", reports=folder / "reports")[0]

    return make


@pytest.fixture
def a_page(tmp_path):
    return notebook(tmp_path / "page.ipynb", "print('x' * 10)")


def kernel(one):
    return next((process for process in one.family() if "cnnrepro.runner.kernel" in " ".join(process.cmdline())), None)


def test_a_cell_that_raises_or_kills_its_kernel_keeps_the_notebook_as_far_as_it_ran(make, tmp_path, temporary):
    broken = notebook(tmp_path / "broken.ipynb", "print('before')", "1 / 0", "print('never')")
    with pytest.raises(WorkFailed, match="Notebook broken.ipynb failed in cell .*ZeroDivisionError: division by zero"):
        make(broken)
    kept = nbformat.read(tmp_path / "runs" / "failed" / "broken-default.ipynb", as_version=4)
    told = str([cell.get("outputs") for cell in kept.cells])
    assert "before" in told and "ZeroDivisionError" in told and "never" not in told
    killed = notebook(tmp_path / "killed.ipynb", "import os, signal; os.kill(os.getpid(), signal.SIGKILL)")
    with pytest.raises(WorkFailed, match="killed.ipynb died: in cell 2, by signal SIGKILL; out of memory"):
        make(killed)
    assert nbformat.read(tmp_path / "runs" / "failed" / "killed-default.ipynb", as_version=4).cells
    assert not list((tmp_path / "reports").glob("*/*")) and list(temporary.iterdir()) == []


SHOWN = "from IPython.display import display\nprint('before')\ndisplay({{{kind!r}: {value!r}}}, raw=True)"
# What a notebook may show that no page can be made of.
ODD_SHOWS = {
    "a verdict that is none": (VERDICT_TYPE, {"claim": 30}),
    "runs that are none": (RUNS_TYPE, 5),
    "a run that is none": (RUNS_TYPE, {"keys": ["../x"]}),
}


@pytest.mark.parametrize("odd", first_of(ODD_SHOWS))
def test_a_notebook_of_which_no_page_can_be_made_stops_no_other(odd, tmp_path):
    kind, value = ODD_SHOWS[odd]
    paths = [notebook(tmp_path / "odd.ipynb", SHOWN.format(kind=kind, value=value))]
    paths.append(notebook(tmp_path / "fine.ipynb", "print('fine')"))
    beside = tmp_path / "reports" / "other" / "default" / "report.json"  # of a page that somebody else made
    beside.parent.mkdir(parents=True)
    beside.write_text("[" * 100_000)
    drawn = []
    asked = page_requests(list(map(str, paths)), {})
    with pytest.raises(WorkFailed) as failed:
        make_pages(asked, runs=tmp_path / "runs", reports=tmp_path / "reports", drawn=drawn.append)
    kept = tmp_path / "runs" / "failed" / "odd-default.ipynb"
    assert "1 of 2 pages could not be made; the others were made" in str(failed.value)
    assert "Notebook odd.ipynb: " in str(failed.value) and str(kept) in str(failed.value)
    assert "before" in str(nbformat.read(kept, as_version=4).cells[1].outputs)
    assert drawn == [tmp_path / "reports" / "fine" / "default" / "index.html"]
    assert "other/default" in (tmp_path / "reports" / "index.html").read_text(encoding="utf-8")


@pytest.mark.soak
@pytest.mark.parametrize("victim", ["the kernel", "the command"])
def test_killed_while_a_kernel_trains(victim, run, tmp_path, temporary):
    path = notebook(tmp_path / "training.ipynb", TRAINING)
    one = run(path)
    wait_for(lambda: in_the_middle(tmp_path / "runs"))
    if victim == "the kernel":
        kernel(one).kill()
        assert one.end()[:2] == (1, "")
    else:
        one.kill()  # and its kernel is gone too, soon
    undisturbed = tmp_path / "undisturbed"
    ends = [run(path).end(), run(path, runs=undisturbed).end()]
    assert [status for status, _, _ in ends] == [0, 0], ends
    assert results(tmp_path / "runs") == results(undisturbed)
    assert {path.name for path in next(undisturbed.iterdir()).iterdir()} == LEFT
    assert_site(Path(ends[0][1].splitlines()[-1]), temporary)


@pytest.mark.parametrize(
    "number, expected", [(signal.SIGINT, 130), pytest.param(signal.SIGTERM, 143, marks=pytest.mark.soak)]
)
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


def test_a_cell_that_floods_its_output_in_a_folder_with_an_odd_name(make, tmp_path, temporary):
    """A hundred thousand lines, and a line of a megabyte."""
    lines = "for number in range(100_000):\n    print('line', number)"
    wide = "import sys\nsys.stderr.write('w' * 1_000_000)\nprint('after')"
    name, folder = ODD_NAMES["200 characters"], tmp_path / ODD_NAMES["quotes"]
    page = make(notebook(folder / f"{name}.ipynb", lines, wide, "print('quiet')"), folder)
    assert page == folder / "reports" / name / "default" / "index.html"
    text = page.read_text(encoding="utf-8")
    assert "line 0\n" in text and "line 99999" in text and "line 50000" not in text
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
KILLS = [
    *({"how": "kill", **write} for write in WRITES.values()),
    *({"how": "move", "file": file} for file in ("default", "index.html")),
]


@pytest.mark.soak
@pytest.mark.parametrize("fault", KILLS, ids=str)
@pytest.mark.parametrize("earlier", [False, True], ids=["first", "again"])
def test_killed_while_it_writes_or_moves(fault, earlier, a_page, run, make, temporary):
    if earlier:
        make(a_page)
    status, _, err = run(a_page, fault=fault).end()
    assert status in (-signal.SIGXFSZ, -signal.SIGKILL), err
    assert_site(make(a_page), temporary)


def test_killed_just_before_the_page_is_moved_to_its_place(a_page, run, make, temporary):
    status, _, err = run(a_page, fault={"how": "move", "file": "default"}).end()
    assert status == -signal.SIGKILL, err
    assert_site(make(a_page), temporary)


def test_a_disk_that_is_full_leaves_the_earlier_page(a_page, make, tmp_path, temporary, monkeypatch):
    page = make(a_page)
    before, limits = page.read_bytes(), resource.getrlimit(resource.RLIMIT_FSIZE)
    write_page = report_page.write_page

    def write_on_a_full_disk(*arguments, **options):
        resource.setrlimit(resource.RLIMIT_FSIZE, (5000, limits[1]))
        try:
            write_page(*arguments, **options)
        finally:
            resource.setrlimit(resource.RLIMIT_FSIZE, limits)

    monkeypatch.setattr(report_page, "write_page", write_on_a_full_disk)
    with pytest.raises(WorkFailed, match="could not be written: File too large"):
        make(a_page)
    assert page.read_bytes() == before
    assert_site(page, temporary)


@pytest.mark.soak
@pytest.mark.parametrize("moment", WRITES)
def test_a_disk_that_becomes_full(moment, a_page, run, make, temporary, tmp_path):
    page = make(a_page)
    before = page.read_text(encoding="utf-8")
    status, out, err = run(a_page, fault={"how": "full", **WRITES[moment]}).end()
    assert (status, out) == (1, ""), err
    assert "File too large" in err and "Traceback" not in err
    assert hidden(tmp_path / "reports") == []
    if moment != "the index":
        assert page.read_text(encoding="utf-8") == before
    assert_site(make(a_page), temporary)


def without_override():
    """Let permissions bind this process even where root runs it (as in containers)."""
    if os.geteuid() == 0:
        for capability in (CAP_DAC_OVERRIDE, CAP_DAC_READ_SEARCH):
            if ctypes.CDLL(None, use_errno=True).prctl(PR_CAPBSET_DROP, capability, 0, 0, 0):
                raise OSError(ctypes.get_errno(), "prctl")


@pytest.mark.parametrize("option", ["reports", pytest.param("runs", marks=pytest.mark.soak)])
def test_a_read_only_folder(option, a_page, run, tmp_path):
    folder = tmp_path / option
    folder.mkdir()
    folder.chmod(0o500)
    status, out, err = run(a_page, preexec_fn=without_override).end()
    assert (status, out) == (2, ""), err
    assert f"--{option} {str(folder)!r} cannot be written" in err
    other = "reports" if option == "runs" else "runs"
    assert not list(folder.iterdir()) and not (tmp_path / other).exists()


@pytest.mark.soak
def test_a_reports_folder_that_becomes_read_only(a_page, run, make, tmp_path):
    reports = tmp_path / "reports"
    path = notebook(tmp_path / "page.ipynb", f"import os; os.chmod({str(reports / 'page')!r}, 0o500)")
    (reports / "page").mkdir(parents=True)
    status, out, err = run(path, preexec_fn=without_override).end()
    assert (status, out) == (1, ""), err
    assert "could not be written: Permission denied" in err and "the same command draws it again" in err
    (reports / "page").chmod(0o700)
    make(a_page)


@pytest.mark.soak
@pytest.mark.parametrize("called", ODD_NAMES)
def test_odd_paths(called, make, tmp_path, temporary):
    name, folder = ODD_NAMES[called], tmp_path / ODD_NAMES[called]
    place = "import os, pathlib; print(pathlib.Path(os.environ['CNNREPRO_RUNS']).parent.name)"
    page = make(notebook(folder / f"{name}.ipynb", place), folder)
    assert page == folder / "reports" / name / "default" / "index.html"
    assert_site(page, temporary)


@pytest.mark.parametrize("count", [4, pytest.param(16, marks=pytest.mark.soak)])
def test_kernels_at_once_without_home_terminal_and_user(count, run, tmp_path, temporary):
    path = notebook(tmp_path / "many.ipynb", "print(f'seed {seed * 11}.')")
    status, out, err = run(path, "-p", f"seed=1..{count}", "--jobs", count, without=BARE).end()
    assert status == 0, err
    pages = sorted(Path(line) for line in out.splitlines())
    assert len(pages) == count
    for page in pages:
        assert f"seed {int(page.parent.name.rpartition('-')[2]) * 11}." in page.read_text(encoding="utf-8")
        assert_site(page, temporary)
