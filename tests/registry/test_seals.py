"""Seals: every row is under one within a run of the task, and a change of it shows."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest
from django.core.management import call_command
from django.core.management.base import CommandError
from django.db import connection, connections
from django.utils import timezone

from registry import audit
from registry.models import AuditEvent, Served, UsageDay
from registry.served import ServedId
from registry.services import seals
from registry.services.seals import broken_seals, seal_served
from registry.services.serving import note_sent
from registry.tasks import seal_served as task
from tests.factories.registry import ServedFactory, VersionFactory

pytestmark = pytest.mark.django_db


@pytest.fixture
def version(db):
    return VersionFactory()


def tell_sent(row, sent):
    note_sent([(ServedId(row.at, row.pk), sent)])


def told(kind="promised"):
    events = AuditEvent.objects.filter(action="hub.sealed", details__kind=kind).order_by("pk")
    return [(event.subject, event.details["count"], event.details["bytes"]) for event in events]


def test_what_was_served_is_sealed_once(version):
    rows = [ServedFactory(version=version, length=length) for length in (1, 2, 3)]
    assert seal_served() == 3
    assert seal_served() == 0
    assert told() == [(f"{timezone.now():%Y-%m}", 3, 6)]
    assert set(Served.objects.values_list("seal", flat=True)) == {rows[0].pk}
    assert list(broken_seals()) == []
    assert list(audit.broken_links()) == []


def test_what_was_sent_is_sealed_when_it_is_told(version):
    one, _two = ServedFactory(version=version), ServedFactory(version=version)
    seal_served()
    assert told("sent") == []
    tell_sent(one, 4)
    seal_served()
    assert told("sent") == [(f"{one.at:%Y-%m}", 1, 4)]
    assert list(broken_seals()) == []


def test_a_batch_is_of_one_month_and_bounded(version, monkeypatch):
    monkeypatch.setattr(seals, "BATCH", 2)
    for day in (datetime(2020, 1, 31, tzinfo=UTC), datetime(2020, 2, 1, tzinfo=UTC)):
        ServedFactory.create_batch(3, version=version, at=day)
    task()
    while seal_served():
        pass
    assert told() == [
        ("2020-01", 2, 20), ("2020-01", 1, 10), ("2020-02", 2, 20), ("2020-02", 1, 10)
    ]  # fmt: skip
    assert list(broken_seals()) == []


def test_a_fault_on_the_way_leaves_nothing_half_sealed(version, monkeypatch):
    ServedFactory(version=version)
    monkeypatch.setattr(audit, "record", lambda **values: 1 / 0)
    with pytest.raises(ZeroDivisionError):
        seal_served()
    assert Served.objects.get().seal is None
    assert not UsageDay.objects.exists()


def test_one_process_seals_at_a_time(version):
    ServedFactory(version=version)
    other = connections.create_connection("default")
    try:
        with other.cursor() as cursor:
            cursor.execute("SELECT pg_advisory_lock(%s)", [seals._LOCK])
            assert seal_served() == 0
            cursor.execute("SELECT pg_advisory_unlock(%s)", [seals._LOCK])
    finally:
        other.close()
    assert seal_served() == 1


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ("UPDATE registry_served SET actor = 'eve' WHERE id = {}", "were altered (promised)"),
        ("UPDATE registry_served SET address = '192.0.2.1' WHERE id = {}", "were altered"),
        ("UPDATE registry_served SET sent = 9 WHERE id = {}", "were altered (sent)"),
        ("DELETE FROM registry_served WHERE id = {}", "of which some are gone (promised)"),
        ("DELETE FROM registry_served", "rows that are gone (promised)"),
        ("UPDATE registry_served SET seal = 0 WHERE id = {}", "is under no seal (promised)"),
        ("UPDATE registry_served SET seal = NULL WHERE id = {}", "of which some are gone"),
    ],
)
def test_what_is_altered_behind_our_back_shows(version, change, says):
    rows = ServedFactory.create_batch(3, version=version)
    tell_sent(rows[1], 5)
    seal_served()
    with connection.cursor() as cursor:
        for trigger in ("served_is_told_once", "served_is_not_deleted"):
            cursor.execute(f"ALTER TABLE registry_served DISABLE TRIGGER {trigger}")
        cursor.execute(change.format(rows[1].pk))
    assert any(says in sentence for sentence in broken_seals())
    with pytest.raises(CommandError, match="not as it was sealed"):
        call_command("check_audit")


def test_a_broken_seal_is_named(version):
    first, _second = ServedFactory.create_batch(2, version=version)
    seal_served()
    event = AuditEvent.objects.get(action="hub.sealed")
    with connection.cursor() as cursor:
        cursor.execute("ALTER TABLE registry_served DISABLE TRIGGER served_is_told_once")
        cursor.execute("UPDATE registry_served SET path = 'other' WHERE id = %s", [first.pk])
    name = f"#{event.pk} of {first.at:%Y-%m} (rows from {first.pk})"
    assert list(broken_seals()) == [f"{name} seals rows that were altered (promised)"]


def test_what_is_sealed_while_seals_are_looked_at_is_no_fault(version, monkeypatch):
    ServedFactory(version=version)
    seal_served()
    read, looked = seals._told, []

    def told_and_then_more(kind, dropped, **only):
        found = read(kind, dropped, **only)
        if not looked:
            looked.append(kind)
            ServedFactory.create_batch(2, version=version)
            seal_served()
        return found

    monkeypatch.setattr(seals, "_told", told_and_then_more)
    assert list(broken_seals()) == []
    assert looked


def test_a_row_that_is_put_under_an_old_seal_shows(version):
    first = ServedFactory(version=version)
    seal_served()
    ServedFactory(version=version, seal=first.pk, at=timezone.now() + timedelta(seconds=1))
    assert any("under no seal" in sentence for sentence in broken_seals())
