"""The devices that a new yard knows. What a curator changed of them stays."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.contrib.auth.models import Group, Permission
from django.db import transaction

from registry.enums import DeviceKind, Role
from registry.models import Device

MIB: Final = 1 << 20
GIB: Final = 1 << 30
_STEP: Final = 10  # leaves room for devices of one's own between two of these


@dataclass(frozen=True, slots=True)
class Entry:
    """A device as it is installed once."""

    slug: str
    name: str
    memory_bytes: int


# Memory of NVIDIA's as nvidia-smi reports it (some keep a part for error correction), of others as
# their data sheets give it.
_CONSUMER: Final = (
    Entry("rtx-4060", "RTX 4060, 8 GB", 8188 * MIB),
    Entry("rtx-3080", "RTX 3080, 10 GB", 10240 * MIB),
    Entry("rtx-3060", "RTX 3060, 12 GB", 12288 * MIB),
    Entry("rtx-4070", "RTX 4070, 12 GB", 12282 * MIB),
    Entry("rtx-5070", "RTX 5070, 12 GB", 12227 * MIB),
    Entry("rtx-4060-ti-16", "RTX 4060 Ti, 16 GB", 16380 * MIB),
    Entry("rtx-5060-ti-16", "RTX 5060 Ti, 16 GB", 16311 * MIB),
    Entry("rtx-5070-ti", "RTX 5070 Ti, 16 GB", 16303 * MIB),
    Entry("rtx-4080", "RTX 4080, 16 GB", 16376 * MIB),
    Entry("rtx-5080", "RTX 5080, 16 GB", 16303 * MIB),
    Entry("rtx-3090", "RTX 3090, 24 GB", 24576 * MIB),
    Entry("rtx-4090", "RTX 4090, 24 GB", 24564 * MIB),
    Entry("rx-7900-xtx", "Radeon RX 7900 XTX, 24 GB", 24 * GIB),
    Entry("rtx-5090", "RTX 5090, 32 GB", 32607 * MIB),
)
_WORKSTATION: Final = (
    Entry("rtx-a2000-12", "RTX A2000, 12 GB", 12282 * MIB),
    Entry("rtx-a4000", "RTX A4000, 16 GB", 16376 * MIB),
    Entry("rtx-4000-ada", "RTX 4000 Ada, 20 GB", 20475 * MIB),
    Entry("rtx-a5000", "RTX A5000, 24 GB", 24564 * MIB),
    Entry("rtx-5000-ada", "RTX 5000 Ada, 32 GB", 32760 * MIB),
    Entry("rtx-a6000", "RTX A6000, 48 GB", 49140 * MIB),
    Entry("rtx-6000-ada", "RTX 6000 Ada, 48 GB", 49140 * MIB),
    Entry("radeon-pro-w7900", "Radeon PRO W7900, 48 GB", 48 * GIB),
    Entry("rtx-pro-6000", "RTX PRO 6000 Blackwell, 96 GB", 97887 * MIB),
)
_DATA_CENTRE: Final = (
    Entry("t4", "T4, 16 GB", 15360 * MIB),
    Entry("l4", "L4, 24 GB", 23034 * MIB),
    Entry("a10", "A10, 24 GB", 23028 * MIB),
    Entry("v100-32", "V100, 32 GB", 32768 * MIB),
    Entry("a100-40", "A100, 40 GB", 40960 * MIB),
    Entry("l40s", "L40S, 48 GB", 46068 * MIB),
    Entry("mi210", "Instinct MI210, 64 GB", 64 * GIB),
    Entry("a100-80", "A100, 80 GB", 81920 * MIB),
    Entry("h100-80", "H100, 80 GB", 81559 * MIB),
    Entry("gaudi-2", "Gaudi 2, 96 GB", 96 * GIB),
    Entry("gaudi-3", "Gaudi 3, 128 GB", 128 * GIB),
    Entry("h200", "H200, 141 GB", 143771 * MIB),
    Entry("b200", "B200, 180 GB", 183359 * MIB),
    Entry("mi300x", "Instinct MI300X, 192 GB", 192 * GIB),
    Entry("mi325x", "Instinct MI325X, 256 GB", 256 * GIB),
)
_APPLE: Final = tuple(
    Entry(f"apple-{size}", f"Apple M series, {size} GB", size * GIB)
    for size in (16, 24, 32, 36, 48, 64, 96, 128, 192, 256, 512)
)
_CPU: Final = tuple(
    Entry(f"ram-{size}", f"RAM, {size} GB", size * GIB)
    for size in (16, 32, 64, 128, 256, 512, 1024)
)
# How many of a kind one machine usually has at most.
DEVICES: Final = (
    (DeviceKind.CONSUMER, 4, _CONSUMER),
    (DeviceKind.WORKSTATION, 4, _WORKSTATION),
    (DeviceKind.DATA_CENTRE, 8, _DATA_CENTRE),
    (DeviceKind.APPLE, 1, _APPLE),
    (DeviceKind.CPU, 1, _CPU),
)
_MAY: Final = ("view_device", "add_device", "change_device")


@transaction.atomic
def seed_devices() -> None:
    """Add the devices that are not there by slug or name; with the first, who may change them."""
    rows = list(Device.objects.values_list("slug", "name"))
    slugs, names = {slug for slug, _ in rows}, {name for _, name in rows}
    if not rows:
        _permit()
    flat = [(kind, most, entry) for kind, most, entries in DEVICES for entry in entries]
    Device.objects.bulk_create(
        Device(
            slug=entry.slug,
            name=entry.name,
            kind=kind,
            memory_bytes=entry.memory_bytes,
            max_count=most,
            order=number * _STEP,
        )
        for number, (kind, most, entry) in enumerate(flat)
        if entry.slug not in slugs and entry.name not in names
    )


def _permit() -> None:
    """Roles of a yard that is older than devices have no word on them yet."""
    ours = Permission.objects.filter(content_type__app_label="registry", codename__in=_MAY)
    for group in Group.objects.filter(name__in=[Role.CURATOR.value, Role.ADMIN.value]):
        group.permissions.add(*ours)
