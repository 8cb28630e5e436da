"""What all tests share: a quiet, deterministic, offline process with folders of its own."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent

os.environ.setdefault("CNNREPRO_PROGRESS", "none")


@pytest.fixture(autouse=True)
def own_folders(tmp_path, monkeypatch):
    """No test writes into the checkout or the home: runs and reports go to the test's own folder."""
    monkeypatch.setenv("CNNREPRO_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("CNNREPRO_REPORTS", str(tmp_path / "reports"))


@pytest.fixture
def root() -> Path:
    """The checkout."""
    return ROOT
