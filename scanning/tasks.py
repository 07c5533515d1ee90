"""What workers, the timetable and waivers start; may be delivered twice and must not matter."""

from __future__ import annotations

import threading
from typing import Any

import structlog
from celery import shared_task
from celery.signals import worker_ready
from django.db import connection

from core import jobs
from scanning.services import proving, published, reviewing

QUEUE = "scanning"
log = structlog.get_logger(__name__)


@shared_task(name="scanning.prove_engines")
def prove_engines() -> None:
    proving.prove_engines(only_due=True)


@shared_task(name="scanning.notice_engines")
def notice_engines() -> None:
    published.notice_engines()


@shared_task(name="scanning.review_waivers")
def review_waivers() -> None:
    reviewing.review_waivers()


@worker_ready.connect
def compare_at_start(sender: object, **_: object) -> None:
    """A worker that starts may have other engines than the one before it."""
    jobs.enqueue("scanning.notice_engines", queue=QUEUE)


@worker_ready.connect
def prove_at_start(sender: Any, **_: object) -> None:  # noqa: ANN401 Celery's consumer has no type
    """Let a worker that scans prove its engines beside its first work."""
    if QUEUE in sender.app.amqp.queues.consume_from:
        threading.Thread(target=_prove_all, name="canaries", daemon=True).start()


def _prove_all() -> None:
    try:
        proving.prove_engines()
    except Exception:  # the next beat asks again; until then their state is not known
        log.exception("engines_not_proven")
    finally:
        connection.close()
