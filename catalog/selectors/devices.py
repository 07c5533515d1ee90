"""Devices that pages and filters name, and what a filter for one of them means."""

from __future__ import annotations

from dataclasses import replace

from django.db import connection

from catalog.selectors.filters import ModelFilter
from core.answers import facts
from core.answers.facts import Fact
from core.errors import InvalidInputError
from registry.enums import DeviceKind
from registry.fit.shares import usable_bytes
from registry.models import Device

_STATE = "SELECT ROW(id, xmin, ctid)::text AS state"
_FOUND = " FROM registry_device WHERE slug = %s AND is_active"


def active_devices() -> list[Device]:
    """Give the devices to choose from, kind by kind, in their order."""
    kinds = DeviceKind.values
    return sorted(Device.objects.filter(is_active=True), key=lambda one: kinds.index(one.kind))


def with_device(chosen: ModelFilter) -> ModelFilter:
    """Fill in what the device that a filter names can hold; an unknown one is an error.

    An answer that is kept rests on the device's row as well.
    """
    if not chosen.fits:
        return chosen
    with connection.cursor() as cursor:
        cursor.execute(f"{_STATE}, kind, memory_bytes{_FOUND}", [chosen.fits])
        row = cursor.fetchone()
    if row is None:
        known = ", ".join(device.slug for device in active_devices())
        raise InvalidInputError(
            f"There is no device {chosen.fits!r}. There are: {known}.", field="fits"
        )
    state, kind, memory = row
    facts.rests_on(lambda: Fact(_STATE + _FOUND, (chosen.fits,), (state,), plan_kept=False))
    return replace(chosen, fits_bytes=usable_bytes(kind, memory))
