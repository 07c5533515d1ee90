"""What the timetable starts here; each may be delivered twice and must not matter."""

from __future__ import annotations

import structlog
from celery import shared_task

from downloads.disks import disks, state_of
from downloads.services import collecting

log = structlog.get_logger(__name__)


@shared_task(name="downloads.watch_disks")
def watch_disks() -> None:
    """Say in the log which disks fill up; health and pages look for themselves."""
    for volume in disks():
        if state_of(volume) != "ok":
            log.warning(
                "disk_fills_up",
                places=list(volume.places),
                mount=volume.mount,
                percent=volume.percent,
                trouble=volume.trouble,
            )


@shared_task(name="downloads.collect")
def collect() -> None:
    collecting.start_collection(caller=None)
