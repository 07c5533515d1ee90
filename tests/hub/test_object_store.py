"""Bytes from a real S3: by a redirect that clients follow, or through the streams process."""

from __future__ import annotations

from pathlib import Path
from urllib.parse import urlsplit

import httpx2
import huggingface_hub as hf
import pytest

from config.yard.services import wait_until
from core.storage.s3 import S3ContentStore
from registry.models import Served
from tests.factories.registry import ApiKeyFactory
from tests.hub.conftest import FILES, make_version
from tests.services.recorder import recording
from tests.services.seaweed import seaweed
from tests.services.sending import PATIENCE, Sending

__all__ = ["seaweed"]
pytestmark = [pytest.mark.services, pytest.mark.usefixtures("hub_client")]
BUCKET = "hub"
LARGE = "large.bin"
BYTES = bytes(range(251)) * 80_000  # 20 MB: more than all buffers on the way


class Yard:
    """A yard that people call localhost, its object store 127.0.0.1, and what reaches that."""

    def __init__(self, folder: Path, seaweed, inside, outside) -> None:
        self.inside, self.outside = inside, outside
        self.programs = Sending(
            folder,
            BYTES_BY="object-store",
            MINIO_ENDPOINT=inside.endpoint,
            MINIO_PUBLIC_ENDPOINT=outside.endpoint,
            MINIO_ACCESS_KEY=seaweed.access_key,
            MINIO_SECRET_KEY=seaweed.secret_key,
            MINIO_BUCKET=BUCKET,
            MODEL_CACHE_SIZE="1GB",
        )
        self.store = S3ContentStore(
            inside.endpoint,
            seaweed.access_key,
            seaweed.secret_key,
            BUCKET,
            public_endpoint=outside.endpoint,
        )
        self.store.prepare()

    def fill(self) -> Yard:
        self.version = make_version(self.store, files={**FILES, LARGE: BYTES})
        self.repo = self.version.model.repo_id
        self.key = ApiKeyFactory(user__tier="professional")
        self.inside.said(), self.outside.said()
        return self

    @property
    def endpoint(self) -> str:
        return f"http://localhost:{self.programs.port}/hf"

    @property
    def bearer(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self.key.token}"}

    def ask(self, name: str, **headers: str) -> httpx2.Response:
        address = f"{self.endpoint}/{self.repo}/resolve/main/{name}"
        return httpx2.get(address, headers={**self.bearer, **headers}, timeout=PATIENCE)

    def fetch(self, folder: Path, name: str = LARGE) -> bytes:
        path = hf.hf_hub_download(
            self.repo, name, endpoint=self.endpoint, token=self.key.token, cache_dir=folder
        )
        return Path(path).read_bytes()


@pytest.fixture(scope="module")
def running(tmp_path_factory, seaweed, django_db_setup, django_db_blocker):
    port = urlsplit(seaweed.endpoint).port
    with recording(port) as inside, recording(port) as outside, django_db_blocker.unblock():
        yard = Yard(tmp_path_factory.mktemp("s3"), seaweed, inside, outside)
        try:
            yard.programs.start()
            yield yard
        finally:
            yard.programs.stop()


@pytest.fixture
def yard(running, transactional_db):
    return running.fill()


def test_a_client_follows_to_the_object_store_and_keeps_its_key(yard, tmp_path):
    folder = Path(
        hf.snapshot_download(
            yard.repo, endpoint=yard.endpoint, token=yard.key.token, cache_dir=tmp_path
        )
    )
    found = {str(p.relative_to(folder)): p.read_bytes() for p in folder.rglob("*") if p.is_file()}
    assert found == {**FILES, LARGE: BYTES}
    said = yard.outside.said()
    assert said.count(b"GET /hub/sha256/") == len([one for one in found.values() if one])
    assert b"authorization" not in said.lower()
    assert yard.key.token.encode() not in said
    assert b"GET /hub/sha256/" not in yard.inside.said(), "the yard itself sent bytes"
    rows = Served.objects.filter(path=LARGE)
    assert [(row.length, row.sent) for row in rows] == [(len(BYTES), None)]


def test_a_client_goes_on_where_the_object_store_broke_off(yard, tmp_path):
    yard.outside.cuts.append(len(BYTES) * 3 // 4)  # the client keeps what came in pieces of 10 MB
    assert yard.fetch(tmp_path) == BYTES
    said = yard.outside.said().lower()
    assert yard.outside.cuts == []
    assert said.count(b"get /hub/sha256/") == 2
    assert b"\r\nrange: bytes=10485760-\r\n" in said
    assert b"authorization" not in said


def test_a_part_is_a_part_and_one_behind_the_end_is_none(yard):
    answer = yard.ask(LARGE, Range="bytes=7-99")
    assert (answer.status_code, answer.headers["X-Repo-Commit"]) == (302, yard.version.commit)
    assert urlsplit(answer.headers["Location"]).hostname == "127.0.0.1"
    address = answer.headers["Location"]
    part = httpx2.get(address, headers={"Range": "bytes=7-99"})
    assert (part.status_code, part.content) == (206, BYTES[7:100])
    assert part.headers["Content-Range"] == f"bytes 7-99/{len(BYTES)}"
    assert part.headers["Content-Disposition"].endswith(f"''{LARGE}")
    behind = {"Range": f"bytes={len(BYTES)}-"}
    answer = yard.ask(LARGE, **behind)
    assert (answer.status_code, answer.headers["Content-Range"]) == (416, f"bytes */{len(BYTES)}")
    assert httpx2.get(address, headers=behind).status_code == 416


def test_an_address_is_good_for_its_content_and_its_time_alone(yard):
    address = yard.ask(LARGE).headers["Location"]
    assert httpx2.get(address.replace("Expires=21600", "Expires=21601")).status_code == 403
    other = yard.version.files.get(path="model.safetensors").sha256
    mine = yard.version.files.get(path=LARGE).sha256
    assert mine in address
    place = content_place(mine)
    assert httpx2.get(address.replace(place, content_place(other))).status_code == 403
    assert httpx2.put(address, content=b"other").status_code == 403
    over = yard.store.url(mine, expires=1, filename=LARGE)
    assert wait_until(lambda: httpx2.get(over).status_code == 403, seconds=PATIENCE)
    assert httpx2.get(address, headers={"Range": "bytes=0-0"}).status_code == 206


def content_place(sha256: str) -> str:
    return f"/sha256/{sha256[:2]}/{sha256[2:4]}/{sha256}"


def test_by_the_name_of_the_object_store_itself_the_yard_sends_the_bytes(yard):
    """Clients would send their key to it: it is never named, and the streams process reads it."""
    path = f"/hf/{yard.repo}/resolve/main/{LARGE}"
    part = yard.programs.ask("GET", path, {**yard.bearer, "Range": "bytes=5-9"})
    assert (part.status, part.body) == (206, BYTES[5:10])
    assert b"range: bytes=5-9" in yard.inside.said().lower()
    for reads in (1, 0):  # the first whole one leaves a copy on the disk of the yard
        reply = yard.programs.ask("GET", path, yard.bearer)
        assert (reply.status, reply.body == BYTES) == (200, True)
        assert yard.inside.said().count(b"GET /hub/sha256/") == reads
    assert yard.outside.said() == b""


def test_what_the_object_store_lost_is_a_fault_that_passes(yard):
    yard.store.delete(yard.version.files.get(path="config.json").sha256)
    path = f"/hf/{yard.repo}/resolve/main/config.json"
    reply = yard.programs.ask("GET", path, yard.bearer)
    assert (reply.status, reply.headers["X-Error-Code"]) == (503, "Unavailable")
