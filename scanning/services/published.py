"""Notice engines that changed, and queue the published versions that they have not judged yet.

Rows decide here as everywhere: what is due follows from what each version was judged by, so a look
that is left out or done twice changes nothing.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime
from typing import Final

import structlog
from django.conf import settings
from django.db import connection, transaction
from django.db.models import Max, OuterRef, Q, QuerySet, Subquery, Sum
from django.db.models.functions import Coalesce
from django.utils import timezone

from core.errors import ScanFailedError
from core.jobs import start_run
from core.models import Run
from registry.enums import Admission
from registry.models import Download, ModelVersion
from scanning.models import EngineSet, Rescan
from scanning.services.engines import Named, engines, named

log = structlog.get_logger(__name__)
KIND: Final = "rescan"
_KEY: Final = "published"
_WINDOW: Final = 5000  # ids that are looked at together
_LOCK: Final = 0x656E67696E  # any constant of our own: who notices a change queues behind it


def notice_engines() -> Run | None:
    """Compare the engines with those noticed last; start the run when something is to be done.

    While an engine that is configured is away nothing is started: its signatures are not known.
    """
    if not settings.RESCAN_INTERVAL:
        return None
    try:
        current = keep_engines(named(engines()))
    except ScanFailedError as error:
        log.warning("engines_not_compared", error=error.message)
        return None
    if not due().exists() and not not_queued(current).exists() and not given_up(current).exists():
        return None
    run, _ = start_run(kind=KIND, key=_KEY)
    return run


@transaction.atomic
def keep_engines(found: Named) -> EngineSet:
    """Give the row of these engines, a new one where they are not those of the last."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
    last = EngineSet.objects.first()
    if last and (last.rules, last.signatures) == (found.rules, found.signatures):
        return last
    log.info("engines_changed", engines=found.engines)
    return EngineSet.objects.create(
        rules=found.rules,
        signatures=found.signatures,
        engines=list(found.engines),
        noticed_at=timezone.now(),
    )


def not_queued(current: EngineSet) -> QuerySet[ModelVersion]:
    """Published versions that other engines judged, and that do not wait for these yet."""
    old = timezone.now() - settings.RESCAN_SIGNATURES_AFTER
    differs = (
        Q(scanned_by__isnull=True)
        | ~Q(scanned_by__rules=current.rules)
        | (~Q(scanned_by__signatures=current.signatures) & Q(scanned_by__at__lte=old))
    )
    return ModelVersion.objects.filter(
        differs, admission=Admission.ADMITTED, rescan__isnull=True
    ).order_by("pk")


def given_up(current: EngineSet) -> QuerySet[Rescan]:
    """What earlier engines could not look at: these may."""
    return Rescan.objects.filter(gave_up_at__isnull=False).exclude(engines=current)


def due(now: datetime | None = None) -> QuerySet[Rescan]:
    """What waits and may be done now, in the order in which it is done."""
    free = Q(not_before__isnull=True) | Q(not_before__lte=now or timezone.now())
    return Rescan.objects.filter(free, gave_up_at__isnull=True)


def queue_published(*, report: Callable[[int, int, str], None]) -> int:
    """Queue every published version that the newest engines have not judged; say how many wait."""
    current = EngineSet.objects.first()
    if current is None:
        return 0
    given_up(current).update(
        engines=current, tries=0, not_before=None, gave_up_at=None, queued_at=timezone.now()
    )
    top = ModelVersion.objects.aggregate(top=Max("pk"))["top"] or 0
    for start in range(0, top, _WINDOW):
        window = not_queued(current).filter(pk__gt=start, pk__lte=start + _WINDOW)
        Rescan.objects.bulk_create(
            (
                Rescan(
                    version_id=pk,
                    engines=current,
                    queued_at=timezone.now(),
                    downloads=-(-files // max(1, of)),
                )
                for pk, files, of in _with_downloads(window)
            ),
            ignore_conflicts=True,
        )
        report(min(start + _WINDOW, top), top, "")
    return due().count()


def _with_downloads(versions: QuerySet[ModelVersion]) -> QuerySet[ModelVersion, tuple[int, ...]]:
    """Versions with how many of their files were downloaded, and how many files they have."""
    mine = Download.objects.filter(version=OuterRef("pk")).order_by().values("version")
    files = mine.annotate(n=Sum("files")).values("n")
    counted = versions.annotate(files_sent=Coalesce(Subquery(files), 0))
    return counted.values_list("pk", "files_sent", "file_count")
