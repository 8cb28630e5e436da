"""The Dockerfile, step by step, without Docker.

What cannot be done here is held against what is done elsewhere, or not looked at: FROM (the image; only its version of
Python is compared with ours), the download of the dependencies (it must be the one of `make install`; they are lent by
the environment of the tests) and the change to another user (only that it is not root).
"""

import json
import os
import re
import shlex
import shutil
import subprocess
import tomllib

import pytest

from tests.documented import HOME
from tests.newcomer import fresh_environment, lend_dependencies, run_in

STEPS = [
    tuple(line.split(maxsplit=1))
    for line in (HOME / "Dockerfile").read_text(encoding="utf-8").splitlines()
    if line and not line.startswith("#")
]
IMAGE = "cnnrepro"
KINDS = {"FROM", "WORKDIR", "COPY", "RUN", "ENV", "USER", "ENTRYPOINT", "CMD"}
DOWNLOAD = "-r requirements.lock"


def of(kind):
    return [text for name, text in STEPS if name == kind]


def documented():
    """The words of the docs' `docker run`, and those behind the image."""
    text = (HOME / "docs" / "batches.md").read_text(encoding="utf-8")
    (line,) = re.findall(r"^ {4}(docker run .*)$", text, re.MULTILINE)
    words = shlex.split(line, comments=True)
    return words[: words.index(IMAGE)], words[words.index(IMAGE) + 1 :]


def test_it_has_no_steps_but_those_looked_at_here():
    assert {name for name, _ in STEPS} == KINDS


def test_its_python_is_one_that_the_package_takes():
    (version,) = re.findall(r"^python:(\d+\.\d+)-slim$", *of("FROM"))
    project = tomllib.loads((HOME / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    low, high = re.fullmatch(r">=3\.(\d+),<3\.(\d+)", project["requires-python"]).groups()
    assert int(low) <= int(version.partition(".")[2]) < int(high)


def test_the_dependencies_are_those_of_make_install():
    (step,) = (text for text in of("RUN") if DOWNLOAD in text)
    makefile = (HOME / "Makefile").read_text(encoding="utf-8")
    (line,) = re.findall(rf"^\t\$\(BIN\)/(python -m pip .*{re.escape(DOWNLOAD)}.*)$", makefile, re.MULTILINE)
    quiet = {"--quiet", "--disable-pip-version-check", "--no-cache-dir"}
    assert [word for word in step.split() if word not in quiet] == [word for word in line.split() if word not in quiet]


def test_it_does_not_run_as_root_and_has_a_home_for_anybody():
    assert re.fullmatch(r"[1-9]\d*:[1-9]\d*", *of("USER"))
    assert of("ENV") == ["HOME=/tmp"]


def test_what_is_copied_is_part_of_the_source_and_sent_to_docker():
    sent = (HOME / ".dockerignore").read_text(encoding="utf-8").split()
    assert sent[0] == "*"
    copied = [source for text in of("COPY") for source in text.split()[:-1]]
    assert {f"!{source}" for source in copied} == {line for line in sent if line.startswith("!")}
    assert all((HOME / source).exists() for source in copied)


def test_the_documented_command_mounts_the_folder_that_it_works_in():
    options, _ = documented()
    assert options[options.index("-v") + 1] == f"$PWD:{of('WORKDIR')[-1]}"
    assert options[options.index("--user") + 1] == "$(id -u):$(id -g)"


@pytest.mark.soak
def test_its_steps_give_a_command_that_makes_the_documented_page(tmp_path):
    commands = fresh_environment(tmp_path / "environment")
    lend_dependencies(commands)
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("CNNREPRO", "PYTHON"))}
    environment = kept | {"PATH": f"{commands}:{kept['PATH']}"}
    here = tmp_path
    for kind, text in STEPS:
        if kind == "WORKDIR":
            here = tmp_path / "image" / text.lstrip("/")
            here.mkdir(parents=True, exist_ok=True)
        elif kind == "COPY":
            *sources, to = text.split()
            for source in sources:
                copy = shutil.copytree if (HOME / source).is_dir() else shutil.copy
                copy(HOME / source, here / to)
        elif kind == "RUN" and DOWNLOAD not in text:
            subprocess.run(["sh", "-c", text], cwd=here, env=environment, check=True, capture_output=True)
    (entry,), (default,) = (map(json.loads, of(kind)) for kind in ("ENTRYPOINT", "CMD"))
    command = [str(commands / entry[0]), *entry[1:]]
    assert "Usage: cnnrepro" in " ".join(run_in(here, default, command=command, checkout=False))
    _, words = documented()
    (page,) = run_in(here, words, command=command, checkout=False)
    assert page.startswith(f"{here}/reports/") and (here / page).stat().st_size > 100_000
