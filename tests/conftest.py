"""What all tests share."""

from __future__ import annotations

import pytest
from django.db import connection

NOT_EMPTIED = "ALTER TABLE registry_auditevent {} TRIGGER audit_is_not_emptied"


@pytest.fixture(scope="session")
def django_db_setup(django_db_setup, django_db_blocker):
    """Let transactional tests empty the audit table; one test turns the guard on again."""
    with django_db_blocker.unblock(), connection.cursor() as cursor:
        cursor.execute(NOT_EMPTIED.format("DISABLE"))
