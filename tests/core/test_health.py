from __future__ import annotations

import socket
from threading import Thread

import pytest
import redis
from django.db import OperationalError, connection
from django.db.migrations.executor import MigrationExecutor
from django.db.migrations.recorder import MigrationRecorder

from core import health, heartbeats
from core.health import Part
from core.storage.configured import content_store
from tests.services.ports import free_port


@pytest.fixture
def store(settings, tmp_path):
    settings.STORE_DIR = tmp_path / "store"
    content_store.cache_clear()
    content_store().prepare()
    yield content_store()
    content_store.cache_clear()


@pytest.fixture
def no_broker(settings):
    """A broker at a port where nobody listens."""
    settings.CELERY_BROKER_URL = f"redis://127.0.0.1:{free_port()}/0"


@pytest.fixture(autouse=True)
def own_heartbeats(settings):
    """Keys of this test alone."""
    settings.APP_NAME = "health-test"
    yield
    for kind in ("worker", "beat"):
        try:
            heartbeats.broker().delete(f"health-test:heartbeats:{kind}")
        except redis.RedisError:
            return


def test_the_process_answers_without_asking_anybody(client, no_broker):
    response = client.get("/health")  # no database fixture: a query would be an error here
    assert (response.status_code, response.json()) == (200, {"status": "ok"})
    assert client.head("/health").status_code == 200


def test_ready_means_that_all_that_is_needed_answers(client, db, store):
    response = client.get("/ready")
    assert response.status_code == 200
    assert response.json()["checks"] == dict.fromkeys(health.NEEDED, "healthy")


def test_a_broker_that_is_away_is_named(client, db, store, no_broker):
    response = client.get("/ready")
    assert response.status_code == 503
    assert set(response.json()["missing"]) == {"broker"}


def test_a_store_that_is_away_is_named_without_its_place(client, db, store, settings, tmp_path):
    settings.STORE_DIR = tmp_path / "never-made"
    content_store.cache_clear()
    response = client.get("/ready")
    assert response.status_code == 503
    assert set(response.json()["missing"]) == {"storage"}
    assert str(tmp_path) not in response.content.decode()


def test_a_migration_that_is_not_applied_is_named(client, db, store):
    graph = MigrationExecutor(connection).loader.graph
    (leaf,) = graph.leaf_nodes("registry")
    MigrationRecorder(connection).record_unapplied(*leaf)
    assert health.migrations().facts == {"missing": [".".join(leaf)]}
    assert set(client.get("/ready").json()["missing"]) == {"migrations"}


def test_a_database_that_is_away_is_named(client, db, store, monkeypatch):
    def away(*args, **kwargs):
        raise OperationalError("connection refused")

    with monkeypatch.context() as patch:
        patch.setattr(connection, "cursor", away)
        missing = client.get("/ready").json()["missing"]
    assert set(missing) == {"database", "migrations"}


def test_workers_are_known_by_the_queues_they_take(settings):
    heartbeats.note("worker", "one@yard", queues=["intake", "scanning"])
    parts = {part.name: part for part in health.workers()}
    assert parts["queue intake"].state == "ok"
    assert parts["queue intake"].facts["workers"] == ["one@yard"]
    assert parts["queue downloads"].state == "bad"


def test_a_worker_that_fell_silent_is_gone(monkeypatch):
    heartbeats.note("worker", "one@yard", queues=["intake"])
    monkeypatch.setattr(heartbeats, "FRESH", -1.0)
    assert all(part.state == "bad" for part in health.workers())
    monkeypatch.setattr(heartbeats, "FORGET", -1.0)
    assert heartbeats.noted("worker") == {}
    monkeypatch.undo()
    assert heartbeats.noted("worker") == {}  # forgotten for good


def test_beat_is_known_by_its_last_sweep(monkeypatch):
    assert health.beat().state == "warn"
    heartbeats.note("beat", "sweep")
    assert health.beat().state == "ok"
    monkeypatch.setattr("core.heartbeats.time.time", lambda: 4e9)
    assert health.beat().state == "bad"  # however long ago


def test_without_a_broker_nobody_can_say(no_broker):
    assert [part.state for part in health.workers()] == ["bad"]
    assert health.beat().state == "bad"
    heartbeats.note("worker", "one@yard", queues=[])  # is survived


def test_aria2_is_asked_with_its_secret(settings):
    assert health.aria2().state == "idle"
    for answer, state in (
        (b'{"result": {"version": "1.36.0"}}', "ok"),
        (b'{"error": {}}', "bad"),
        (b"no", "bad"),
    ):
        with socket.create_server(("127.0.0.1", 0)) as server:
            settings.ARIA2_RPC_URL = f"http://127.0.0.1:{server.getsockname()[1]}/jsonrpc"
            settings.ARIA2_RPC_SECRET = "of-aria2"
            thread = Thread(target=answer_once, args=(server, answer))
            thread.start()
            assert health.aria2().state == state
            thread.join()
    assert health.aria2().state == "bad"  # nobody listens any more


def answer_once(server, body):
    peer, _ = server.accept()
    with peer:
        said = peer.recv(65536)
        while b"token:of-aria2" not in said:
            said += peer.recv(65536)
        head = f"HTTP/1.1 200 OK\r\nContent-Length: {len(body)}\r\nConnection: close\r\n\r\n"
        peer.sendall(head.encode() + body)


def test_a_check_that_breaks_is_not_healthy(monkeypatch):
    def broken():
        raise RuntimeError("a bug")

    monkeypatch.setitem(health._more, "broken", broken)
    (part,) = health.added("broken")
    assert part.state == "bad"
    assert "bug" not in part.text
    assert health.added("unknown") == []


@pytest.mark.parametrize(
    ("parts", "status"),
    [
        ([Part("database", "ok"), Part("aria2", "idle")], "healthy"),
        ([Part("database", "ok"), Part("aria2", "bad")], "degraded"),
        ([Part("database", "ok"), Part("beat", "warn")], "degraded"),
        ([Part("storage", "bad"), Part("beat", "ok")], "unavailable"),
    ],
)
def test_the_sum_is_as_bad_as_what_is_needed(parts, status):
    assert health.overall(parts) == status


def test_pages_get_an_answer_that_is_a_few_seconds_old(
    db, store, monkeypatch, django_assert_num_queries
):
    monkeypatch.setattr(health, "_recent", None)
    first = health.parts()
    with django_assert_num_queries(0):
        assert health.parts() == first
