"""What `pip install` brings: outside of a checkout every command finds what it needs."""

import os
import subprocess
import sys
import zipfile

import pytest

from cnnrepro.experiments.own_claim import EXAMPLE


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The wheel, built and unpacked."""
    from pathlib import Path

    folder, root = tmp_path_factory.mktemp("wheel"), Path(__file__).parent.parent
    build = [sys.executable, "-m", "hatchling", "build", "--target", "wheel", "--directory", str(folder)]
    subprocess.run(build, cwd=root, check=True, capture_output=True)
    (wheel,) = folder.glob("cnnrepro-*.whl")
    with zipfile.ZipFile(wheel) as archive:
        archive.extractall(folder / "site")
    return folder / "site"


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
