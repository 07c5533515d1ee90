"""Celery entry points of the catalog."""

from __future__ import annotations

from celery import shared_task

from catalog.services import facets, local, updates, uploads


@shared_task(name="catalog.fold_facets")
def fold_facets() -> None:
    while facets.fold_facets() == facets.BATCH:
        pass


@shared_task(name="catalog.look_locally")
def look_locally() -> None:
    local.look_locally()


@shared_task(name="catalog.check_updates")
def check_updates() -> None:
    updates.check_due()


@shared_task(name="catalog.collect_uploads")
def collect_uploads() -> None:
    uploads.collect_uploads()
