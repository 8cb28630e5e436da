"""The help of every command: examples in one form, which parse and name what there is."""

import re
import shlex

import pytest
import typer.main

from cnnrepro.cli import app
from cnnrepro.data import DATASETS
from cnnrepro.experiments import EXPERIMENTS
from cnnrepro.models import MODELS
from cnnrepro.runner.request import page_requests
from tests.calling import call

NARROW = 80  # columns that an example may take


def commands(command=None, words=("cnnrepro",)):
    """Every command with the words that call it, groups included."""
    command = command or typer.main.get_command(app)
    yield words, command
    for name, inner in getattr(command, "commands", {}).items():
        yield from commands(inner, (*words, name))


COMMANDS = {" ".join(words): command for words, command in commands()}


def examples_of(command):
    return [line.strip() for line in (command.epilog or "").splitlines() if line.startswith("  ")]


EXAMPLES = [example for command in COMMANDS.values() for example in examples_of(command)]


@pytest.mark.parametrize("words", COMMANDS)
def test_every_command_shows_two_or_three_examples_of_itself(words, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "60")
    shown = call(capsys, *words.split()[1:], "--help")[1]
    examples = examples_of(COMMANDS[words])
    assert 2 <= len(examples) <= 3
    assert shown.endswith("\n".join(["", "  Examples:", *(f"    {example}" for example in examples), ""]))
    assert all(example.startswith(words) and len(example) <= NARROW for example in examples)


@pytest.mark.parametrize("example", EXAMPLES)
def test_an_example_parses(example):
    _, *rest = shlex.split(example)
    command = COMMANDS["cnnrepro"]
    while rest and rest[0] in getattr(command, "commands", {}):
        command = command.commands[rest.pop(0)]
    if "--help" not in rest:
        command.make_context(command.name, list(rest))


def test_examples_name_what_there_is():
    known = {*MODELS, *DATASETS, *EXPERIMENTS}
    named = {word for example in EXAMPLES for word in re.findall(r"\b[a-z]+[a-z0-9]*_\w+\b", example)}
    assert named and named <= known
    runs = [shlex.split(example)[2:] for example in EXAMPLES if example.startswith("cnnrepro run ")]
    assert runs
    for target, *rest in runs:
        given = dict(word.split("=") for word in rest if "=" in word)
        assert page_requests([target], given)
