"""Batch files of others: the pages that they ask for, or the reason why not; no code of theirs runs."""

from __future__ import annotations

import json
from pathlib import Path

from cnnrepro.data import DATASETS, load_tensorflow
from cnnrepro.experiments.catalogue import EXPERIMENTS
from cnnrepro.experiments.parameters import read_parameters
from cnnrepro.runner.request import PageRequest, page_requests
from tests.fuzz.fuzzing import Target, read
from tests.fuzz.mutation import of_json, of_text

NAMES = sorted({name for one in EXPERIMENTS.values() for name in read_parameters(one.notebook)})
TOKENS = [*EXPERIMENTS, *DATASETS, *NAMES, "experiments:", "- run: ", "  parameters: ", "mine.ipynb", "mine.py",
    "none.keras"]  # fmt: skip
TOKENS += ["nets.py:own", "&a ", "*a", "<<: *a", "!!python/object:os.system ", "!!binary ", "!!set ",
    "!!timestamp ", "!!float "]  # fmt: skip
TOKENS += ["? ", ": ", "- ", "|", ">", "---", "...", "%YAML 1.1", "0..9", "0..9999", "1..100000", "1e-3", ".inf",
    ".nan", "0x" + "f" * 99]  # fmt: skip
TOKENS += ["1:59:59", "0b1", "0o7", "1_000", "9" * 99, "null", "~", "yes", "resnet20", "alexnet_small", "folder:x",
    "\t", "\ufeff", "\x85"]  # fmt: skip
TOKENS += ["INPUT -> [CONV -> RELU]*99 -> FC", "[INPUT]*9", "[0..9, 0..9]", "[[0.9], [0.99]]", "{a: 1}", "'", '"',
    "#", "\u2028"]  # fmt: skip
OBJECTS: list[object] = [*EXPERIMENTS, *DATASETS, *NAMES, "experiments", "run", "parameters", "0..9", "1..9999",
    "mine.ipynb", [0, 1]]  # fmt: skip
OBJECTS += [list(range(200)), [[1], [2]], {"run": "dropout"}, "INPUT -> [CONV -> RELU]*99 -> FC", "folder:x",
    "none.keras"]  # fmt: skip
NOTEBOOK = {
    "nbformat": 4,
    "nbformat_minor": 5,
    "metadata": {},
    "cells": [
        {
            "id": "a",
            "cell_type": "code",
            "execution_count": None,
            "metadata": {"tags": ["parameters"]},
            "outputs": [],
            "source": "epochs = 5\nseeds = [0, 1]\nname = 'a'\noptions = {}",
        }
    ],
}


def run(data: bytes, folder: Path) -> None:
    (folder / "mine.ipynb").write_text(json.dumps(NOTEBOOK))
    endings = (".yaml", ".json") if data.lstrip()[:1] in (b"{", b"[") else (".yaml",)
    for ending in endings:
        (folder / f"batch{ending}").write_bytes(data)
        one = Target(lambda data, folder, ending=ending: _show(folder / f"batch{ending}"), ())
        read(one, data, folder)


def _show(path: Path) -> None:
    for request in page_requests([str(path)], {}):
        shown(request)
        assert isinstance(request.claims, tuple)


def shown(request: PageRequest) -> tuple[object, ...]:
    """What is said and made of a page that is asked for."""
    return request.name, request.slug, request.title, request.target, request.given, request.injected


TARGET = Target(run, [*of_text(TOKENS), *of_json(OBJECTS)], prepare=load_tensorflow, seconds=10)
