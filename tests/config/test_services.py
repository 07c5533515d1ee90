"""The services of the tests are the ones the yard starts: these tests run on them."""

from __future__ import annotations

import os
import signal
import subprocess

import psycopg
import pytest
from django.core.cache import cache
from django.db import connection

from config.yard import services
from config.yard.places import YardError
from config.yard.services import Postgres, wait_until


@pytest.mark.django_db
def test_the_tests_run_on_postgresql():
    assert connection.vendor == "postgresql"


def test_the_role_of_the_yard_is_no_superuser():
    with psycopg.connect(os.environ["DATABASE_URL"]) as database:
        row = database.execute("select rolsuper from pg_roles where rolname = current_user")
        assert row.fetchone() == (False,)


def test_valkey_keeps_what_the_cache_is_given():
    cache.set("yard", "kept", timeout=60)
    assert cache.get("yard") == "kept"


def test_a_cluster_half_made_by_an_interrupted_start_is_made_again(tmp_path):
    cluster = Postgres(data=tmp_path / "data", sockets=tmp_path, durable=False)
    cluster.unfinished.touch()
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "PG_VERSION").write_text("18")
    cluster.make()
    assert (tmp_path / "data" / "base").is_dir()
    assert not cluster.unfinished.exists()


@pytest.mark.skipif(os.geteuid() != 0, reason="only root needs to become somebody else")
@pytest.mark.parametrize("refused", ["", "unshare"])
def test_root_starts_postgresql_below_a_private_folder(tmp_path, monkeypatch, refused):
    works = services.works
    monkeypatch.setattr(services, "works", lambda words: words[0] != refused and works(words))
    tmp_path.chmod(0o700)
    cluster = Postgres(data=tmp_path / "data", sockets=tmp_path, durable=False)
    cluster.make()
    with (tmp_path / "log").open("wb") as log:
        server = subprocess.Popen(cluster.command(), stdout=log, stderr=log)
    try:
        assert wait_until(cluster.answers, seconds=60), (tmp_path / "log").read_text()
        cluster.prepare()
    finally:
        server.send_signal(signal.SIGINT)
        server.wait(timeout=60)


@pytest.mark.skipif(os.geteuid() != 0, reason="only root needs to become somebody else")
def test_root_that_cannot_become_somebody_else_is_told_what_to_do(tmp_path, monkeypatch):
    monkeypatch.setattr(services, "works", lambda words: False)
    with pytest.raises(YardError, match="Start the yard as a normal user, or give DATABASE_URL"):
        Postgres(data=tmp_path / "data", sockets=tmp_path).make()
