"""Devices that models can run on; the calculation of what fits is in `registry.fit`."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from registry.enums import DeviceKind
from registry.fit.shares import usable_bytes


class Device(models.Model):
    """A kind of device and its memory; turned off and never deleted, or seeding would revive it."""

    slug = models.SlugField(max_length=64, unique=True)
    name = models.CharField(max_length=80, unique=True)
    kind = models.CharField(max_length=16, choices=DeviceKind)
    memory_bytes = models.BigIntegerField(
        help_text="As its driver reports it; 1 GiB is 1073741824 bytes."
    )
    max_count = models.PositiveSmallIntegerField(
        default=1, help_text="How many of it one machine may have."
    )
    is_active = models.BooleanField(default=True, help_text="Whether pages and filters name it.")
    order = models.PositiveSmallIntegerField(default=0, help_text="Lists go by it.")

    class Meta:
        ordering: ClassVar = ["order", "memory_bytes", "name"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(memory_bytes__gt=0), name="device_has_memory"),
            models.CheckConstraint(
                condition=Q(max_count__gte=1, max_count__lte=64), name="device_count_in_bounds"
            ),
            models.CheckConstraint(
                condition=Q(kind__in=DeviceKind.values), name="device_kind_known"
            ),
        ]

    def __str__(self) -> str:
        return self.name

    @property
    def usable_bytes(self) -> int:
        """The part of its memory that a model may have."""
        return usable_bytes(self.kind, self.memory_bytes)
