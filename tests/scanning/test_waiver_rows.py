"""What PostgreSQL itself holds of waivers."""

from __future__ import annotations

import pytest
from django.db import IntegrityError, transaction
from django.utils import timezone

from registry.callers import Caller
from scanning.models import FindingWaiver
from tests.registry.conftest import caller, person
from tests.scanning.reports import in_days

__all__ = ["caller", "person"]


@pytest.fixture
def ada(caller) -> Caller:
    return caller(roles=("curator",), username="ada")


def row(ada, **values):
    now = timezone.now()
    return FindingWaiver(**{
        "sha256": "0" * 64, "rule": "odd", "severity": "high", "reason": "x",
        "granted_by_id": ada.person, "granted_at": now, "expires_at": in_days(1), **values,
    })  # fmt: skip


@pytest.mark.parametrize(
    "values",
    [
        {"sha256": "0" * 63},
        {"sha256": "A" * 64},
        {"severity": "low"},
        {"rule": ""},
        {"reason": ""},
        {"expires_at": in_days(-1)},
        {"ended_by_id": 1},
    ],
)
def test_the_database_refuses_what_is_no_waiver(ada, values):
    if "ended_by_id" in values:
        values = {"ended_by_id": ada.person}
    with pytest.raises(IntegrityError), transaction.atomic():
        row(ada, **values).save()


def test_the_database_keeps_what_was_granted(ada):
    row(ada).save()
    kept = FindingWaiver.objects.all()
    with pytest.raises(IntegrityError), transaction.atomic():
        row(ada).save()
    for change in (
        {"reason": "y"},
        {"expires_at": in_days(2)},
        {"rule": "z"},
        {"sha256": "1" * 64},
    ):
        with pytest.raises(IntegrityError), transaction.atomic():
            kept.update(**change)
    with pytest.raises(IntegrityError), transaction.atomic():
        kept.delete()
    kept.update(ended_at=timezone.now())
    with pytest.raises(IntegrityError), transaction.atomic():
        kept.update(ended_at=None)
    row(ada).save()
