"""What the timetable and waivers start here; may be delivered twice and must not matter."""

from __future__ import annotations

from celery import shared_task

from scanning.services import reviewing


@shared_task(name="scanning.review_waivers")
def review_waivers() -> None:
    reviewing.review_waivers()
