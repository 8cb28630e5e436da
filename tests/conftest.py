"""What all tests share: a quiet, deterministic, offline process with folders of its own."""

from __future__ import annotations

import os
from pathlib import Path

import hypothesis
import pytest

ROOT = Path(__file__).parent.parent

os.environ.setdefault("CNNREPRO_PROGRESS", "none")

# No example has a time limit: the machine may be busy.
hypothesis.settings.register_profile("cnnrepro", deadline=None)
hypothesis.settings.load_profile("cnnrepro")


@pytest.fixture(autouse=True)
def own_folders(tmp_path, monkeypatch):
    """No test writes into the checkout or the home: runs and reports go to the test's own folder."""
    monkeypatch.setenv("CNNREPRO_RUNS", str(tmp_path / "runs"))
    monkeypatch.setenv("CNNREPRO_REPORTS", str(tmp_path / "reports"))


@pytest.fixture
def root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def test_data() -> Path:
    """The folder of real data sets that are no part of the project (MNIST, CIFAR-10, a few pictures of ImageNet)."""
    root = os.environ.get("CNNREPRO_TEST_DATA")
    folder = Path(root) if root else ROOT.resolve().parent / "shared" / "data"
    if not folder.is_dir():
        pytest.skip(f"no data sets in {folder} (CNNREPRO_TEST_DATA may name another folder)")
    return folder


@pytest.fixture(scope="session")
def photographs(test_data) -> list[Path]:
    """125 real photographs of ImageNet, JPEG."""
    found = sorted((test_data / "imagenet_sample").glob("*.JPEG"))
    if not found:
        pytest.skip(f"no photographs in {test_data / 'imagenet_sample'}")
    return found
