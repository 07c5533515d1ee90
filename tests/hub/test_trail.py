"""What is noted of bytes: before they leave, without waiting for anybody else's events."""

from __future__ import annotations

import pytest
from django.db import connection, connections

from registry import audit
from registry.models import Download, Served
from tests.hub.conftest import FILES

pytestmark = pytest.mark.django_db


@pytest.fixture
def chain_is_taken(db):
    """Another connection holds the lock that every writer of the chain waits for."""
    other = connections.create_connection("default")
    try:
        with other.cursor() as cursor, connection.cursor() as mine:
            cursor.execute("SELECT pg_advisory_lock(%s)", [audit._LOCK])
            mine.execute("SET LOCAL lock_timeout = '60s'")  # to fail instead of hanging
            yield
            cursor.execute("SELECT pg_advisory_unlock(%s)", [audit._LOCK])
    finally:
        other.close()


def test_a_download_does_not_wait_for_the_chain(ask, key, version, chain_is_taken):
    path = f"/{version.model.repo_id}/resolve/main/model.safetensors"
    for start in range(0, 4000, 500):
        part = ask(path, key=key, Range=f"bytes={start}-{start + 499}")
        assert b"".join(part) == FILES["model.safetensors"][start : start + 500]
    parts = Served.objects.order_by("start").values_list("start", "length")
    assert list(parts) == [(start, 500) for start in range(0, 4000, 500)]
    assert Download.objects.get().files == 1


def test_without_the_row_there_is_no_byte(ask, key, version, monkeypatch):
    def fails(**values):
        raise RuntimeError("no row")

    monkeypatch.setattr("hub.trail.note_served", fails)
    with pytest.raises(RuntimeError):
        ask(f"/{version.model.repo_id}/resolve/main/empty.txt", key=key)


def test_a_part_leaves_what_is_known_of_a_person_as_it_is(ask, key, version):
    path = f"/{version.model.repo_id}/resolve/main/config.json"
    b"".join(ask(path, key=key, Range="bytes=2-"))
    before = Download.objects.values().get()
    b"".join(ask(path, key=key, Range="bytes=4-"))
    assert Download.objects.values().get() == before
    assert before["files"] == 0
