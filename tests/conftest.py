"""What all tests share."""

from __future__ import annotations

import pytest
from django.db import connection

from config.yard.services import wait_until
from tests.services import template
from tests.services.frugal import frugal

__all__ = ["frugal"]

NOT_EMPTIED = "ALTER TABLE registry_auditevent {} TRIGGER audit_is_not_emptied"
SERVED_NOT_EMPTIED = "ALTER TABLE registry_served {} TRIGGER served_is_not_emptied"


OTHERS = """
    SELECT application_name, state, query FROM pg_stat_activity
    WHERE datname = current_database() AND pid <> pg_backend_pid()
"""


@pytest.fixture(scope="session")
def migrated_once(django_db_modify_db_settings_parallel_suffix, django_db_blocker):
    """Let the first process of a run migrate its database, and the others copy that."""
    folder = template.folder_of_run()
    with django_db_blocker.unblock():
        return template.Turn(folder) if folder else None


@pytest.fixture(scope="session")
def django_db_modify_db_settings(django_db_modify_db_settings, migrated_once):
    """Know what to copy before the database is made."""


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker, migrated_once):
    """Let transactional tests empty what is only added to; a test each turns the guard on again.

    At the end nobody else may have a connection: what a test left open would keep the database.
    """
    if migrated_once:
        with django_db_blocker.unblock():
            migrated_once.end()
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
