"""The services of the tests are the ones the yard starts: these tests run on them."""

from __future__ import annotations

import os

import psycopg
import pytest
from django.core.cache import cache
from django.db import connection

from config.yard.services import Postgres


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
