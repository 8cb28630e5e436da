"""Files of strangers: looking at a model, a notebook or a batch file runs nothing that they bring along."""

import base64
import json
import marshal
import os
import zipfile

import nbformat
import pytest
from keras.src.backend.common import global_state

from cnnrepro.engine import keras
from cnnrepro.errors import UsageError
from cnnrepro.experiments.parameters import read_parameters
from cnnrepro.models.keras_file import read_architecture
from cnnrepro.runner.request import page_request, page_requests
from tests.calling import call


@pytest.fixture
def victim(tmp_path, monkeypatch):
    """The file that hostile code would write; where it goes, the environment says."""
    monkeypatch.setenv("VICTIM", str(tmp_path / "hacked.txt"))
    monkeypatch.chdir(tmp_path)
    return tmp_path / "hacked.txt"


def strike(x):
    import os
    import pathlib

    pathlib.Path(os.environ["VICTIM"]).write_text("hacked")
    return x


@pytest.fixture
def evil(tmp_path, victim):
    """A real .keras file whose Lambda layer carries the marshalled code of ``strike``."""
    given = keras.Input((4,))
    model = keras.Model(given, keras.layers.Lambda(lambda x: x, name="lambda")(given))
    model.save(tmp_path / "plain.keras")
    with zipfile.ZipFile(tmp_path / "plain.keras") as archive:
        contents = {name: archive.read(name) for name in archive.namelist()}
    config = json.loads(contents["config.json"])
    (layer,) = (one for one in config["config"]["layers"] if one["class_name"] == "Lambda")
    code = base64.b64encode(marshal.dumps(strike.__code__)).decode()
    layer["config"]["function"]["config"] |= {"code": code, "defaults": None, "closure": None}
    contents["config.json"] = json.dumps(config).encode()
    with zipfile.ZipFile(tmp_path / "evil.keras", "w") as archive:
        for name, content in contents.items():
            archive.writestr(name, content)
    return tmp_path / "evil.keras"


def test_the_file_is_as_dangerous_as_it_should_be(evil, victim):
    """Without a safe mode Keras runs it; else the tests below would show nothing."""
    keras.saving.load_model(evil, safe_mode=False)
    assert victim.read_text() == "hacked"


def test_inspecting_it_runs_nothing(evil, victim, capsys):
    status, out, err = call(capsys, "inspect", evil)
    assert (status, out) == (2, "")
    assert "was not read: it holds" in err and "Only Keras's own layers" in err and err.count("\n") == 1
    assert not victim.exists()


def test_a_safe_mode_that_was_switched_off_changes_nothing(evil, victim):
    keras.config.enable_unsafe_deserialization()
    try:
        with pytest.raises(UsageError, match="was not read: it holds"):
            read_architecture(evil)
    finally:
        global_state.set_global_attribute("safe_mode_saving", None)
    assert not victim.exists()


def test_a_model_whose_bytes_were_changed_is_one_sentence(tmp_path):
    path = tmp_path / "model.keras"
    keras.Sequential([keras.Input((2,)), keras.layers.Dense(2)]).save(path)
    content = path.read_bytes()
    for place in range(0, 400, 7):
        changed = bytearray(content)
        changed[-1 - place] ^= 0xA5
        path.write_bytes(changed)
        try:
            read_architecture(path)
        except UsageError as error:
            assert "\n" not in str(error)


STRIKE = "import os, pathlib\npathlib.Path(os.environ['VICTIM']).write_text('hacked')"


@pytest.fixture
def hostile(tmp_path, victim):
    """A notebook that strikes with every cell."""
    parameters = nbformat.v4.new_code_cell("epochs: int = 5  # passes", metadata={"tags": ["parameters"]})
    cells = [nbformat.v4.new_code_cell(STRIKE), parameters, nbformat.v4.new_code_cell(STRIKE)]
    nbformat.write(nbformat.v4.new_notebook(cells=cells), tmp_path / "hostile.ipynb")
    return tmp_path / "hostile.ipynb"


def test_reading_and_planning_a_notebook_runs_no_cell(hostile, victim):
    assert read_parameters(hostile)["epochs"].default == 5
    request = page_request(str(hostile), {"epochs": "3"})
    assert request.parameters == {"epochs": 3}
    assert not victim.exists()


def test_a_wrong_call_runs_no_cell(hostile, victim, capsys):
    for arguments in (["-p", "epoch=3"], ["-p", "epochs=many"], ["--runs", hostile / "below"]):
        status, _, err = call(capsys, "run", hostile, *arguments)
        assert status == 2, err
    assert not victim.exists()


def test_checking_a_batch_runs_no_cell_of_any_entry(hostile, victim, tmp_path, capsys):
    entries = [{"run": hostile.name}, {"run": "alexnet_vs_resnet", "parameters": {"epochs": "none"}}]
    (tmp_path / "batch.yaml").write_text(json.dumps({"experiments": entries}))
    status, _, err = call(capsys, "run", tmp_path / "batch.yaml")
    assert status == 2 and "Entry 2 of" in err
    (tmp_path / "batch.yaml").write_text(json.dumps({"experiments": entries[:1]}))
    assert len(page_requests([str(tmp_path / "batch.yaml")], {})) == 1
    assert not victim.exists()


def test_a_batch_file_makes_no_objects(victim, tmp_path, capsys):
    text = f"experiments:\n  - run: !!python/object/apply:os.system ['touch {victim}']\n"
    (tmp_path / "batch.yaml").write_text(text)
    status, _, err = call(capsys, "run", tmp_path / "batch.yaml")
    assert status == 2 and "is not YAML" in err
    assert not victim.exists()


def test_the_other_commands_run_no_cell(hostile, victim, capsys):
    for arguments in (["list", "experiments"], ["inspect", hostile], ["plan", hostile, "mnist_5k"], ["list"]):
        call(capsys, *arguments)
    assert not victim.exists()


def test_running_it_runs_it_which_is_what_was_asked(hostile, victim, capsys):
    """Else the tests above would show nothing."""
    assert call(capsys, "run", hostile)[0] == 0
    assert victim.read_text() == "hacked"


@pytest.mark.parametrize(
    "source",
    [
        f"epochs: int = __import__('pathlib').Path({os.devnull!r})",
        "epochs: int = [].append(1)",
        "epochs: __import__('os').getcwd() = 5",
        "epochs: int = 5\nprint('x')",
        "epochs: int = " + "(" * 500 + "5" + ")" * 500,
        "epochs: int = " + "-" * 100_000 + "5",
        "epochs: int = 5\0",
        "epochs: list = " + "[" * 2000 + "]" * 2000,
        "epochs: int = 5; import os",
    ],
)
def test_a_parameters_cell_that_is_a_program_is_refused(source, tmp_path):
    cell = nbformat.v4.new_code_cell(source, metadata={"tags": ["parameters"]})
    nbformat.write(nbformat.v4.new_notebook(cells=[cell]), tmp_path / "odd.ipynb")
    with pytest.raises(UsageError, match="arameters cell of"):
        read_parameters(tmp_path / "odd.ipynb")
