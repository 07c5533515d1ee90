from __future__ import annotations

import psycopg
import pytest
from django.db import connection

from core.plans import planned


def end_of(pid: int) -> None:
    """What a restart of PostgreSQL does to a connection that waits for its next request."""
    settings = connection.get_connection_params()
    place = {
        name: settings[name] for name in ("dbname", "user", "host", "port") if name in settings
    }
    with psycopg.connect(**place, autocommit=True) as other:
        assert other.execute("select pg_terminate_backend(%s, 5000)", [pid]).fetchone() == (True,)


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_the_server_ended_is_noticed_and_replaced():
    connection.ensure_connection()
    assert connection.is_usable()
    before = connection.connection.info.backend_pid
    end_of(before)
    assert not connection.is_usable()
    connection.health_check_enabled, connection.health_check_done = True, False
    with connection.cursor() as cursor:
        cursor.execute("select pg_backend_pid()")
        assert cursor.fetchone() != (before,)


@pytest.mark.django_db(transaction=True)
def test_no_connection_and_a_closed_one_are_not_usable():
    connection.close()
    assert not connection.is_usable()
    connection.ensure_connection()
    connection.connection.close()
    assert not connection.is_usable()
    connection.close()


@pytest.mark.django_db
def test_a_plan_is_kept_inside_and_only_there():
    def kept(text: str) -> int:
        with connection.cursor() as cursor:
            cursor.execute(
                "select count(*) from pg_prepared_statements where statement = %s", [text]
            )
            return int(cursor.fetchone()[0])

    with planned(kept=True), connection.cursor() as cursor:
        cursor.execute("select 41 + %s", [1])
    with connection.cursor() as cursor:
        cursor.execute("select 40 + %s", [2])
    assert (kept("select 41 + $1"), kept("select 40 + $1")) == (1, 0)
