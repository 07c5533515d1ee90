"""Celery entry points of the registry."""

from __future__ import annotations

from celery import shared_task

from registry.services import gates


@shared_task(name="registry.review_waivers")
def review_waivers() -> None:
    gates.review_waivers()
