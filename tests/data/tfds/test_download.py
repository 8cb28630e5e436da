import socket
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from cnnrepro.data.tfds.download import why_unreachable
from cnnrepro.data.tfds.published_files import KnownFile


class _Handler(BaseHTTPRequestHandler):
    def do_HEAD(self):
        status, length = self.server.answer
        self.send_response(status)
        if length is not None:
            self.send_header("Content-Length", str(length))
        self.end_headers()

    def log_message(self, *arguments):
        pass


@pytest.fixture
def ask(monkeypatch):
    """Ask a real server on this machine, which gives the answer (status, length)."""
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    server = ThreadingHTTPServer(("127.0.0.1", 0), _Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()

    def ask(status, length):
        server.answer = (status, length)
        return why_unreachable(KnownFile("file", f"http://127.0.0.1:{server.server_port}/file", 1234, ""))

    yield ask
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("length", [1234, None])
def test_a_server_that_has_the_file(ask, length):
    assert ask(200, length) is None


@pytest.mark.parametrize("status", [403, 404, 503])
def test_a_server_that_has_it_not(ask, status):
    assert ask(status, 1234) == f"it answered with status {status}"


def test_a_page_instead_of_the_file(ask):
    assert "offers 99 bytes instead of 1234" in ask(200, 99)


def test_no_server(monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{closed.getsockname()[1]}/file"
        assert "refused" in why_unreachable(KnownFile("file", url, 1, ""))


@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_proxy_that_is_not_there(monkeypatch, scheme):
    monkeypatch.setenv(f"{scheme}_proxy", "http://127.0.0.1:9")
    assert "refused" in why_unreachable(KnownFile("file", f"{scheme}://example.org/file", 1, ""))


def test_a_server_that_never_answers(monkeypatch):
    monkeypatch.setenv("no_proxy", "127.0.0.1")
    with socket.create_server(("127.0.0.1", 0)) as silent:  # takes the connection and says nothing
        file = KnownFile("file", f"http://127.0.0.1:{silent.getsockname()[1]}/file", 1, "")
        start = time.monotonic()
        assert why_unreachable(file, time_limit=0.3) is not None
        assert time.monotonic() - start < 3
