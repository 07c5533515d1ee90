"""Months of what was served: there before they begin, gone when their time is over."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta

import pytest
from django.db import connection
from django.utils import timezone

from registry import audit
from registry.models import AuditEvent, Served, UsageDay
from registry.served import month_after, month_of
from registry.services.months import forget_usage, months, prepare_months
from registry.services.seals import broken_seals, seal_served
from registry.tasks import tidy_served
from tests.factories.registry import ServedFactory, VersionFactory

pytestmark = pytest.mark.django_db
LONG_AGO = datetime(2019, 3, 31, 23, 59, 59, tzinfo=UTC)


def part_of(row):
    with connection.cursor() as cursor:
        cursor.execute(
            "SELECT tableoid::regclass::text FROM registry_served WHERE id = %s", [row.pk]
        )
        return cursor.fetchone()[0]


def test_a_month_ends_where_the_next_begins():
    assert month_of(LONG_AGO) == datetime(2019, 3, 1, tzinfo=UTC)
    assert month_after(LONG_AGO) == datetime(2019, 4, 1, tzinfo=UTC)
    assert month_after(datetime(2019, 12, 1, tzinfo=UTC)) == datetime(2020, 1, 1, tzinfo=UTC)


def test_the_months_to_come_are_there_and_making_them_again_changes_nothing():
    prepare_months()
    known = months()
    prepare_months()
    assert months() == known
    now = month_of(timezone.now())
    assert [now, month_after(now), month_after(month_after(now))] == known[-3:]


def test_rows_whose_month_was_missing_go_where_they_belong():
    seconds = [LONG_AGO, LONG_AGO + timedelta(seconds=1), timezone.now()]
    rows = [ServedFactory(at=at, sent=7) for at in seconds]
    before = list(Served.objects.order_by("id").values())
    assert [part_of(row) for row in rows[:2]] == ["registry_served_default"] * 2
    seal_served()
    prepare_months()
    assert [part_of(row) for row in rows] == [
        "registry_served_201903", "registry_served_201904", f"registry_served_{rows[2].at:%Y%m}"
    ]  # fmt: skip
    told = [
        {**row, "seal": None, "sent_seal": None} for row in Served.objects.order_by("id").values()
    ]
    assert told == before
    assert list(broken_seals()) == []
    assert part_of(ServedFactory(at=LONG_AGO - timedelta(days=40))) == "registry_served_default"


def test_a_month_goes_when_its_last_day_is_long_enough_ago(settings):
    settings.USAGE_KEPT_DAYS = 400
    version = VersionFactory()
    kept = timezone.now() - timedelta(days=400)
    old = ServedFactory(version=version, at=LONG_AGO, length=6)
    young = ServedFactory(version=version, at=kept)
    while seal_served():
        pass
    tidy_served()
    assert list(Served.objects.all()) == [young]
    assert month_of(LONG_AGO) not in months()
    event = AuditEvent.objects.get(action="hub.dropped")
    assert event.subject == "2019-03"
    assert event.details == {"count": 1, "bytes": 6, "kept_days": 400}
    assert old.at.date() not in UsageDay.objects.values_list("day", flat=True)
    assert list(broken_seals()) == []
    assert list(audit.broken_links()) == []
    tidy_served()
    assert AuditEvent.objects.filter(action="hub.dropped").count() == 1


def test_a_month_that_is_not_sealed_stays(settings):
    settings.USAGE_KEPT_DAYS = 400
    ServedFactory(at=LONG_AGO)
    prepare_months()
    assert forget_usage() == []
    assert Served.objects.exists()


def test_nought_keeps_everything(settings):
    settings.USAGE_KEPT_DAYS = 0
    ServedFactory(at=LONG_AGO)
    seal_served()
    tidy_served()
    assert Served.objects.exists()
    assert UsageDay.objects.get().day == date(2019, 3, 31)
