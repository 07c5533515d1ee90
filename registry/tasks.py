"""Celery entry points of the registry."""

from __future__ import annotations

from celery import shared_task

from registry.services import delivering, gates, judging, months, seals, usage


@shared_task(name="registry.review_waivers")
def review_waivers() -> None:
    gates.review_waivers()


@shared_task(name="registry.judge_again")
def judge_again() -> None:
    while judging.judge_again() == judging.BATCH:
        pass


@shared_task(name="registry.deliver_notices")
def deliver_notices() -> None:
    delivering.deliver_due()


@shared_task(name="registry.seal_served")
def seal_served() -> None:
    while seals.seal_served() == seals.BATCH:
        pass


@shared_task(name="registry.tidy_served")
def tidy_served() -> None:
    months.prepare_months()
    months.forget_usage()


@shared_task(name="registry.count_downloads")
def count_downloads() -> None:
    usage.count_downloads()
