"""Every way to send bytes, by the programs of `make up` over real sockets."""

from __future__ import annotations

import socket
import time
from pathlib import Path
from urllib.parse import quote

import psutil
import pytest

from config.yard.services import wait_until
from core.storage import FileContentStore, content_key
from hub import tickets
from hub.services import note_what_was_sent
from hub.tickets import Ticket
from registry.models import Served
from tests.factories.registry import ApiKeyFactory
from tests.hub.conftest import FILES, make_version
from tests.services.sending import PATIENCE, Sending

pytestmark = pytest.mark.services
LARGE = "large.bin"
WHOLE = len(FILES["model.safetensors"])
BYTES = bytes(range(251)) * 80_000  # 20 MB: more than all buffers on the way


class Yard:
    """Programs that send in one way, and what is in their store."""

    def __init__(self, folder: Path, way: str, *, programs: type[Sending] = Sending) -> None:
        self.way = way
        self.programs = programs(folder, BYTES_BY=way)
        self.store = FileContentStore(self.programs.store)
        self.store.prepare()

    def fill(self):
        self.version = make_version(self.store, files={**FILES, LARGE: BYTES})
        self.key = ApiKeyFactory(user__tier="professional")
        return self

    def path(self, name: str) -> str:
        return f"/hf/{self.version.model.repo_id}/resolve/main/{quote(name)}"

    def ask(self, name: str, *, method: str = "GET", **headers: str):
        told = {key.replace("_", "-"): value for key, value in headers.items()}
        told |= {"Authorization": f"Bearer {self.key.token}", "Accept-Encoding": "gzip"}
        return self.programs.ask(method, self.path(name), told)

    def file(self, name: str):
        return self.version.files.get(path=name)

    def ticket(self, name: str = LARGE, **changed) -> str:
        file = self.file(name)
        told = {
            "sha256": file.sha256,
            "size": file.size,
            "etag": file.sha256,
            "name": name,
            "commit": self.version.commit,
            "served": "",
            "ends": int(time.time()) + 3600,
        }
        secret = self.programs.environ["SECRET_KEY"]
        return tickets.PREFIX + tickets.make(Ticket(**{**told, **changed}), secret=secret)

    def opened(self) -> int:
        """Descriptors of the processes that stream."""
        main = psutil.Process(self.programs.processes["streams"].pid)
        return sum(process.num_fds() for process in main.children(recursive=True))


def started(folder: Path, way: str):
    yard = Yard(folder, way)
    try:
        yard.programs.start()
        yield yard
    finally:
        yard.programs.stop()


@pytest.fixture(scope="module", params=["front", "streams", "app"])
def running(request, tmp_path_factory, django_db_setup, django_db_blocker):
    with django_db_blocker.unblock():
        yield from started(tmp_path_factory.mktemp(request.param), request.param)


@pytest.fixture
def yard(running, transactional_db):
    return running.fill()


def test_every_file_and_part_arrives_as_it_is(yard):
    """In one test: what is in the database goes with a test, and the programs stay."""
    for name, content in {**FILES, LARGE: BYTES}.items():
        check_whole(yard, name, content)
    check_part(yard, "bytes=0-0", 0, 1)
    check_part(yard, "bytes=100-", 100, WHOLE)
    check_part(yard, "bytes=-7", WHOLE - 7, WHOLE)
    check_part(yard, "bytes=5-99999999", 5, WHOLE)
    check_refused_parts(yard)
    check_conditions(yard)


def check_whole(yard, name, content):
    reply = yard.ask(name)
    file = yard.file(name)
    etag = f'"{file.sha256 if file.is_lfs else file.git_oid}"'
    assert (reply.status, reply.body == content) == (200, True), name
    head = yard.ask(name, method="HEAD")
    assert (head.status, head.body) == (200, b"")
    for answer in (reply, head):
        assert answer.headers.get_all("ETag") == [etag]
        assert answer.headers.get_all("X-Linked-ETag") == [etag]
        assert answer.headers.get_all("X-Linked-Size") == [str(len(content))]
        assert answer.headers.get_all("Content-Length") == [str(len(content))]
        assert answer.headers.get_all("X-Repo-Commit") == [yard.version.commit]
        assert answer.headers.get_all("Accept-Ranges") == ["bytes"]
        assert answer.headers.get_all("Content-Type") == ["application/octet-stream"]
        (disposition,) = answer.headers.get_all("Content-Disposition")
        assert disposition.startswith("attachment;")
        assert len(answer.headers.get_all("X-Request-Id")) == 1
        assert "sandbox" in answer.headers["Content-Security-Policy"]
        assert answer.headers["Content-Encoding"] is None
        assert answer.headers["X-Accel-Redirect"] is None
        assert answer.headers["X-Served"] is None
        assert not [key for key in answer.headers if "xet" in key.lower()]


def check_part(yard, asked, start, end):
    reply = yard.ask("model.safetensors", Range=asked)
    assert (reply.status, reply.body == FILES["model.safetensors"][start:end]) == (206, True), asked
    assert reply.headers["Content-Range"] == f"bytes {start}-{end - 1}/{WHOLE}"
    assert reply.headers["Content-Length"] == str(end - start)
    assert reply.headers["X-Repo-Commit"] == yard.version.commit


def check_refused_parts(yard):
    for name, asked in (("model.safetensors", "bytes=10240-"), ("empty.txt", "bytes=0-")):
        reply = yard.ask(name, Range=asked)
        assert (reply.status, reply.body) == (416, b"")
        assert reply.headers["Content-Range"] == f"bytes */{len(FILES[name])}"
        assert reply.headers["X-Repo-Commit"] == yard.version.commit


def check_conditions(yard):
    name, content = "model.safetensors", FILES["model.safetensors"]
    etag = f'"{yard.file(name).sha256}"'
    assert yard.ask(name, Range="bytes=1-2", If_Range=etag).body == content[1:3]
    other = yard.ask(name, Range="bytes=1-2", If_Range='"other"')
    assert (other.status, other.body == content) == (200, True)
    assert yard.ask(name, If_None_Match=etag).status == 304
    future = "Fri, 01 Jan 2100 00:00:00 GMT"
    assert yard.ask(name, If_Modified_Since=future).body == content


def test_the_trail_learns_how_much_was_taken(yard, settings):
    """By the front or the streams process; a web worker counts nothing."""
    settings.SENT_LOG = yard.programs.places.state / "caddy" / "sent.log"
    yard.ask(LARGE)
    yard.ask("model.safetensors", Range="bytes=5-14")
    key = f"Authorization: Bearer {yard.key.token}\r\n"
    with reader(yard.programs.port, yard.path(LARGE), key) as connection:
        assert connection.recv(1 << 10)
    rows = Served.objects.order_by("id")
    assert [row.length for row in rows] == [len(BYTES), 10, len(BYTES)]
    if yard.way == "app":
        assert note_what_was_sent() == 0
        return

    def noted() -> bool:
        note_what_was_sent()
        return not rows.filter(sent=None).exists()

    assert wait_until(noted, seconds=PATIENCE)
    whole, part, broken = [row.sent for row in rows.all()]
    assert (whole, part) == (len(BYTES), 10)
    assert 0 < broken < len(BYTES)


def test_what_the_store_lost_is_a_fault_that_passes(yard):
    """Also where it is lost between the decision and the first byte."""
    yard.store.delete(yard.file("config.json").sha256)
    for path, headers in (
        (yard.path("config.json"), {"Authorization": f"Bearer {yard.key.token}"}),
        (yard.ticket("config.json"), {}),
    ):
        reply = yard.programs.ask("GET", path, headers)
        assert (reply.status, reply.headers["X-Error-Code"]) == (503, "Unavailable")
        assert reply.headers["Content-Type"] == "application/json"


def test_a_ticket_is_good_for_its_content_alone_and_is_no_login(yard):
    reply = yard.programs.ask("GET", yard.ticket(), {"Range": "bytes=7-"})
    assert (reply.status, reply.body == BYTES[7:]) == (206, True)
    assert reply.headers["X-Repo-Commit"] == yard.version.commit
    head = yard.programs.ask("HEAD", yard.ticket())
    assert (head.status, head.headers["Content-Length"], head.body) == (200, str(len(BYTES)), b"")
    word = yard.ticket()
    refused = {
        "altered": word[:-4] + "AAAA",
        "over": yard.ticket(ends=int(time.time()) - 1),
        "none": "/-bytes/",
        "deeper": f"{word}/x",
    }
    for what, path in refused.items():
        reply = yard.programs.ask("GET", path, {"Authorization": f"Bearer {yard.key.token}"})
        assert (reply.status, reply.headers["X-Error-Code"]) == (403, "BadTicket"), what
        assert BYTES[:100] not in reply.body
    assert yard.programs.ask("POST", word).status == 405
    bearer = {"Authorization": f"Bearer {word.rpartition('/')[2]}"}
    assert yard.programs.ask("GET", yard.path("config.json"), bearer).status == 401


def test_a_content_of_another_size_than_signed_sends_nothing(yard):
    reply = yard.programs.ask("GET", yard.ticket(size=len(BYTES) - 1))
    assert (reply.status, reply.headers["X-Error-Code"]) == (503, "Unavailable")
    assert len(reply.body) < 200


def test_a_client_that_goes_leaves_no_open_file(yard):
    before = yard.opened()
    readers = [reader(yard.programs.port, yard.ticket()) for _ in range(20)]
    assert wait_until(lambda: yard.opened() >= before + 20, seconds=PATIENCE)
    for one in readers:
        one.close()
    assert wait_until(lambda: yard.opened() <= before + 2, seconds=PATIENCE)


def test_a_content_that_shrinks_while_it_is_sent_is_broken_off(yard):
    sha256 = yard.file(LARGE).sha256
    place = yard.programs.store / content_key(sha256)
    with reader(yard.programs.port, yard.ticket()) as connection:
        got = connection.recv(1 << 10)
        place.chmod(0o600)
        with place.open("r+b") as file:
            file.truncate(len(BYTES) - 1)
        while part := connection.recv(1 << 20):
            got += part
    head, _, body = got.partition(b"\r\n\r\n")
    assert f"content-length: {len(BYTES)}" in head.decode().lower()
    assert len(body) < len(BYTES)
    assert body == BYTES[: len(body)]


def reader(port: int, path: str, told: str = "") -> socket.socket:
    """A client that asked and reads nothing; what may wait for it here is little."""
    connection = socket.socket()
    connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 12)
    connection.settimeout(PATIENCE)
    connection.connect(("127.0.0.1", port))
    connection.sendall(f"GET {path} HTTP/1.1\r\nHost: localhost\r\n{told}\r\n".encode())
    return connection
