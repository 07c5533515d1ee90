"""Disks watched while files come: one that is nearly full stops them before it is."""

from __future__ import annotations

import time
from collections.abc import Callable
from threading import Lock

from django.conf import settings

from core.errors import StorageFullError
from core.volumes import Volume
from downloads.disks import disks, names_of

EVERY = 2.0  # seconds that a look at the disks may be old


class _Watch:
    """The last look at the disks of this process."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._looked = float("-inf")
        self._full: Volume | None = None

    def full(self) -> Volume | None:
        with self._lock:
            if time.monotonic() - self._looked >= EVERY:
                self._looked = time.monotonic()
                self._full = next((one for one in disks() if _stops(one)), None)
            return self._full


def _stops(volume: Volume) -> bool:
    """Whether imports wait for this disk; at 100 percent only the disk itself says so."""
    matters = {"staging", "store"} & set(volume.places)
    limit = settings.DISK_PAUSE_PERCENT
    return bool(matters) and limit < 100 and volume.percent >= limit  # noqa: PLR2004 percent


_watch = _Watch()


def check_room() -> None:
    """Raise StorageFullError while a disk that files come to is as full as it may be."""
    volume = _watch.full()
    if volume is not None:
        raise StorageFullError(
            f"The disk of {names_of(volume)} is {volume.percent} % full; imports wait from "
            f"{settings.DISK_PAUSE_PERCENT} % on.",
            mount=volume.mount,
            percent=volume.percent,
            free_bytes=volume.free,
        )


def watched(checkpoint: Callable[[], None]) -> Callable[[], None]:
    """Make a checkpoint that also stops before a disk is full."""

    def check() -> None:
        checkpoint()
        check_room()

    return check
