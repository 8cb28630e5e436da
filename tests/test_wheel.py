"""What `pip install` brings: outside of a checkout every command finds what it needs."""

import os
import subprocess
import sys
import zipfile

import pytest

from cnnrepro.experiments.own_claim import EXAMPLE
from tests.documented import HOME, commands_of
from tests.newcomer import fresh_environment, lend_dependencies, run_in


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel, built."""
    folder = tmp_path_factory.mktemp("wheel")
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(build, cwd=HOME, check=True, capture_output=True)
    (made,) = folder.glob("cnnrepro-*.whl")
    return made


@pytest.fixture(scope="module")
def site(wheel):
    """The wheel, unpacked."""
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(wheel.parent / "site")
    return wheel.parent / "site"


def test_the_wheel_carries_notebooks_and_templates_and_nothing_else(site, root):
    carried = {path.name for path in (site / "cnnrepro" / "notebooks").rglob("*")}
    assert carried == {path.name for path in (root / "notebooks").glob("*.ipynb")} | {EXAMPLE}
    assert (site / "cnnrepro/report/template/report/index.html.j2").exists()
    assert (site / "cnnrepro/report/template/page.css").exists()
    assert {path.name.split("-")[0] for path in site.iterdir()} == {"cnnrepro"}
    assert not list(site.rglob("*.parquet")) and not list(site.rglob("tests"))


def test_outside_of_a_checkout_the_commands_find_their_notebooks(site, tmp_path, root):
    code = (
        "import cnnrepro, sys; from cnnrepro import paths; assert sys.argv[1] in cnnrepro.__file__, cnnrepro.__file__\n"
        "from cnnrepro.runner.request import page_request\n"
        "request = page_request('alexnet_vs_resnet', {'epochs': '3'})\n"
        "assert request.notebook.parent == paths.notebooks_dir() and sys.argv[1] in str(request.notebook)\n"
        "from cnnrepro.runner.carried_notebooks import copy_notebooks\n"
        "print(paths.home(), request.slug, len(copy_notebooks(paths.home() / 'mine')))"
    )
    environment = {name: value for name, value in os.environ.items() if not name.startswith("CNNREPRO")}
    done = subprocess.run(
        [sys.executable, "-c", code, str(site)],
        cwd=tmp_path,
        env={**environment, "PYTHONPATH": str(site)},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    notebooks = sorted((root / "notebooks").glob("*.ipynb"))
    assert done.stdout.split() == [str(tmp_path), "epochs-3", str(len(notebooks))]
    assert sorted(path.name for path in (tmp_path / "mine").iterdir()) == [path.name for path in notebooks]


@pytest.mark.soak
def test_installed_in_an_empty_environment_it_makes_a_first_page_in_an_empty_folder(wheel, tmp_path):
    commands, folder = fresh_environment(tmp_path / "environment"), tmp_path / "empty"
    folder.mkdir()
    install = [commands / "python", "-m", "pip", "install", "--no-index", "--no-deps", wheel]
    subprocess.run(install, check=True, capture_output=True)
    lend_dependencies(commands)
    words = next(words for words in commands_of(HOME / "README.md") if words[0] == "run")
    (page,) = run_in(folder, words, command=[str(commands / "cnnrepro")], checkout=False)
    assert page.startswith(f"{folder}/reports/alexnet_vs_resnet/") and (folder / page).stat().st_size > 100_000
    assert {path.name for path in folder.iterdir()} == {"reports", "runs"}
