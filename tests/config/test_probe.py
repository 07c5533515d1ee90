"""The health check of the containers says what is wrong, and only 200 is well."""

from __future__ import annotations

import http.server
import threading

import pytest

from config.probe import probe
from tests.services.ports import free_ports


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self):
        self.send_response(int(self.path.strip("/")))
        self.end_headers()

    def log_message(self, *arguments):
        pass


@pytest.fixture(scope="module")
def address():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}"
        server.shutdown()
        thread.join()


def test_200_is_well(address):
    assert probe(f"{address}/200") == ""


@pytest.mark.parametrize("code", [204, 404, 503])
def test_any_other_answer_is_not(address, code):
    assert f"answers {code}" in probe(f"{address}/{code}")


def test_no_answer_is_not():
    (port,) = free_ports(1)
    assert "does not answer" in probe(f"http://127.0.0.1:{port}/200")
