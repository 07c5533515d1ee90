"""Headers and ranges over a real socket, and who sends the bytes."""

from __future__ import annotations

import http.client
from urllib.parse import quote, urlsplit

import pytest
from django.core.checks import run_checks
from django.utils import timezone

from core.storage import content_key
from core.storage.configured import content_store
from hub import sending, tickets
from registry.models import Served
from registry.served import ServedId
from tests.hub.conftest import FILES

WEIGHTS = FILES["model.safetensors"]


@pytest.fixture
def wire(live_server, version, key):
    """Send one request over a socket of its own; give status, headers and body."""

    def send(path, *, method="GET", **headers):
        connection = http.client.HTTPConnection(urlsplit(live_server.url).netloc, timeout=30)
        headers = {"Authorization": f"Bearer {key.token}", "Accept-Encoding": "gzip", **headers}
        address = f"/hf/{version.model.repo_id}/resolve/main/{quote(path)}"
        connection.request(
            method, address, headers={k.replace("_", "-"): v for k, v in headers.items()}
        )
        response = connection.getresponse()
        body = response.read()
        connection.close()
        return response.status, response.headers, body

    return send


@pytest.mark.parametrize("path", FILES)
def test_every_file_arrives_as_it_is(wire, version, path):
    status, headers, body = wire(path)
    file = version.files.get(path=path)
    assert (status, body) == (200, FILES[path])
    assert headers["X-Repo-Commit"] == version.commit
    assert headers["ETag"] == f'"{file.sha256 if file.is_lfs else file.git_oid}"'
    assert headers["X-Linked-ETag"] == headers["ETag"]
    assert headers["X-Linked-Size"] == headers["Content-Length"] == str(len(FILES[path]))
    assert headers["Accept-Ranges"] == "bytes"
    assert headers["Content-Disposition"].startswith("attachment;")
    assert "sandbox" in headers["Content-Security-Policy"]
    assert headers["Content-Encoding"] is None
    assert not [name for name in headers if "xet" in name.lower()]
    assert headers["Link"] is None


def test_a_head_names_the_size_and_never_touches_the_store(wire, version, store):
    store.delete(version.files.get(path="model.safetensors").sha256)
    status, headers, body = wire("model.safetensors", method="HEAD", Range="bytes=0-1")
    assert (status, body) == (200, b"")
    assert headers["Content-Length"] == str(len(WEIGHTS))
    assert headers["Accept-Ranges"] == "bytes"


@pytest.mark.parametrize(
    ("asked", "start", "end"),
    [
        ("bytes=0-0", 0, 1),
        ("bytes=100-", 100, None),
        ("bytes=-7", -7, None),
        ("bytes=5-99999", 5, None),
    ],
)
def test_a_range_is_a_part_of_the_file(wire, version, asked, start, end):
    status, headers, body = wire("model.safetensors", Range=asked)
    expected = WEIGHTS[start:end]
    first = start % len(WEIGHTS)
    assert (status, body) == (206, expected)
    assert headers["Content-Range"] == f"bytes {first}-{first + len(expected) - 1}/{len(WEIGHTS)}"
    assert headers["Content-Length"] == str(len(expected))
    assert headers["X-Repo-Commit"] == version.commit


@pytest.mark.parametrize(
    ("path", "asked"), [("model.safetensors", "bytes=10240-"), ("empty.txt", "bytes=0-")]
)
def test_a_range_behind_the_end_is_416(wire, version, path, asked):
    status, headers, body = wire(path, Range=asked)
    assert (status, body) == (416, b"")
    assert headers["Content-Range"] == f"bytes */{len(FILES[path])}"
    assert headers["X-Repo-Commit"] == version.commit


def test_a_range_of_another_file_gets_the_whole(wire, version):
    etag = version.files.get(path="model.safetensors").sha256
    assert wire("model.safetensors", Range="bytes=1-2", If_Range=f'"{etag}"')[0] == 206
    status, _, body = wire("model.safetensors", Range="bytes=1-2", If_Range='"other"')
    assert (status, body) == (200, WEIGHTS)


def test_a_copy_that_is_current_is_not_sent_again(wire, version):
    etag = f'"{version.files.get(path="config.json").git_oid}"'
    status, headers, body = wire("config.json", If_None_Match=etag)
    assert (status, body) == (304, b"")
    assert headers["ETag"] == etag
    assert headers["X-Repo-Commit"] == version.commit


def test_a_missing_file_names_the_commit(wire, version):
    for method in ("HEAD", "GET"):
        status, headers, _ = wire("nothing.json", method=method)
        assert (status, headers["X-Error-Code"]) == (404, "EntryNotFound")
        assert headers["X-Repo-Commit"] == version.commit


@pytest.mark.parametrize("fault", ["missing", "short"])
def test_bytes_that_the_store_lost_are_a_fault_and_no_missing_file(wire, version, store, fault):
    place = store.local_path(version.files.get(path="config.json").sha256)
    place.unlink()
    if fault == "short":
        place.write_bytes(b"{")
    status, headers, body = wire("config.json")
    assert (status, headers["X-Error-Code"]) == (503, "Unavailable")
    assert str(place).encode() not in body


def test_the_front_is_told_where_the_bytes_are(ask, key, version, settings):
    settings.BYTES_BY = "front"
    path = f"/{version.model.repo_id}/resolve/main/model.safetensors"
    response = ask(path, key=key, Range="bytes=1-2")
    sha256 = version.files.get(path="model.safetensors").sha256
    assert response.status_code == 200
    assert response["X-Accel-Redirect"] == f"/{content_key(sha256)}"
    row = Served.objects.get()
    assert response["X-Served"] == str(ServedId(row.at, row.pk))
    assert response["ETag"] == f'"{sha256}"'
    assert response.content == b""
    assert "X-Accel-Redirect" not in ask(path, key=key, method="HEAD")


@pytest.fixture
def s3(settings, monkeypatch):
    """A yard whose contents are in S3; signing an address needs no server."""
    settings.BYTES_BY = "object-store"
    settings.S3_ENDPOINT = "http://s3:9000"
    settings.S3_PUBLIC_ENDPOINT = "https://s3.example.org:9000"
    settings.S3_ACCESS_KEY, settings.S3_SECRET_KEY = "access", "secret"
    settings.MODEL_CACHE_SIZE = 0
    content_store.cache_clear()
    yield
    content_store.cache_clear()


def test_the_object_store_sends_the_bytes_from_its_public_address(ask, key, version, s3):
    path = f"/{version.model.repo_id}/resolve/main/weights/deep/part%201%2B%23%25.bin"
    response = ask(path, key=key)
    assert response.status_code == 302
    address = urlsplit(response["Location"])
    file = version.files.get(path="weights/deep/part 1+#%.bin")
    assert (address.scheme, address.netloc) == ("https", "s3.example.org:9000")
    assert address.path == f"/modelyard/{content_key(file.sha256)}"
    assert "X-Amz-Signature=" in address.query
    assert "X-Amz-Expires=21600" in address.query
    assert response["X-Repo-Commit"] == version.commit
    assert response["X-Linked-Size"] == str(file.size)
    assert response["X-Linked-ETag"] == f'"{file.git_oid}"'
    head = ask(path, key=key, method="HEAD")
    assert (head.status_code, head["Content-Length"]) == (200, str(file.size))


def test_an_object_store_of_our_host_name_is_never_named_to_a_client(
    ask, key, version, s3, settings, monkeypatch
):
    """It would be sent the key as well: the bytes are streamed instead."""
    settings.S3_PUBLIC_ENDPOINT = "https://testserver:9000"
    file = version.files.get(path="config.json")
    monkeypatch.setattr(content_store(), "stat", lambda sha256: file.size)
    response = ask(f"/{version.model.repo_id}/resolve/main/config.json", key=key)
    assert response.status_code == 200
    assert response["X-Accel-Redirect"].startswith("/-bytes/")
    assert "Location" not in response


def test_an_address_without_a_key_has_another_host_name(rf, version, settings):
    file = version.files.get(path="config.json")
    settings.BYTES_BY = "streams"
    settings.PUBLIC_URL, settings.ALLOWED_HOSTS = "https://yard.example.org", ["*"]
    asked = rf.get("/", headers={"Host": "yard.example.org:8443"})
    served = ServedId(timezone.now(), 1)
    for host, place in (
        ("bytes.example.org", "bytes.example.org:8443"),
        ("bytes.example.org:9", "bytes.example.org:9"),
    ):
        settings.BYTES_HOST = host
        address = urlsplit(sending.signed_address(asked, file, served=served))
        assert (address.scheme, address.netloc) == ("https", place)
        ticket = tickets.read(address.path.rpartition("/")[2], secret=settings.SECRET_KEY)
        assert (ticket.sha256, ticket.size) == (file.sha256, file.size)
        assert (ticket.etag, ticket.commit) == (file.git_oid, version.commit)
        assert ticket.served == str(served)
    for host in ("", "YARD.example.org", "yard.example.org:1"):
        settings.BYTES_HOST = host
        assert sending.signed_address(asked, file, served=served) is None


@pytest.mark.parametrize(
    ("given", "faults"),
    [
        ({}, []),
        ({"BYTES_BY": "object-store"}, ["hub.E001"]),
        ({"BYTES_BY": "object-store", "S3_ENDPOINT": "http://s3:1"}, ["hub.E001"]),
        (
            {
                "BYTES_BY": "object-store",
                "S3_ENDPOINT": "http://s3:1",
                "S3_PUBLIC_ENDPOINT": "https://yard.example.org:9000",
            },
            ["hub.E001"],
        ),
        (
            {
                "BYTES_BY": "object-store",
                "S3_ENDPOINT": "http://s3:1",
                "S3_PUBLIC_ENDPOINT": "https://s3.example.org",
            },
            [],
        ),
        ({"BYTES_HOST": "yard.example.org:8443"}, ["hub.E002"]),
        ({"BYTES_HOST": "bytes.example.org"}, []),
    ],
)
def test_settings_that_would_give_keys_away_or_nobody_an_address_end_the_start(
    settings, given, faults
):
    settings.PUBLIC_URL = "https://yard.example.org"
    settings.BYTES_HOST = ""
    for name, value in given.items():
        setattr(settings, name, value)
    assert [fault.id for fault in run_checks(tags=["yard"])] == faults


def test_the_store_is_the_one_of_the_settings(store, settings):
    assert content_store().root == settings.STORE_DIR


def test_a_client_that_goes_away_leaves_no_open_file(ask, key, version, monkeypatch):
    opened = []
    store = content_store()
    real = store.open
    monkeypatch.setattr(store, "open", lambda sha256: opened.append(real(sha256)) or opened[-1])
    response = ask(f"/{version.model.repo_id}/resolve/main/model.safetensors", key=key)
    assert not opened[0].closed
    for close in response._resource_closers:  # as the server does
        close()
    assert opened[0].closed
