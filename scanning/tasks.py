"""What the timetable and a starting worker begin here; twice does not matter."""

from __future__ import annotations

from celery import shared_task
from celery.signals import worker_ready

from core import jobs
from scanning.services import published


@shared_task(name="scanning.notice_engines")
def notice_engines() -> None:
    published.notice_engines()


@worker_ready.connect
def compare_at_start(sender: object, **_: object) -> None:
    """A worker that starts may have other engines than the one before it."""
    jobs.enqueue("scanning.notice_engines", queue="scanning")
