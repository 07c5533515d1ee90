"""What every test pays for and none asks about, done once or with the least work."""

from __future__ import annotations

import pytest
from django.contrib.auth.hashers import Argon2PasswordHasher
from django.core.management.color import no_style
from django.db import connection
from django.test import TransactionTestCase
from whitenoise.middleware import WhiteNoiseMiddleware

# Made with the tables and the same ever after; to make them anew takes longer than all the rest.
KEPT = {"django_content_type", "auth_permission"}


@pytest.fixture(scope="session", autouse=True)
def frugal():
    """Do with less what no test is about."""
    with pytest.MonkeyPatch.context() as patch:
        _hash_quickly(patch)
        _look_up_static_files_once(patch)
        patch.setattr(TransactionTestCase, "_fixture_teardown", _empty_tables)
        yield


def _hash_quickly(patch):
    """Argon2 as ever, with little memory and one round: how dear a guess is, is Django's choice."""
    for name, least in (("time_cost", 1), ("memory_cost", 8), ("parallelism", 1)):
        patch.setattr(Argon2PasswordHasher, name, least)


def _look_up_static_files_once(patch):
    """Each client of a test starts the site anew, which looks up every static file each time."""
    look_up = WhiteNoiseMiddleware.add_files_from_finders
    known = {}

    def once(site):
        if site.static_prefix not in known:
            before, site.files = site.files, {}
            look_up(site)
            known[site.static_prefix], site.files = site.files, before
        site.files.update(known[site.static_prefix])

    patch.setattr(WhiteNoiseMiddleware, "add_files_from_finders", once)


def _empty_tables(_):
    """Leave no row of a transactional test, as Django's own command `flush` does."""
    tables = connection.introspection.django_table_names(only_existing=True, include_views=False)
    emptied = sorted(set(tables) - KEPT)
    connection.ops.execute_sql_flush(connection.ops.sql_flush(no_style(), emptied))
