from __future__ import annotations

import psycopg
import pytest
from django.contrib.auth.models import Group
from django.db import DataError, InterfaceError, OperationalError, connection, transaction
from django.db.transaction import TransactionManagementError

from core import plans
from core.plans import fetch


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


def plans_of(text: str) -> int:
    with connection.cursor() as cursor:
        cursor.execute("select count(*) from pg_prepared_statements where statement = %s", [text])
        return int(cursor.fetchone()[0])


@pytest.mark.django_db
@pytest.mark.parametrize(("prepared", "kept"), [(0, [1, 1]), (1, [0, 1]), (None, [0, 0])])
def test_a_plan_is_kept_after_so_many_askings(prepared, kept):
    sql = f"select {prepared or 0} + %s, %s::text[]"
    found = []
    for value in (1, 2):
        rows = fetch(sql, [value, ["a"]], prepared=prepared)
        assert rows == [((prepared or 0) + value, ["a"])]
        found.append(plans_of(sql.replace("%s::", "$2::").replace("%s", "$1")))
    assert found == kept
    assert connection.connection.prepare_threshold is None


@pytest.mark.django_db
def test_what_is_fetched_again_is_what_is_there_now():
    sql = "select count(*) from auth_group where name = %s"
    assert fetch(sql, ["x"]) == [(0,)]
    Group.objects.create(name="x")
    assert fetch(sql, ["x"]) == [(1,)]
    assert fetch(sql, ["y"]) == [(0,)]


@pytest.mark.django_db
def test_a_statement_that_fails_is_told_as_django_does_and_can_be_asked_again():
    sql = "select 12 / %s::int"
    assert fetch(sql, [3]) == [(4,)]
    with pytest.raises(DataError), transaction.atomic():
        fetch(sql, [0])
    assert fetch(sql, [4]) == [(3,)]
    with transaction.atomic():
        transaction.set_rollback(True)
        with pytest.raises(TransactionManagementError):
            fetch(sql, [1])


@pytest.mark.django_db
def test_no_cursor_keeps_many_rows_and_not_too_many_are_kept(monkeypatch):
    monkeypatch.setattr(plans, "_MOST_CURSORS", 2)
    monkeypatch.setattr(plans, "_FEW_ROWS", 3)
    kept = vars(connection.connection).setdefault(plans._CURSORS, {})
    kept.clear()
    for most in (2, 3, 4, 1):
        rows = fetch("select n from generate_series(1, %s) n".ljust(50 + most), [most])
        assert [number for (number,) in rows] == list(range(1, most + 1))
    assert [len(sql) for sql in kept] == [53, 51]


@pytest.mark.django_db(transaction=True)
def test_a_lost_connection_is_told_in_the_words_of_django():
    fetch("select 1")
    connection.connection.close()
    for sql in ("select 1", "select 2"):  # with a cursor that was kept, and with none
        with pytest.raises((OperationalError, InterfaceError)):
            fetch(sql)
    connection.close()
    assert fetch("select 2") == [(2,)]


@pytest.mark.django_db
def test_queries_are_counted_where_somebody_counts(django_assert_num_queries):
    with django_assert_num_queries(2):
        fetch("select 1")
        fetch("select 1")


@pytest.mark.django_db(transaction=True)
def test_a_fetch_after_the_server_ended_the_connection_takes_a_new_one():
    assert fetch("select 1") == [(1,)]
    end_of(connection.connection.info.backend_pid)
    connection.health_check_enabled, connection.health_check_done = True, False
    assert fetch("select 1") == [(1,)]
