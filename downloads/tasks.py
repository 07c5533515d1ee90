"""What the timetable starts here; each may be delivered twice and must not matter."""

from __future__ import annotations

from celery import shared_task

from downloads.services import collecting


@shared_task(name="downloads.collect")
def collect() -> None:
    collecting.start_collection(caller=None)
