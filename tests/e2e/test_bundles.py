"""A bundle is written by the yard's workers and fetched through its front, whole and in pieces."""

from __future__ import annotations

import hashlib
import tarfile

import pytest

from config.yard.services import wait_until
from tests.e2e.yard import Person
from tests.services.yard import PATIENCE
from tests.standins.repos import MINILM

SLUG = "sentence-transformers--all-minilm-l6-v2"
PIECE = 20 << 20


@pytest.fixture(scope="module")
def minilm(yard, cora):
    """The real model, admitted; another test of this yard may have brought it before."""
    given = {"provider_type": "hugging_face", "model_uri": MINILM}
    with yard.api(cora) as client:
        answer = client.post("/model-info/extract", json=given)
    assert answer.status_code in (200, 202), answer.text
    if workflow := answer.json()["workflow_id"]:
        assert yard.follow(cora, workflow)["state"] == "done"
    return SLUG


@pytest.fixture(scope="module")
def bundle(yard, cora: Person, minilm):
    """The document of a finished export of the model."""
    yard.manage("bundle", "keygen")
    document = {}

    def whole():
        document.update(client.get(place).raise_for_status().json())
        return document["state"] in ("done", "failed")

    with yard.api(cora) as client:
        answer = client.post("/api/v1/bundles", json={"models": [minilm]})
        assert answer.status_code == 202, answer.text
        place = answer.headers["Location"]
        assert wait_until(whole, seconds=PATIENCE), document
    assert document["state"] == "done"
    return document


def test_it_comes_whole_and_holds_the_bytes_of_the_model(yard, cora, bundle, upstream, tmp_path):
    path = tmp_path / "bundle.tar"
    with yard.api(cora) as client, client.stream("GET", bundle["download_url"]) as answer:
        assert answer.status_code == 200
        assert int(answer.headers["Content-Length"]) == bundle["size_bytes"]
        assert answer.headers["ETag"] == f'"{bundle["manifest_sha256"]}"'
        with path.open("wb") as file:
            for chunk in answer.iter_bytes():
                file.write(chunk)
    assert path.stat().st_size == bundle["size_bytes"]
    original = upstream.folder(MINILM) / "model.safetensors"
    expected = hashlib.sha256(original.read_bytes()).hexdigest()
    with tarfile.open(path) as archive:
        (weights,) = [name for name in archive.getnames() if expected in name]
        member = archive.extractfile(weights)
        assert hashlib.file_digest(member, "sha256").hexdigest() == expected
    key = tmp_path / "key.pem"
    key.write_text(yard.manage("bundle", "key"))
    yard.manage("bundle", "trust", str(key), "--name", "ourselves")
    told = yard.manage("bundle", "inspect", str(path))
    assert "All hashes hold." in told
    assert MINILM in told
    assert bundle["key_id"] in told


def test_a_fetch_that_broke_off_goes_on_where_it_was(yard, cora, bundle):
    etag = f'"{bundle["manifest_sha256"]}"'
    hashed, at = hashlib.sha256(), 0
    with yard.api(cora) as client:
        whole = hashlib.sha256(client.get(bundle["download_url"]).content).hexdigest()
        while at < bundle["size_bytes"]:
            asked = {"Range": f"bytes={at}-{at + PIECE - 1}", "If-Range": etag}
            answer = client.get(bundle["download_url"], headers=asked)
            assert answer.status_code == 206
            assert answer.headers["Content-Range"].startswith(f"bytes {at}-")
            hashed.update(answer.content)
            at += len(answer.content)
        beyond = {"Range": f"bytes={at}-"}
        assert client.get(bundle["download_url"], headers=beyond).status_code == 416
    assert hashed.hexdigest() == whole


def test_nobody_else_learns_of_it(yard, lena: Person, bundle):
    with yard.api(lena) as client:
        assert client.get(bundle["download_url"]).status_code == 404
    with yard.api(lena) as client:
        del client.headers["Authorization"]
        assert client.get(bundle["download_url"]).status_code == 401
