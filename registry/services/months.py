"""The months of what was served: made before they begin, dropped when their time is over."""

from __future__ import annotations

import re
from datetime import UTC, date, datetime, timedelta
from typing import Final

from django.conf import settings
from django.db import connection, transaction
from django.db.models import Count, Sum
from django.utils import timezone

from registry import audit
from registry.models import Served, UsageDay
from registry.served import month_after, month_of
from registry.services.seals import DROPPED

AHEAD: Final = 2  # months that are there before they begin
_PARTS = """
SELECT relname FROM pg_inherits JOIN pg_class ON pg_class.oid = inhrelid
WHERE inhparent = 'registry_served'::regclass ORDER BY relname
"""
_NAME: Final = re.compile(r"registry_served_(\d{4})(\d{2})")
_STRAYS = """
SELECT DISTINCT date_trunc('month', at AT TIME ZONE 'UTC')::date FROM registry_served_default
"""
_SET_ASIDE = """
ALTER TABLE registry_served DETACH PARTITION registry_served_default;
ALTER TABLE registry_served_default RENAME TO registry_served_strays;
CREATE TABLE registry_served_default PARTITION OF registry_served DEFAULT;
"""
_TAKE_BACK = """
INSERT INTO registry_served SELECT * FROM registry_served_strays;
DROP TABLE registry_served_strays;
"""
# Both take the whole table for a moment; downloads must not queue up behind one that waits.
_SOON = "SET LOCAL lock_timeout = '5s'"


def months() -> list[datetime]:
    """The months that have a part of their own, oldest first."""
    with connection.cursor() as cursor:
        cursor.execute(_PARTS)
        found = [_NAME.fullmatch(name) for (name,) in cursor.fetchall()]
    return [datetime(int(m.group(1)), int(m.group(2)), 1, tzinfo=UTC) for m in found if m]


@transaction.atomic
def prepare_months() -> None:
    """Make the months to come. What came while its own was missing goes where it belongs."""
    known = {month.date() for month in months()}
    with connection.cursor() as cursor:
        cursor.execute(_SOON)
        cursor.execute(_STRAYS)
        strays = {day for (day,) in cursor.fetchall()}
        if strays:
            cursor.execute(_SET_ASIDE)
        for day in sorted((strays | _to_come()) - known):
            cursor.execute("SELECT yard_served_month(%s)", [day])
        if strays:
            cursor.execute(_TAKE_BACK)


def _to_come() -> set[date]:
    month, days = timezone.now(), set()
    for _ in range(AHEAD + 1):
        days.add(month_of(month).date())
        month = month_after(month)
    return days


def forget_usage() -> list[str]:
    """Drop the months whose last day is `USAGE_KEPT_DAYS` ago, and the sums of their days.

    A month of which a row is not sealed stays until it is. Gives the months that went.
    """
    if not settings.USAGE_KEPT_DAYS:
        return []
    ends = timezone.now() - timedelta(days=settings.USAGE_KEPT_DAYS)
    UsageDay.objects.filter(day__lt=ends.date()).delete()
    over = [month for month in months() if month_after(month) <= ends]
    return [f"{month:%Y-%m}" for month in over if _drop(month)]


@transaction.atomic
def _drop(month: datetime) -> bool:
    rows = Served.objects.filter(at__gte=month, at__lt=month_after(month))
    if rows.filter(seal__isnull=True).exists():
        return False
    told = rows.aggregate(count=Count("pk"), bytes=Sum("length", default=0))
    with connection.cursor() as cursor:
        cursor.execute(_SOON)
        cursor.execute(f"DROP TABLE registry_served_{month:%Y%m}")
    audit.record(
        actor="yard",
        action=DROPPED,
        subject_type="served",
        subject=f"{month:%Y-%m}",
        details={**told, "kept_days": settings.USAGE_KEPT_DAYS},
    )
    return True
