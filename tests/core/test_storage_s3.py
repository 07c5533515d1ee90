"""The content store on a real S3: signed addresses, refusals, an S3 that is away."""

from __future__ import annotations

from datetime import timedelta

import httpx2
import pytest

from core.errors import (
    IntegrityError,
    InvalidInputError,
    NotFoundError,
    StorageError,
    StorageFullError,
)
from core.storage import S3ContentStore
from core.storage.faults import s3_faults
from tests.core.contents import ABSENT, data, random_bytes, staged
from tests.services.ports import free_ports

__all__ = ["data"]


@pytest.mark.services
def test_a_signed_address_gives_the_bytes_and_the_name_without_a_key(seaweed, data, tmp_path):
    store = seaweed.store("contents")
    store.prepare()
    path, sha256, size = staged(tmp_path / "staging", data)
    store.put(path, sha256, size)
    url = store.url(sha256, expires=60, filename='mödel "1".bin')
    assert store.local_path(sha256) is None
    answer = httpx2.get(url)
    assert answer.status_code == 200
    assert answer.content == data
    assert answer.headers["content-disposition"].endswith("''m%C3%B6del%20%221%22.bin")
    assert httpx2.get(url.split("?")[0]).status_code == 403


@pytest.mark.services
@pytest.mark.parametrize("size", [1 << 20, 20 << 20])
def test_s3_refuses_bytes_that_are_not_what_their_hash_says(seaweed, size, tmp_path):
    store = seaweed.store("contents")
    store.prepare()
    path, _, _ = staged(tmp_path / "staging", random_bytes(size, "liar"))
    with pytest.raises(IntegrityError):
        store.put(path, ABSENT, size)
    assert not store.exists(ABSENT)
    assert path.exists()
    assert store.clear_leftovers(older_than=timedelta(0)).count == 0


@pytest.mark.services
def test_a_wrong_secret_says_so_and_never_shows_it(seaweed):
    store = seaweed.store("contents", secret_key="not-the-secret")
    for ask in (store.check, store.prepare, lambda: store.stat(ABSENT), lambda: store.open(ABSENT)):
        with pytest.raises(StorageError, match="refuses the access key") as caught:
            ask()
        assert "not-the-secret" not in str(caught.value)
    assert "not-the-secret" not in repr(vars(store))


def test_an_object_store_that_is_away_is_a_storage_error(tmp_path, data):
    store = S3ContentStore(f"http://127.0.0.1:{free_ports(1)[0]}", "k", "s", "contents")
    path, sha256, size = staged(tmp_path, data)
    for ask in (store.check, lambda: store.exists(sha256), lambda: store.put(path, sha256, size)):
        with pytest.raises(StorageError, match="does not answer"):
            ask()
    assert path.exists()
    with pytest.raises(StorageError, match="Not an address"):
        S3ContentStore("nowhere", "k", "s", "contents").check()


@pytest.mark.parametrize(
    ("code", "error"),
    [
        ("NoSuchKey", NotFoundError),
        ("NoSuchBucket", StorageError),
        ("InvalidRange", InvalidInputError),
        ("QuotaExceeded", StorageFullError),
        ("BadDigest", IntegrityError),
        ("SlowDown", StorageError),
    ],
)
def test_every_answer_of_s3_has_one_error_with_a_message(code, error):
    from botocore.exceptions import ClientError  # noqa: PLC0415

    with pytest.raises(error) as caught, s3_faults("Content x", bucket="b", endpoint="http://e"):
        raise ClientError({"Error": {"Code": code, "Message": "m"}}, "GetObject")
    assert type(caught.value) is error
    assert "{" not in str(caught.value)
