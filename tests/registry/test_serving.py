"""What is noted of bytes that leave: once, in one statement, never changed afterwards."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.db import DatabaseError, connection, transaction

from core.ranges import Span
from registry.callers import Caller
from registry.models import Served, Team
from registry.served import ServedId
from registry.services.serving import ServedPlace, note_sent, note_served
from tests.factories.registry import UserFactory, VersionFactory

pytestmark = pytest.mark.django_db
SHA = "a" * 64


@pytest.fixture
def version(db):
    return VersionFactory(model__repo_id="acme/of-lite")


@pytest.fixture
def serve(version):
    def one(caller=None, *, start=0, length=10, client="curl/8"):
        place = ServedPlace(version, "weights.bin", SHA)
        return note_served(
            caller=caller or Caller(name="ada"),
            place=place,
            span=Span(start, length),
            of=100,
            client=client,
            protocol="hub",
        )

    return one


def test_a_row_tells_who_was_given_what(serve, version):
    user = UserFactory(team=Team.objects.create(slug="speech", name="Speech"))
    caller = Caller(user_id=user.pk, name=user.username, key_prefix="hf_abcde", address="192.0.2.7")
    served = serve(caller, start=5, client="x" * 300)
    row = Served.objects.get()
    assert (row.pk, row.at) == (served.id, served.at)
    assert (row.actor, row.user, row.team.slug) == (user.username, user, "speech")
    assert (row.key_prefix, row.address) == ("hf_abcde", "192.0.2.7")
    assert (row.source, row.repo_id, row.commit) == (
        "huggingface", "acme/of-lite", version.commit
    )  # fmt: skip
    assert (row.model, row.version, row.path, row.sha256) == (
        version.model, version, "weights.bin", SHA
    )  # fmt: skip
    assert (row.size, row.start, row.length, row.sent) == (100, 5, 10, None)
    assert (row.client, row.protocol, row.seal) == ("x" * 200, "hub", None)


def test_noting_costs_one_statement(serve, version, django_assert_num_queries):
    user = UserFactory()
    with django_assert_num_queries(1):
        serve(Caller(user_id=user.pk, name=user.username))


def test_a_row_is_in_the_part_of_its_month(serve):
    served = serve()
    with connection.cursor() as cursor:
        cursor.execute("SELECT tableoid::regclass::text FROM registry_served")
        assert cursor.fetchone()[0] == f"registry_served_{served.at:%Y%m}"


def test_bytes_that_left_are_told_once(serve):
    one, two, lied = serve(), serve(), serve()
    note_sent([(one, 10), (two, 0), (one, 3), (lied, 11)])
    note_sent([(one, 7), (ServedId(one.at, 0), 1)])
    note_sent([])
    sent = dict(Served.objects.values_list("pk", "sent"))
    assert sent == {one.id: 10, two.id: 0, lied.id: None}


@pytest.mark.parametrize(
    "change",
    [
        "UPDATE registry_served SET actor = 'eve'",
        "UPDATE registry_served SET length = 0",
        "UPDATE registry_served SET sent = 4",
        "UPDATE registry_served SET seal = 6",
        "UPDATE registry_served SET seal = NULL",
        "UPDATE registry_served SET sent_seal = 6",
        "DELETE FROM registry_served",
    ],
)
def test_nothing_told_is_changed_or_taken_back(serve, change):
    note_sent([(serve(), 3)])
    with connection.cursor() as cursor:
        cursor.execute("UPDATE registry_served SET seal = 5, sent_seal = 5")
        with pytest.raises(DatabaseError, match="what was served stays told"), transaction.atomic():
            cursor.execute(change)
    row = Served.objects.get()
    assert (row.actor, row.length, row.sent, row.seal, row.sent_seal) == ("ada", 10, 3, 5, 5)


def test_the_table_is_not_emptied(serve):
    serve()
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE registry_served ENABLE TRIGGER served_is_not_emptied")
        with pytest.raises(DatabaseError, match="what was served stays told"), transaction.atomic():
            cursor.execute("TRUNCATE registry_served")


def test_the_number_of_a_row_travels_as_text():
    served = ServedId(datetime(2026, 11, 22, 12, 30, tzinfo=UTC) + timedelta(microseconds=7), 42)
    assert ServedId.read(str(served)) == served
    for text in ("", "1", "1.x", "1.2.3", "-1.2", "9" * 19 + ".1", "1.2\n"):
        with pytest.raises(ValueError, match="not the number of a row"):
            ServedId.read(text)
