"""Names cannot lead out of the folders of runs and reports, whatever text they are."""

from pathlib import Path

import nbformat
import pytest
from hypothesis import given
from hypothesis import strategies as st

from cnnrepro.errors import UsageError
from cnnrepro.experiments.parameters import Parameter
from cnnrepro.runner.request import page_request, slug
from cnnrepro.runs import RunStore
from tests.calling import call


def notebook(path, parameters="name: str = 'x'"):
    cell = nbformat.v4.new_code_cell(parameters, metadata={"tags": ["parameters"]})
    nbformat.write(nbformat.v4.new_notebook(cells=[cell, nbformat.v4.new_code_cell("print(name)")]), path)
    return path


WAYS_OUT = ["", ".", "..", "../..", "/", "~", "a/../b", "\0", "\\"]
TEXT = st.text(st.characters(), max_size=300) | st.sampled_from(WAYS_OUT)


@given(TEXT, TEXT)
def test_the_slug_of_any_text_is_one_folder_inside_of_the_reports(first, second):
    declared = {"name": Parameter("name", "str", "x"), "é_other": Parameter("é_other", "str", "")}
    found = slug(declared, {"name": first, "é_other": second})
    place = Path("/reports/experiment")
    assert (place / found).parent == place and Path(found).name == found
    assert found not in ("", ".", "..") and not found.startswith(".")
    assert len(found.encode()) <= 100 and found.isascii() and found.isprintable()
    assert not set(found) & set('/\\:*?"<>|')


@given(TEXT)
def test_a_store_knows_no_key_but_16_digits(text):
    store = RunStore(Path("/runs"))
    with pytest.raises(UsageError, match="16 hexadecimal digits"):
        store.path(text)
    with pytest.raises(UsageError, match=r"Name a run by|No run in"):
        store.key_of(text)


@pytest.mark.parametrize("key", ["a" * 16 + "\n", "A" * 16, "a" * 15 + "/", "../" + "a" * 13, "٠" * 16])
def test_what_looks_like_a_key_is_none(key):
    with pytest.raises(UsageError, match="has 16 hexadecimal digits"):
        RunStore(Path("/runs")).path(key)


@pytest.mark.parametrize("value", ["../../out", "/etc/passwd", "..", "a/../../b", "~/x", "%2e%2e/x"])
def test_a_parameter_that_is_a_path_stays_inside(value, capsys, tmp_path):
    path = notebook(tmp_path / "mine.ipynb")
    request = page_request(str(path), {"name": value})
    assert (tmp_path / "reports" / request.name / request.slug).resolve().parent == tmp_path / "reports" / "mine"
    assert "/" not in request.slug


@pytest.mark.soak
def test_a_page_whose_parameter_leads_out_is_written_inside(capsys, tmp_path):
    before = set(tmp_path.iterdir())
    path = notebook(tmp_path / "mine.ipynb")
    status, out, err = call(capsys, "run", path, "-p", "name=../../../out")
    assert status == 0, err
    page = Path(out.splitlines()[-1])
    assert page.resolve().is_relative_to(tmp_path / "reports" / "mine")
    assert {one.name for one in set(tmp_path.iterdir()) - before} <= {"mine.ipynb", "reports", "runs"}


@pytest.mark.parametrize("name", ["../x=1", "CNNREPRO_RUNS=/x", "CNNREPRO_REPORTS=..", "__class__=1", "runs=../x"])
def test_a_parameter_of_another_name_is_a_wrong_call(name, capsys, tmp_path):
    status, out, err = call(capsys, "run", notebook(tmp_path / "mine.ipynb"), "-p", name)
    assert (status, out) == (2, "")
    assert "is given as name=value" in err or "Unknown parameter" in err
    assert not (tmp_path / "reports").exists()


@pytest.mark.parametrize("name", ["..ipynb", "...ipynb", "....ipynb", ".x.ipynb"])
def test_a_notebook_whose_name_is_a_way_up_is_refused(name, capsys, tmp_path):
    status, out, err = call(capsys, "run", notebook(tmp_path / name))
    assert (status, out) == (2, "") and "rename the notebook" in err
    assert not (tmp_path / "reports").exists() and not (tmp_path / "runs").exists()
