"""Read the whole store again: every content is hashed, and what is rotten goes into quarantine."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Q, Sum
from django.utils import timezone

from core import jobs
from core.errors import NotFoundError, NotPermittedError
from core.models import Run
from core.storage.base import ContentStore
from core.storage.configured import content_store
from downloads import pressure
from registry import audit
from registry.callers import Caller
from registry.enums import Scope
from registry.models import Content
from registry.services.quarantine import heal, quarantine

log = structlog.get_logger(__name__)
KIND = "verify"
BATCH = 500
SHOWN = 50
Report = Callable[[int, int, str], None]


@dataclass(slots=True)
class Pace:
    """Keep a reader at a number of bytes per second, or at less while the disks are busy."""

    rate: int
    began: float = field(default_factory=time.monotonic)
    read: float = 0.0

    def took(self, size: int) -> None:
        """Note bytes that were read and rest until they are due."""
        if not self.rate:
            return
        self.read += size / pressure.slow_down()
        ahead = self.began + self.read / self.rate - time.monotonic()
        if ahead > 0:
            time.sleep(min(ahead, 1.0))
        elif ahead < -1.0:  # what the disk could not give is not caught up with
            self.began, self.read = time.monotonic(), 0.0


def start_check(*, caller: Caller | None, rate: int | None = None) -> Run:
    """Start a check of the whole store, or give the one that runs."""
    if caller is not None and not caller.may(Scope.OPERATE):
        raise NotPermittedError("Checking the store needs the scope operate.")
    with transaction.atomic():
        run, created = jobs.start_run(kind=KIND, key="store")
        if created:
            run.result = {"rate": settings.VERIFY_RATE if rate is None else rate}
            run.save(update_fields=["result"])
            audit.record(actor=caller or "yard", action="store.verify", subject_type="store")
    return run


def mend() -> None:
    """Finish what a check or an import that died left half done."""
    rotten = Content.objects.filter(quarantined_at__isnull=False)
    healed = Content.objects.filter(quarantined_at__isnull=True).exclude(quarantined_from=[])
    for sha256, reason in rotten.values_list("sha256", "quarantine_reason"):
        quarantine(sha256=sha256, reason=reason)
    for sha256 in healed.values_list("sha256", flat=True):
        heal(sha256)


def check_store(*, since: datetime, rate: int, report: Report) -> dict[str, Any]:
    """Hash every content that was not hashed since then; what differs is taken out of service.

    Each is noted as it is done, so that a check that was stopped goes on where it ended.
    """
    mend()
    store, pace = content_store(), Pace(rate)
    everything = Content.objects.filter(quarantined_at__isnull=True)
    total = everything.aggregate(size=Sum("size"))["size"] or 0
    done = everything.filter(verified_at__gte=since).aggregate(size=Sum("size"))["size"] or 0
    for batch in _batches(since):
        sound: list[str] = []
        try:
            for content in batch:

                def tell(part: int, *, so_far: int = done, name: str = content.sha256[:12]) -> None:
                    report(so_far + part, total, name)

                tell(0)
                if _is_sound(store, content, pace, tell):
                    sound.append(content.sha256)
                done += content.size
        finally:
            Content.objects.filter(pk__in=sound).update(verified_at=timezone.now())
    report(total, total, "")
    return summary(since)


def _batches(since: datetime) -> Iterator[list[Content]]:
    """Contents that are still to be hashed, in order of the hash."""
    waiting = Content.objects.filter(
        Q(verified_at__isnull=True) | Q(verified_at__lt=since), quarantined_at__isnull=True
    ).order_by("sha256")
    last = ""
    while batch := list(waiting.filter(sha256__gt=last).only("sha256", "size")[:BATCH]):
        last = batch[-1].sha256
        yield batch


def _is_sound(
    store: ContentStore, content: Content, pace: Pace, tell: Callable[[int], None]
) -> bool:
    try:
        actual, size = _hash(store, content.sha256, pace, tell)
    except NotFoundError:
        if not Content.objects.filter(pk=content.sha256).exists():
            return False  # collected meanwhile
        reason = "Its bytes are gone from the store."
    else:
        if (actual, size) == (content.sha256, content.size):
            return True
        reason = f"Its bytes rotted in the store: sha256 {actual}, {size} bytes."
    log.error("rotten_content", sha256=content.sha256, reason=reason)
    quarantine(sha256=content.sha256, reason=reason)
    return False


def _hash(
    store: ContentStore, sha256: str, pace: Pace, tell: Callable[[int], None]
) -> tuple[str, int]:
    digest, size = hashlib.sha256(), 0
    for chunk in store.read_stored(sha256):
        digest.update(chunk)
        size += len(chunk)
        pace.took(len(chunk))
        tell(size)
    return digest.hexdigest(), size


def summary(since: datetime) -> dict[str, Any]:
    """What a check found: the rotten ones by name, and how many versions lost them."""
    checked = Content.objects.filter(verified_at__gte=since).aggregate(size=Sum("size"))
    rotten = Content.objects.filter(quarantined_at__gte=since).order_by("sha256")
    return {
        "sound": Content.objects.filter(verified_at__gte=since).count(),
        "sound_bytes": checked["size"] or 0,
        "rotten": rotten.count(),
        "in_quarantine": Content.objects.filter(quarantined_at__isnull=False).count(),
        "contents": [
            {
                "sha256": row.sha256,
                "size": row.size,
                "reason": row.quarantine_reason,
                "versions": len(row.quarantined_from),
            }
            for row in rotten[:SHOWN]
        ],
    }
