"""Data for the tests: the real MNIST files where there are any, and MNIST prepared from them, once a session."""

import shutil
from pathlib import Path

import pytest

from cnnrepro import data
from cnnrepro.data.tfds.published_files import known_files


@pytest.hookimpl(tryfirst=True)
def pytest_collection_modifyitems(items):
    """What needs the whole of MNIST prepared is soak: TFDS takes half a minute for it, in each process that tests.

    ``test_cifar10`` takes some images through the same steps.
    """
    for item in items:
        if "prepared_mnist" in getattr(item, "fixturenames", ()):
            item.add_marker(pytest.mark.soak)


@pytest.fixture(scope="session")
def mnist_files(test_data) -> Path:
    """The folder with MNIST's four original files."""
    folder = test_data / "mnist"
    missing = [file.name for file in known_files("mnist") if not (folder / file.name).is_file()]
    if missing:
        pytest.skip(f"no MNIST files in {folder} (CNNREPRO_TEST_DATA may name another folder)")
    return folder


@pytest.fixture(scope="session")
def prepared_mnist(mnist_files, tmp_path_factory) -> Path:
    """A data folder in which MNIST has been prepared; not to be written to.

    Where TFDS would extract to by default lies something else under the name of MNIST's extracted images, as
    Fashion-MNIST leaves it there. The tests that look at the images show that it was not taken for MNIST.
    """
    data_dir = tmp_path_factory.mktemp("data")
    extracted = data_dir / "downloads" / "extracted"
    extracted.mkdir(parents=True)
    (extracted / "GZIP.train-images-idx3-ubyte.gz").write_bytes(bytes(16 + 60_000 * 28 * 28))
    data.prepare("mnist", source=mnist_files, data_dir=data_dir)
    shutil.rmtree(data_dir / "downloads")
    return data_dir


@pytest.fixture(scope="session")
def digits():
    """The splits of mnist_5k."""
    return data.load("mnist_5k")


@pytest.fixture
def mnist_copy(mnist_files, tmp_path) -> Path:
    """A copy of MNIST's files, to be damaged."""
    folder = tmp_path / "files"
    folder.mkdir()
    for file in known_files("mnist"):
        shutil.copyfile(mnist_files / file.name, folder / file.name)
    return folder


@pytest.fixture(scope="session")
def idx():
    """A reader of the packed idx files: images (N, 28, 28, 1) or labels (N,)."""
    import gzip

    import numpy as np

    def read(path: Path):
        raw = np.frombuffer(gzip.decompress(path.read_bytes()), np.uint8)
        return raw[16:].reshape(-1, 28, 28, 1) if "images" in path.name else raw[8:].astype(np.int64)

    return read
