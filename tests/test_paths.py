import pytest

from cnnrepro import paths
from cnnrepro.errors import UsageError


@pytest.fixture
def nowhere(tmp_path, monkeypatch):
    """A current folder outside of any checkout, with no choice made by the environment."""
    for name in ("CNNREPRO_RUNS", "CNNREPRO_REPORTS", "CNNREPRO_DATA", "TFDS_DATA_DIR"):
        monkeypatch.delenv(name, raising=False)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_checkout_is_found_from_its_notebooks(nowhere, monkeypatch):
    (nowhere / "pyproject.toml").write_text('[project]\nname = "cnnrepro"\n')
    (nowhere / "notebooks").mkdir()
    monkeypatch.chdir(nowhere / "notebooks")
    assert paths.runs_dir() == nowhere / "runs"
    assert paths.reports_dir() == nowhere / "reports"


def test_another_project_is_no_checkout(nowhere):
    (nowhere.parent / "pyproject.toml").write_text('[project]\nname = "other"\n')
    assert paths.runs_dir() == nowhere / "runs"


def test_the_environment_chooses(nowhere, monkeypatch):
    monkeypatch.setenv("CNNREPRO_RUNS", "/somewhere/runs")
    monkeypatch.setenv("TFDS_DATA_DIR", "/somewhere/tfds")
    assert str(paths.runs_dir()) == "/somewhere/runs"
    assert str(paths.data_dir()) == "/somewhere/tfds"
    monkeypatch.setenv("CNNREPRO_DATA", "/elsewhere")
    assert str(paths.data_dir()) == "/elsewhere"


def test_event_files_lie_beside_the_runs_or_where_the_environment_says(nowhere, monkeypatch):
    monkeypatch.delenv("CNNREPRO_TENSORBOARD", raising=False)
    assert paths.tensorboard_dir(nowhere / "other") == nowhere / "other" / "tensorboard"
    assert paths.tensorboard_dir() == nowhere / "runs" / "tensorboard"
    monkeypatch.setenv("CNNREPRO_TENSORBOARD", "/somewhere/logs")
    assert str(paths.tensorboard_dir(nowhere)) == "/somewhere/logs"


def test_without_a_home_the_data_still_have_a_place(nowhere, monkeypatch):
    # What expanduser does where there is neither HOME nor a passwd entry.
    monkeypatch.setattr("os.path.expanduser", lambda path: path)
    assert paths.data_dir() == nowhere / "data"


def test_a_tilde_is_the_home(nowhere, monkeypatch):
    monkeypatch.setenv("HOME", "/somebody")
    monkeypatch.setenv("CNNREPRO_RUNS", "~/runs")
    assert str(paths.runs_dir()) == "/somebody/runs"
    assert str(paths.data_dir()) == "/somebody/tensorflow_datasets"


def test_a_project_file_that_cannot_be_read_is_no_checkout(nowhere):
    (nowhere / "pyproject.toml").write_bytes(b'name = "caf\xe9"')
    assert paths.home() == nowhere


@pytest.mark.parametrize("there", [True, False])
def test_a_check_leaves_everything_as_it_was(there, tmp_path):
    folder = tmp_path / "a" / "b"
    if there:
        folder.mkdir(parents=True)
    assert paths.require_writable(folder, "--runs") == folder
    assert folder.exists() is there and (tmp_path / "a").exists() is there


def test_a_file_in_the_way_is_named(tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(UsageError, match="--runs .*file' cannot be written"):
        paths.require_writable(tmp_path / "file", "--runs")
