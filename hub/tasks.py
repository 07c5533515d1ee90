"""Celery entry points of the Hub's side."""

from __future__ import annotations

from celery import shared_task

from hub.services import note_what_was_sent


@shared_task(name="hub.note_sent")
def note_sent() -> None:
    note_what_was_sent()
