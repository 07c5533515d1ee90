"""The disks of this yard: what of it is on them, and how well they are."""

from __future__ import annotations

from pathlib import Path

from django.conf import settings
from django.db import connection

from core.health import Part, State
from core.volumes import Volume, volumes_of
from core.wording import file_size, listed


def places() -> dict[str, Path]:
    """The folders whose disks matter; what lies on other machines is not among them."""
    found = {"staging": settings.STAGING_DIR}
    if settings.S3_ENDPOINT:
        found["cache"] = settings.CACHE_DIR
    else:
        found["store"] = settings.STORE_DIR
    found["scratch"] = settings.SCRATCH_DIR
    if (database := settings.STATE_DIR / "postgres").is_dir() and _is_ours():
        found["database"] = database
    return found


def _is_ours() -> bool:
    """Whether the database is the one that `make up` keeps in STATE_DIR."""
    return str(connection.settings_dict["HOST"]).startswith("/")


def disks() -> list[Volume]:
    """The volumes of this yard, the one that files come to first."""
    return volumes_of(places())


def names_of(volume: Volume) -> str:
    return listed(volume.places)


def state_of(volume: Volume) -> State:
    """How well a disk is: warned of before imports wait for it."""
    if volume.trouble or volume.percent >= settings.DISK_PAUSE_PERCENT:
        return "bad"
    return "warn" if volume.percent >= settings.DISK_WARN_PERCENT else "ok"


def parts() -> list[Part]:
    """One part of the yard's health for each disk."""
    return [_part(volume) for volume in disks()]


def _part(volume: Volume) -> Part:
    words = volume.trouble or f"{volume.percent} % full, {file_size(volume.free)} free"
    facts: dict[str, object] = {
        "mount": volume.mount,
        "places": list(volume.places),
        "total_bytes": volume.total,
        "free_bytes": volume.free,
        "percent": volume.percent,
    }
    return Part(f"disk of {names_of(volume)}", state_of(volume), words, facts)
