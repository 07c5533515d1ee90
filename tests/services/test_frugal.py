from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.contrib.auth.hashers import check_password, make_password
from django.contrib.auth.models import Permission
from django.test import Client

from registry.models import Tag
from tests.services.frugal import _empty_tables


def test_no_row_is_left_and_what_came_with_the_tables_stays(transactional_db):
    Tag.objects.create(name="left")
    before = Permission.objects.count()
    _empty_tables(None)
    assert not Tag.objects.exists()
    assert Permission.objects.count() == before > 0


def test_every_client_of_a_test_is_given_the_static_files(db):
    folder = Path(settings.STATICFILES_DIRS[0])
    sheet = next(folder.rglob("*.css"))
    for _ in range(2):
        answer = Client().get(f"/static/{sheet.relative_to(folder).as_posix()}")
        assert answer.status_code == 200
        assert b"".join(answer.streaming_content) == sheet.read_bytes()


def test_passwords_are_hashed_by_argon2_as_in_a_yard():
    hashed = make_password("a long password")
    assert hashed.startswith("argon2$argon2id$")
    assert check_password("a long password", hashed)
    assert not check_password("another password", hashed)
