"""What all tests share."""

from __future__ import annotations

import pytest
from django.db import connection

from config.yard.services import wait_until

NOT_EMPTIED = "ALTER TABLE registry_auditevent {} TRIGGER audit_is_not_emptied"
SERVED_NOT_EMPTIED = "ALTER TABLE registry_served {} TRIGGER served_is_not_emptied"


OTHERS = """
    SELECT application_name, state, query FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker):
    """Let transactional tests empty what is only added to; a test each turns the guard on again.

    At the end nobody else may have a connection: what a test left open would keep the database.
    """
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(NOT_EMPTIED.format("DISABLE"))
        cursor.execute(SERVED_NOT_EMPTIED.format("DISABLE"))
    yield
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        assert wait_until(lambda: not _others(cursor), seconds=20), _others(cursor)


def _others(cursor):
    """Sessions in this database besides ours; one whose process was killed ends in a moment."""
    cursor.execute(OTHERS)
    return cursor.fetchall()
