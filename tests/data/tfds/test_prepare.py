import contextlib
import dataclasses
import functools
import hashlib
import re
import subprocess
import sys
import time
from concurrent.futures import ThreadPoolExecutor
from http.server import BaseHTTPRequestHandler, SimpleHTTPRequestHandler
from pathlib import Path

import pytest

from cnnrepro import data
from cnnrepro.data import tf_helpers
from cnnrepro.data.tfds import prepare
from cnnrepro.data.tfds.download import download, why_unreachable
from cnnrepro.data.tfds.prepare import run_tfds
from cnnrepro.data.tfds.published_files import examine, known_files
from cnnrepro.errors import UsageError, WorkFailed
from tests.data.tfds.helpers import change_a_bit, serving


def left_in(folder: Path) -> set[str]:
    """What lies in a data folder, but for the lock files."""
    return {path.name for path in folder.iterdir() if path.suffix != ".lock"} if folder.exists() else set()


def test_preparing_leaves_the_prepared_folder_and_nothing_else(prepared_mnist):
    assert left_in(prepared_mnist) == {"mnist"}
    assert left_in(prepared_mnist / "mnist") == {"3.0.1"}
    assert data.status("mnist", prepared_mnist) == "prepared"


def test_what_is_prepared_is_not_prepared_again(prepared_mnist, tmp_path):
    expected = prepared_mnist / "mnist" / "3.0.1"
    assert data.prepare("mnist", data_dir=prepared_mnist) == expected
    assert data.prepare("mnist", source=tmp_path / "gone", data_dir=prepared_mnist) == expected


def test_a_damaged_file_is_refused_before_anything_is_written(mnist_copy, tmp_path):
    path = mnist_copy / "t10k-labels-idx1-ubyte.gz"
    path.write_bytes(path.read_bytes()[:-10])
    with pytest.raises(WorkFailed, match=hashlib.sha256(path.read_bytes()).hexdigest()):
        data.prepare("mnist", source=mnist_copy, data_dir=tmp_path / "data")
    assert not (tmp_path / "data").exists()


def test_tfds_itself_refuses_a_damaged_file(mnist_copy, tmp_path):
    scratch = tmp_path / "scratch"
    scratch.mkdir()
    mnist_copy.rename(scratch / "manual")
    content = change_a_bit(scratch / "manual" / "train-labels-idx1-ubyte.gz", -1)
    with pytest.raises(WorkFailed, match=r"wrong checksum.*3552534a0a55.*" + hashlib.sha256(content).hexdigest()[:12]):
        run_tfds(data.info("mnist"), scratch)
    assert not list((scratch / "prepared").rglob("*.tfrecord*"))
    assert {path.name for path in tmp_path.iterdir()} == {"scratch"}  # TFDS wrote nowhere else


def test_a_file_damaged_after_our_own_check_leaves_nothing(mnist_copy, tmp_path, monkeypatch):
    """Only our own check is switched off; TFDS's has to notice."""
    (mnist_copy / "train-labels-idx1-ubyte.gz").write_bytes(b"damaged")
    monkeypatch.setattr("cnnrepro.data.tfds.prepare.locate", lambda name, source, files: source)
    with pytest.raises(WorkFailed, match=r"could not prepare 'mnist'.*wrong checksum"):
        data.prepare("mnist", source=mnist_copy, data_dir=tmp_path / "data")
    assert left_in(tmp_path / "data") == set()


def test_a_data_folder_that_cannot_be_written(mnist_files, tmp_path):
    (tmp_path / "file").touch()
    with pytest.raises(UsageError, match=r"data folder.*cannot be written"):
        data.prepare("mnist", source=mnist_files, data_dir=tmp_path / "file" / "data")


def test_an_incomplete_folder_is_reported_and_left_alone(mnist_files, tmp_path):
    something = tmp_path / "mnist" / "3.0.1" / "notes.txt"
    something.parent.mkdir(parents=True)
    something.touch()
    assert data.status("mnist", tmp_path) == "absent"
    with pytest.raises(WorkFailed, match=r"missing or empty\. Remove that folder"):
        data.prepare("mnist", source=mnist_files, data_dir=tmp_path)
    assert something.exists()


@pytest.mark.parametrize(("call", "name"), [(data.load, "mnist"), (data.prepare, "fashion_mnist")])
def test_no_network_and_no_files_says_what_to_do_at_once(call, name, tmp_path, monkeypatch):
    for variable in ("http_proxy", "https_proxy", "HTTP_PROXY", "HTTPS_PROXY"):
        monkeypatch.setenv(variable, "http://127.0.0.1:9")  # nobody listens there
    monkeypatch.setattr(
        tf_helpers, "tensorflow_datasets", lambda: pytest.fail("loaded for nothing, which takes seconds")
    )
    start = time.monotonic()
    with pytest.raises(WorkFailed) as caught:
        call(name, data_dir=tmp_path / "data")
    assert time.monotonic() - start < 10
    assert f"cnnrepro data prepare {name} --from DIR" in str(caught.value)
    assert "mnist_5k needs neither" in str(caught.value)
    for file in known_files(name):
        assert file.name in str(caught.value)
    assert not (tmp_path / "data").exists()


class _Proxy(BaseHTTPRequestHandler):
    """The network, as far as Fashion-MNIST is concerned: right sizes, and the bytes that the server holds ready."""

    def do_HEAD(self):
        self.send_response(200)
        self.send_header("Content-Length", str(self.server.sizes[self.path]))
        self.end_headers()

    def do_GET(self):
        self.do_HEAD()
        self.wfile.write(bytes(int(self.server.sizes[self.path] * self.server.share)))
        self.close_connection = True

    def log_message(self, *arguments):
        pass


@pytest.mark.parametrize(
    ("share", "message"),
    [(1.0, "damaged or another file: expected SHA-256"), (0.9, "more expected")],
    ids=["wrong", "cut off"],
)
def test_a_download_that_goes_wrong_leaves_nothing(share, message, tmp_path, monkeypatch):
    """Fashion-MNIST comes by plain HTTP, so a proxy on this machine can be the network."""
    with serving(_Proxy) as server:
        server.sizes = {file.url: file.size for file in known_files("fashion_mnist")}
        server.share = share
        for variable in ("http_proxy", "HTTP_PROXY"):
            monkeypatch.setenv(variable, f"http://127.0.0.1:{server.server_port}")
        with pytest.raises(WorkFailed, match=rf"download failed \(.*{message}.*prepare fashion_mnist --from DIR"):
            data.prepare("fashion_mnist", data_dir=tmp_path / "data")
    assert left_in(tmp_path / "data") == set()


def test_files_from_the_network_are_downloaded_whole(mnist_files, tmp_path, monkeypatch):
    """A small server on this machine gives out MNIST's own files."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with serving(functools.partial(_Quiet, directory=mnist_files)) as server:
        base = f"http://127.0.0.1:{server.server_port}/"
        files = [dataclasses.replace(file, url=base + file.name) for file in known_files("mnist")]
        assert why_unreachable(files[0]) is None
        for file in files:
            download(file, tmp_path)
    assert examine(tmp_path, files) == ([], [])


class _Quiet(SimpleHTTPRequestHandler):
    def log_message(self, *arguments):
        pass


def test_a_full_disk_leaves_nothing(mnist_files, tmp_path, monkeypatch):
    def fill(info, scratch):
        (scratch / "half.tfrecord").write_bytes(b"half")
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(prepare, "run_tfds", fill)
    with pytest.raises(WorkFailed, match="could not be prepared in .*No space left on device"):
        data.prepare("mnist", source=mnist_files, data_dir=tmp_path)
    assert left_in(tmp_path) == set()


def test_threads_that_nobody_waits_for_leave_nothing(mnist_files, tmp_path, monkeypatch):
    """As TFDS's extractor after an error in another file: it begins when all is swept, and writes for half a second."""

    def write(scratch):
        time.sleep(0.1)
        end = time.monotonic() + 0.5
        while time.monotonic() < end:
            with contextlib.suppress(OSError):
                scratch.mkdir(exist_ok=True)
                (scratch / "extracted").touch()

    with ThreadPoolExecutor(1) as threads:

        def fail(info, scratch):
            threads.submit(write, scratch)
            raise WorkFailed("wrong checksum")

        monkeypatch.setattr(prepare, "run_tfds", fail)
        with pytest.raises(WorkFailed, match="wrong checksum"):
            data.prepare("mnist", source=mnist_files, data_dir=tmp_path)
    assert left_in(tmp_path) == set()


def test_what_cannot_be_removed_is_named(mnist_files, tmp_path, monkeypatch, capsys):
    def fail(info, scratch):
        raise WorkFailed("wrong checksum")

    monkeypatch.setattr(prepare, "run_tfds", fail)
    monkeypatch.setattr(prepare, "_SWEEP_LIMIT", 0.05)
    monkeypatch.setattr(prepare.shutil, "rmtree", lambda *_, **__: None)
    with pytest.raises(WorkFailed, match="wrong checksum"):
        data.prepare("mnist", source=mnist_files, data_dir=tmp_path)
    assert re.search(r"\.cnnrepro-mnist-.*' is left over and could not be removed", capsys.readouterr().err)


def test_two_at_a_time_prepare_once(mnist_files, tmp_path, monkeypatch):
    (tmp_path / ".cnnrepro-mnist-killed").mkdir()  # by a process that was killed
    calls = []

    def prepared(info, scratch):
        calls.append(scratch)
        (scratch / "made").mkdir()
        return scratch / "made"

    monkeypatch.setattr(prepare, "run_tfds", prepared)
    monkeypatch.setattr(prepare, "is_whole", lambda info, folder: folder.is_dir())
    with ThreadPoolExecutor(2) as threads:  # the lock is on a file, so threads meet it as processes do
        work = [threads.submit(data.prepare, "mnist", source=mnist_files, data_dir=tmp_path) for _ in range(2)]
    assert [future.result() for future in work] == [tmp_path / "mnist" / "3.0.1"] * 2
    assert len(calls) == 1
    assert left_in(tmp_path) == {"mnist"}


@pytest.mark.soak
def test_a_disk_that_is_too_small_leaves_nothing(mnist_files, tmp_path):
    """A limit on the size of a file stands in for the full disk: the extracted images do not fit."""
    code = f"""
import resource
from cnnrepro import data, errors
resource.setrlimit(resource.RLIMIT_FSIZE, (20_000_000, 20_000_000))
try:
    data.prepare("mnist", source={str(mnist_files)!r}, data_dir={str(tmp_path / "data")!r})
except errors.WorkFailed as error:
    print(error)
"""
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, timeout=120)
    assert "too large" in done.stdout, done.stderr
    assert left_in(tmp_path / "data") == set()
