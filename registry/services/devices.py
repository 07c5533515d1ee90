"""What the audit trail keeps of devices."""

from __future__ import annotations

from collections.abc import Iterable

from registry import audit
from registry.callers import Caller
from registry.models import Device


def note_device_changed(
    *, caller: Caller, device: Device, fields: Iterable[str], created: bool
) -> None:
    """Record that a curator added or changed a device: what fits is told by it from now on."""
    audit.record(
        actor=caller,
        action="device.create" if created else "device.change",
        subject_type="device",
        subject=device.slug,
        details={
            "fields": sorted(fields),
            "memory_bytes": device.memory_bytes,
            "max_count": device.max_count,
            "active": device.is_active,
        },
    )
