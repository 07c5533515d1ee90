"""What llama.cpp's `-hf` sends: refs, one page of the tree, HEAD and GET of paths as they are."""

from __future__ import annotations

import json
import re
import socket

import pytest

from tests.clients.repositories import ODD, SHARDED
from tests.standins.repos import MINILM

# What no request line can hold unencoded.
UNSENDABLE = re.compile(r"[ #%]")
PLAIN = [path for path in ODD if not UNSENDABLE.search(path)]


@pytest.fixture
def send(world):
    """Send a request line to the letter; give status, headers and body."""

    def exchange(method, path, *lines):
        told = [f"{method} /hf{path} HTTP/1.1", f"Host: localhost:{world.yard.running.port}"]
        told += [f"Authorization: Bearer {world.cora.key}", "Connection: close", *lines]
        with socket.create_connection(("127.0.0.1", world.yard.running.port)) as connection:
            connection.sendall("\r\n".join([*told, "", ""]).encode())
            with connection.makefile("rb") as answer:
                head, _, body = answer.read().partition(b"\r\n\r\n")
        first, *rest = head.decode().split("\r\n")
        headers = {k.lower(): v.strip() for k, _, v in (line.partition(":") for line in rest)}
        return int(first.split()[1]), headers, body

    return exchange


def commit_of(send, repo):
    refs = json.loads(send("GET", f"/api/models/{repo}/refs")[2])
    return next(one["targetCommit"] for one in refs["branches"] if one["name"] == "main")


@pytest.mark.parametrize("path", ["config.json", *PLAIN])
def test_a_file_is_listed_measured_and_fetched_in_parts(world, send, path):
    commit, data = commit_of(send, SHARDED), world.files(SHARDED)[path]
    listed = json.loads(send("GET", f"/api/models/{SHARDED}/tree/{commit}?recursive=true")[2])
    assert path in [one["path"] for one in listed if one["type"] == "file"]
    address = f"/{SHARDED}/resolve/{commit}/{path}"
    status, headers, body = send("HEAD", address)
    assert (status, body) == (200, b"")
    assert headers["accept-ranges"] == "bytes"
    assert headers["content-length"] == str(len(data))
    status, headers, body = send("GET", address, "Range: bytes=4-")
    assert (status, body) == (206, data[4:])
    assert headers["content-range"] == f"bytes 4-{len(data) - 1}/{len(data)}"


def test_the_etag_stays_the_same_for_each_request(send):
    address = f"/{MINILM}/resolve/{commit_of(send, MINILM)}/model.safetensors"
    etags = {send(method, address, "Range: bytes=0-0")[1]["etag"] for method in ("HEAD", "GET")}
    assert len(etags) == 1
