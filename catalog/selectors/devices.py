"""Devices that pages and filters name, and what a filter for one of them means."""

from __future__ import annotations

from dataclasses import replace
from functools import lru_cache

from django.db import connection

from catalog.selectors.filters import ModelFilter
from core.answers import facts
from core.answers.facts import Fact
from core.errors import InvalidInputError
from core.plans import fetch
from registry.enums import DeviceKind
from registry.fit.shares import usable_bytes
from registry.models import Device

_ROW = "ROW(registry_device.id, registry_device.xmin, registry_device.ctid)::text"
_STATE = f"SELECT {_ROW} AS state"
_ACTIVE = " FROM registry_device WHERE is_active ORDER BY id"
_FOUND = " FROM registry_device WHERE slug = %s AND is_active"


def active_devices() -> list[Device]:
    """Give the devices to choose from, kind by kind, in their order."""
    states = tuple(state for (state,) in fetch(_STATE + _ACTIVE))
    facts.rests_on(lambda: Fact(_STATE + _ACTIVE, (), states, plan_kept=True))
    return list(_devices_in(states))


@lru_cache(maxsize=2)
def _devices_in(states: tuple[str, ...]) -> tuple[Device, ...]:
    """Read the devices; those read last serve for as long as their rows are in these states."""
    kinds = DeviceKind.values
    devices = Device.objects.filter(is_active=True).order_by("id")
    return tuple(sorted(devices, key=lambda one: kinds.index(one.kind)))


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
