import socket
import time
from http.server import BaseHTTPRequestHandler

import pytest

from cnnrepro.data.tfds.download import why_unreachable
from cnnrepro.data.tfds.published_files import KnownFile
from tests.data.tfds.helpers import serving


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
    with serving(_Handler) as server:

        def ask(status, length):
            server.answer = (status, length)
            return why_unreachable(KnownFile("file", f"http://127.0.0.1:{server.server_port}/file", 1234, ""))

        yield ask


def test_what_a_server_answers(ask):
    assert ask(200, 1234) is None
    assert ask(200, None) is None
    assert ask(404, 1234) == "it answered with status 404"
    assert "offers 99 bytes instead of 1234" in ask(200, 99)  # a sign-on page in place of the file


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
