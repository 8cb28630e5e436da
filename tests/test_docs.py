"""README and docs/: commands that are understood, links that lead somewhere, code that runs."""

import ast
import os
import re
import subprocess
import sys

import pytest
from typer.main import get_command

from cnnrepro import __version__
from cnnrepro.cli import app
from cnnrepro.runner.request import page_requests
from tests.documented import HOME, PAGES, code_of, commands_of

LINK = re.compile(r"\]\(([^)#\s]+)[^)]*\)")


def commands():
    """Each command of a block, with the page that has it."""
    found = ((page, words) for page in PAGES for words in commands_of(page))
    return [pytest.param(words, id=f"{page.name}: {' '.join(words)}") for page, words in found]


@pytest.mark.parametrize("words", commands())
def test_a_command_is_understood(words):
    command = get_command(app)
    while words and words[0] in getattr(command, "commands", {}):
        command, words = command.commands[words[0]], words[1:]
    made = command.make_context(command.name, list(words))  # raises where it does not understand
    if command.name == "run":
        targets = [target for target in made.params["targets"] if not target.endswith((".ipynb", ".py", ".yaml"))]
        page_requests(targets, dict(one.split("=", 1) for one in made.params["parameter"] or ()))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page):
    found = [link for link in LINK.findall(page.read_text(encoding="utf-8")) if "://" not in link]
    missing = [link for link in found if not (page.parent / link).exists()]
    assert not missing


def test_readme_is_read_in_five_minutes():
    assert len((HOME / "README.md").read_text(encoding="utf-8").split()) <= 900


def test_the_notebooks_page_has_them_all():
    text = (HOME / "docs" / "notebooks.md").read_text(encoding="utf-8")
    for notebook in sorted((HOME / "notebooks").glob("*.ipynb")):
        assert f"| `{notebook.stem}` |" in text


def test_readmes_python_runs(tmp_path):
    code = code_of(HOME / "README.md")
    environment = os.environ | {"CNNREPRO_RUNS": str(tmp_path), "PYTHONPATH": str(HOME)}
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith("{'accuracy': 0.9")


def test_the_network_of_the_docs_is_built(tmp_path, monkeypatch):
    code = code_of(HOME / "docs" / "networks.md")
    (tmp_path / "nets.py").write_text(code, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    from cnnrepro.models import build

    assert build("nets.py:tiny", input_shape=(28, 28, 1), classes=10, width=32).output_shape == (None, 10)


def test_the_claim_of_the_docs_is_the_example_and_is_judged(tmp_path):
    from cnnrepro import experiments
    from cnnrepro.lessons import own_claim

    code = code_of(HOME / "docs" / "claims.md")
    assert code == own_claim.read("").path.read_text(encoding="utf-8")
    small = code.replace("epochs=3", "epochs=1").replace("train_images=1000", "train_images=150")
    (tmp_path / "mine.py").write_text(small.replace("seeds=5", "seeds=1"), encoding="utf-8")
    found = own_claim.read(str(tmp_path / "mine.py"))
    results = experiments.collect(experiments.arms("own_claim", file=str(tmp_path / "mine.py")))
    judged = own_claim.verdict(found, results)
    assert (judged.word, judged.basis) == ("undecided", "mnist_5k (150 training images), 1 epoch, 1 seed, adam")


def test_the_errors_of_the_troubleshooting_page_are_real():
    text = (HOME / "docs" / "troubleshooting.md").read_text(encoding="utf-8")
    trees = [ast.parse(path.read_text(encoding="utf-8")) for path in (HOME / "cnnrepro").rglob("*.py")]
    texts = [node.value for tree in trees for node in ast.walk(tree) if isinstance(node, ast.Constant)]
    said = "\n".join(value for value in texts if isinstance(value, str))
    quoted = re.findall(r"^\| `([^`]+)` \|", text, re.MULTILINE)
    assert len(quoted) >= 8
    assert [one for one in quoted if one not in said] == []


def test_the_citation_names_this_version():
    assert f"\nversion: {__version__}\n" in (HOME / "CITATION.cff").read_text(encoding="utf-8")
