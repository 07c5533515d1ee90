"""Celery entry points: ids in, no logic; each may be delivered twice and must not matter."""

from __future__ import annotations

import uuid

from celery import shared_task

from core import heartbeats, runs


@shared_task(name="core.advance")
def advance(run_id: str) -> None:
    runs.advance(uuid.UUID(run_id))


@shared_task(name="core.sweep")
def sweep() -> None:
    runs.sweep()
    heartbeats.note("beat", "sweep")
