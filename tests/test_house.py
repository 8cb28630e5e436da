"""The shape of the house: which room imports which, what an import loads, what notebooks hold."""

import ast
import graphlib
import json
import subprocess
import sys
from pathlib import Path

import pytest

PACKAGE = Path(__file__).parent.parent / "cnnrepro"

# A module imports only from rooms before its own; down to the engine it is the ground floor.
ORDER = [
    "errors",
    "paths",
    "machine",
    "files",
    "console",
    "stderr",
    "waiting",
    "engine",
    "layers",
    "anatomy",
    "models",
    "data",
    "recipes",
    "runs",
    "training",
    "experiments",
    "claims",
    "lessons",
    "report",
    "runner",
    "doctor",
    "cli",
    "__main__",
]

# TensorFlow is for tf.data; the engine has op determinism and the kernels that Keras has no name for.
MAY_IMPORT_TENSORFLOW = {"data", "engine"}


def modules():
    return sorted(PACKAGE.rglob("*.py"))


def room(path: Path) -> str:
    relative = path.relative_to(PACKAGE)
    return relative.parts[0].removesuffix(".py")


def imports(path: Path):
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0, f"{path}: imports are absolute"
            if node.module == "cnnrepro":
                yield from (f"cnnrepro.{alias.name}" for alias in node.names)
            else:
                yield node.module


def module_name(path: Path) -> str:
    relative = path.relative_to(PACKAGE.parent).with_suffix("")
    return ".".join(relative.parts[:-1] if relative.name == "__init__" else relative.parts)


def files_imported(path: Path) -> set[Path]:
    """The files of the package that a file imports itself, at its top or inside a function; itself left out."""
    files = set()
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        else:
            continue
        for name in names:
            candidates = (name, name.rpartition(".")[0])  # a module, or a name in one
            files |= {FILES[candidate] for candidate in candidates[:1] if candidate in FILES} or {
                FILES[candidate] for candidate in candidates[1:] if candidate in FILES
            }
    return files - {path}


FILES = {module_name(path): path for path in modules()}


def test_a_module_imports_only_from_its_left():
    wrong = []
    for path in modules():
        if path == PACKAGE / "__init__.py":
            continue
        here = ORDER.index(room(path))
        for name in imports(path):
            there = name.split(".")[1] if name.startswith("cnnrepro.") else "__version__"
            if there != "__version__" and ORDER.index(there) > here:
                wrong.append(f"{path.relative_to(PACKAGE)} imports {name}, a room to its right")
    assert not wrong, "\n".join(wrong)


def test_no_two_files_import_each_other():
    """Nor in a circle of several; a package's own ``__init__.py`` gathers names and is left out."""
    arrows = {
        path: {other for other in files_imported(path) if other.name != "__init__.py"}
        for path in modules()
        if path.name != "__init__.py"
    }
    try:
        graphlib.TopologicalSorter(arrows).prepare()
    except graphlib.CycleError as error:
        pytest.fail(" -> ".join(str(path.relative_to(PACKAGE)) for path in error.args[1]))


def test_tensorflow_stays_in_its_rooms():
    wrong = [
        f"{path.relative_to(PACKAGE)} imports {name}"
        for path in modules()
        if room(path) not in MAY_IMPORT_TENSORFLOW
        for name in imports(path)
        if name.split(".")[0] in ("tensorflow", "tensorflow_datasets")
    ]
    assert not wrong, "\n".join(wrong)


def test_light_calls_load_neither_tensorflow_nor_keras():
    code = (
        "import cnnrepro, cnnrepro.cli\n"
        "cnnrepro.RunSpec(model='resnet20', dataset='mnist_5k')\n"
        "cnnrepro.experiments.EXPERIMENTS, cnnrepro.report, cnnrepro.claims\n"
        "from cnnrepro.cli import listing\n"
        "[rows() for rows in listing.LISTINGS.values()]\n"
        "import contextlib, io\n"
        "for words in (['--help'], ['train', '--help'], ['list'], ['notebooks'], ['runs']):\n"
        "    with contextlib.redirect_stdout(io.StringIO()), contextlib.suppress(SystemExit):\n"
        "        cnnrepro.cli.main(words)\n"
        "import sys; heavy = {'tensorflow', 'keras', 'jax', 'matplotlib'} & set(sys.modules); assert not heavy, heavy"
    )
    subprocess.run([sys.executable, "-c", code], check=True)


def test_tensorflow_does_not_greet():
    done = subprocess.run(
        [sys.executable, "-c", "import cnnrepro; cnnrepro.models.build('resnet20')"],
        check=True,
        capture_output=True,
        text=True,
    )
    assert done.stdout == ""
    assert done.stderr == ""


def test_an_import_that_fails_shows_what_was_held_back():
    code = (
        "import os; from cnnrepro.engine import quiet_stderr\n"
        "with quiet_stderr():\n"
        "    os.write(2, b'the reason\\n'); raise SystemExit(3)\n"
    )
    done = subprocess.run([sys.executable, "-c", code], check=False, capture_output=True, text=True)
    assert done.returncode == 3
    assert "the reason" in done.stderr


NOTEBOOKS = sorted((PACKAGE.parent / "notebooks").glob("*.ipynb"))


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_committed_notebook_is_stripped(path):
    notebook = json.loads(path.read_text(encoding="utf-8"))
    assert set(notebook["metadata"]) <= {"kernelspec", "language_info"}
    for cell in notebook["cells"]:
        assert set(cell["metadata"]) <= {"tags"}
        if cell["cell_type"] == "code":
            assert cell["outputs"] == []
            assert cell["execution_count"] is None


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_a_notebook_is_thin(path):
    notebook = json.loads(path.read_text(encoding="utf-8"))
    for cell in notebook["cells"]:
        if cell["cell_type"] == "code":
            for node in ast.walk(ast.parse("".join(cell["source"]))):
                assert not isinstance(node, (ast.FunctionDef, ast.ClassDef, ast.For, ast.While, ast.Lambda)), (
                    f"{path.stem}: such code belongs in the package, with a test"
                )
