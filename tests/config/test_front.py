"""The front with its committed configuration: what it passes on, keeps back and sends itself."""

from __future__ import annotations

import http.client
import http.server
import json
import subprocess
import sys
import threading
from pathlib import Path

import pytest

from config.settings.env import BASE_DIR
from config.yard.services import wait_until
from tests.services.ports import free_ports

PATIENCE = 60.0
BYTES = bytes(range(256)) * 40


class Application(http.server.BaseHTTPRequestHandler):
    """Answers what it was asked, or names a content to send."""

    protocol_version = "HTTP/1.1"

    def do_GET(self):
        _, found, named = self.path.partition("/send/")
        if found:
            said = {"ETag": '"abc"', "X-Repo-Commit": "c0", "RateLimit": "r=1", "X-Request-Id": "7"}
            said["X-Served"] = "17.4"
            self.answer(b"", {"X-Accel-Redirect": f"/{named}", **said})
        else:
            seen = {name.lower(): value for name, value in self.headers.items()}
            body = json.dumps({"path": self.path, **seen})
            self.answer(body.encode(), {"Content-Type": "application/json", "ETag": '"streams"'})

    def do_HEAD(self):
        self.answer(b"", {"X-Linked-Size": str(len(BYTES)), "Content-Length": str(len(BYTES))})

    def answer(self, body: bytes, headers: dict[str, str]) -> None:
        self.send_response(200)
        for name, value in {"Content-Length": str(len(body)), **headers}.items():
            self.send_header(name, value)
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


class Front:
    def __init__(self, folder: Path, upstream: int, *, streams: int = 0) -> None:
        (self.port,) = free_ports(1)
        self.folder = folder
        (folder / "static").mkdir()
        (folder / "static" / "app.0123456789ab.css").write_text("body{}")
        (folder / "static" / "plain.css").write_text("body{}")
        (folder / "store" / "ab").mkdir(parents=True)
        (folder / "store" / "ab" / "content").write_bytes(BYTES)
        (folder / "secret").write_text("not for anybody")
        environ = {
            "APP_PORT": str(self.port),
            "FRONT_BIND": "127.0.0.1",
            "WEB_UPSTREAM": f"127.0.0.1:{upstream}",
            "STREAMS_UPSTREAM": f"127.0.0.1:{streams or upstream}",
            "STATIC_ROOT": str(folder / "static"),
            "STORE_DIR": str(folder / "store"),
            "SENT_LOG": str(folder / "sent.log"),
            "XDG_DATA_HOME": str(folder),
            "XDG_CONFIG_HOME": str(folder),
        }
        caddy = Path(sys.executable).with_name("caddy")
        words = ["run", "--adapter", "caddyfile", "--config", str(BASE_DIR / "config/Caddyfile")]
        with (folder / "log").open("wb") as log:
            self.process = subprocess.Popen([caddy, *words], env=environ, stdout=log, stderr=log)

    def ask(self, method: str, path: str, headers: dict[str, str] | None = None):
        connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=30)
        try:
            connection.request(method, path, headers=headers or {})
            answer = connection.getresponse()
            return answer.status, answer.headers, answer.read()
        finally:
            connection.close()

    def answers(self) -> bool:
        try:
            return self.ask("GET", "/")[0] == 200
        except OSError:
            return False


@pytest.fixture(scope="module")
def upstream():
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Application) as server:
        server.daemon_threads = True
        server.block_on_close = False
        thread = threading.Thread(target=server.serve_forever, args=(0.02,))
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


@pytest.fixture(scope="module")
def front(upstream, tmp_path_factory):
    front = Front(tmp_path_factory.mktemp("a front"), upstream)
    assert wait_until(front.answers, seconds=PATIENCE)
    yield front
    front.process.terminate()
    front.process.wait(timeout=PATIENCE)


def test_what_clients_claim_about_themselves_is_replaced(front):
    claims = {
        "X-Forwarded-For": "6.6.6.6",
        "X-Forwarded-Proto": "https",
        "X-Forwarded-Host": "evil.example",
        "X-Request-Id": "chosen",
        "X-Accel-Redirect": "/ab/content",
    }
    _, _, body = front.ask("GET", "/", claims)
    seen = json.loads(body)
    assert seen["x-forwarded-for"] == "127.0.0.1"
    assert seen["x-forwarded-proto"] == "http"
    assert seen["x-forwarded-host"] == f"127.0.0.1:{front.port}"
    assert len(seen["x-request-id"]) == 36
    assert "x-accel-redirect" not in seen


def test_contents_named_by_the_application_are_sent_whole(front):
    status, headers, body = front.ask("GET", "/send/ab/content")
    assert (status, body) == (200, BYTES)
    assert headers["ETag"] == '"abc"'
    assert "X-Accel-Redirect" not in headers


def test_contents_are_sent_in_ranges(front):
    status, headers, body = front.ask("GET", "/send/ab/content", {"Range": "bytes=100-299"})
    assert (status, body) == (206, BYTES[100:300])
    assert headers["Content-Range"] == f"bytes 100-299/{len(BYTES)}"


@pytest.mark.parametrize("path", ["/../secret", "/%2e%2e/secret", "/ab/../../secret", "/absent"])
def test_nothing_outside_the_store_is_sent(front, path):
    status, _, body = front.ask("GET", f"/send{path}")
    assert status == 404
    assert b"not for anybody" not in body


def test_nobody_outside_reaches_the_store_by_its_path(front):
    status, _, body = front.ask("GET", "/ab/content")
    assert status == 200
    assert body != BYTES


def test_a_ticket_goes_to_the_streams_process_with_the_range_and_it_says_what_is_said(front):
    _, headers, body = front.ask("GET", "/hf/send/-bytes/abc.def", {"Range": "bytes=1-"})
    seen = json.loads(body)
    assert (seen["path"], seen["range"]) == ("/-bytes/abc.def", "bytes=1-")
    assert headers.get_all("ETag") == ['"streams"']
    assert (headers["RateLimit"], headers["X-Request-Id"]) == ("r=1", "7")
    assert headers["X-Repo-Commit"] is None
    assert json.loads(front.ask("GET", "/-bytes/abc.def")[2])["path"] == "/-bytes/abc.def"


@pytest.mark.parametrize("prefix", ["/hf", "/hf/api", "/v2"])
def test_to_clients_a_content_that_is_gone_is_a_fault_that_passes(front, prefix):
    """A 404 without a code would be shown to people as a network that is down."""
    status, headers, body = front.ask("GET", f"{prefix}/send/ab/absent")
    assert (status, headers["X-Error-Code"], headers["Retry-After"]) == (503, "Unavailable", "2")
    assert headers["Content-Type"] == "application/json"
    assert headers["X-Error-Message"] == json.loads(body)["error"]
    assert headers["ETag"] is None


def test_head_is_answered_by_the_application(front):
    status, headers, body = front.ask("HEAD", "/send/ab/content")
    assert (status, body) == (200, b"")
    assert headers["X-Linked-Size"] == str(len(BYTES))
    assert headers["Content-Length"] == str(len(BYTES))


def test_static_files_are_kept_for_ever_when_their_name_holds_a_hash(front):
    _, hashed, body = front.ask("GET", "/static/app.0123456789ab.css")
    _, plain, _ = front.ask("GET", "/static/plain.css")
    assert body == b"body{}"
    assert "immutable" in hashed["Cache-Control"]
    assert plain["Cache-Control"] == "public, max-age=300"
    assert hashed["X-Content-Type-Options"] == "nosniff"


def test_static_files_end_at_their_folder(front):
    for path in ("/static/../secret", "/static/%2e%2e/secret", "/static/..%2fsecret"):
        assert b"not for anybody" not in front.ask("GET", path)[2]


def test_what_was_sent_is_counted_and_nothing_is_kept_of_who_asked(front):
    told = {"Authorization": "Bearer hf_secret", "Cookie": "sessionid=hf_secret"}
    asked = "/send/ab/content?signature=hf_secret"
    place = front.folder / "sent.log"
    before = len(lines_of(place))
    front.ask("GET", asked, told)
    front.ask("GET", asked, {**told, "Range": "bytes=3-9"})
    front.ask("GET", "/send/ab/absent", told)
    front.ask("GET", "/-bytes/hf_secret", told)
    front.ask("GET", "/static/plain.css", told)
    front.ask("GET", "/hf_secret", told)
    assert wait_until(lambda: len(lines_of(place)) >= before + 3, seconds=PATIENCE)
    found = [json.loads(line) for line in lines_of(place)[before:]]
    assert sorted((one["served"], one["status"], one["size"]) for one in found) == [
        ("17.4", 200, len(BYTES)), ("17.4", 206, 7), ("17.4", 404, 0)
    ]  # fmt: skip
    for secret in ("hf_secret", "127.0.0.1", "content", "ookie", "uthorization"):
        assert secret not in place.read_text()
    assert place.stat().st_mode & 0o777 == 0o600


def lines_of(place: Path) -> list[str]:
    return place.read_text().splitlines()


def test_an_absent_application_is_said_with_a_time_to_come_back(tmp_path, upstream):
    (nobody,) = free_ports(1)
    front = Front(tmp_path, nobody, streams=upstream)
    try:

        def speaks() -> bool:
            try:
                return front.ask("GET", "/")[0] > 0
            except OSError:
                return False

        assert wait_until(speaks, seconds=PATIENCE)
        status, headers, body = front.ask("GET", "/")
        to_clients = front.ask("HEAD", "/hf/acme/m/resolve/main/config.json")
        streamed, _, _ = front.ask("GET", "/-bytes/abc")
        front.ask("GET", "/?signature=hf_secret", {"Authorization": "Bearer hf_secret"})
    finally:
        front.process.terminate()
        front.process.wait(timeout=PATIENCE)
    assert status == 502
    assert headers["Content-Type"] == "application/problem+json"
    assert headers["Retry-After"] == "2"
    assert json.loads(body)["code"] == "web_unavailable"
    assert (to_clients[0], to_clients[1]["X-Error-Code"]) == (503, "Unavailable")
    assert "hf_secret" not in (tmp_path / "log").read_text()
    assert streamed == 200  # who has a ticket needs no web process
