"""Collect what no file uses: rows with their bytes, bytes without a row, leftovers of the dead."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import BooleanField, ExpressionWrapper, Q, Value
from django.utils import timezone

from core import jobs, runs
from core.errors import NotFoundError, NotPermittedError
from core.models import Run
from core.storage import StoredContent
from core.storage.configured import content_store
from core.storage.faults import local_faults
from downloads.fetchers import staging_path
from downloads.fetchers.staging import discard
from downloads.policy import side_by_side
from downloads.selectors import staged_files
from registry import audit
from registry.callers import Caller
from registry.enums import Admission, Scope
from registry.models import Content, ModelFile, ModelVersion
from registry.services.contents import remove_unnoted, remove_unused, unused

log = structlog.get_logger(__name__)
KIND = "collect"
LEFT_ALONE = timedelta(hours=1)  # nothing that dies is called dead sooner, whatever the grace time
EXAMPLES = 20
Report = Callable[[int, int, str], None]


@dataclass(slots=True)
class Tally:
    """How many, and how many bytes."""

    count: int = 0
    size: int = 0

    def add(self, size: int) -> None:
        self.count += 1
        self.size += size


@dataclass(slots=True)
class Collected:
    """What a collection removed, or would remove; `missing` are rows whose bytes are gone."""

    contents: Tally = field(default_factory=Tally)
    unnoted: Tally = field(default_factory=Tally)
    leftovers: Tally = field(default_factory=Tally)
    young: Tally = field(default_factory=Tally)
    missing: Tally = field(default_factory=Tally)
    busy: int = 0
    versions: int = 0
    examples: list[str] = field(default_factory=list)

    @property
    def freed(self) -> int:
        return self.contents.size + self.unnoted.size + self.leftovers.size

    def to_json(self) -> dict[str, Any]:
        return asdict(self) | {"freed_bytes": self.freed}


@dataclass(frozen=True, slots=True)
class _Row:
    sha256: str
    size: int
    is_unused: bool
    is_old: bool


def start_collection(
    *, caller: Caller | None, dry_run: bool = False, grace: timedelta | None = None
) -> Run:
    """Start a collection, or give the one that runs; `caller` None is the timetable."""
    if caller is not None and not caller.may(Scope.OPERATE):
        raise NotPermittedError("Collecting needs the scope operate.")
    with transaction.atomic():
        run, created = jobs.start_run(kind=KIND, key="look" if dry_run else "collect")
        if created:
            kept = settings.GC_GRACE if grace is None else grace
            run.result = {"dry_run": dry_run, "grace_seconds": kept.total_seconds()}
            run.save(update_fields=["result"])
            audit.record(actor=caller or "yard", action=f"store.{run.key}", subject_type="store")
    return run


def release_withdrawn(*, dry_run: bool) -> int:
    """Let versions that were withdrawn long enough ago give up their files; say how many.

    Their rows stay with all that is known of them; an import brings the files anew.
    """
    if not settings.WITHDRAWN_KEPT:
        return 0
    before = timezone.now() - settings.WITHDRAWN_KEPT
    old = ModelVersion.objects.filter(admission=Admission.WITHDRAWN, withdrawn_at__lte=before)
    holding = old.filter(files__content__isnull=False).distinct().order_by("pk")
    if dry_run:
        return holding.count()
    return sum(_release(version) for version in holding)


@transaction.atomic
def _release(version: ModelVersion) -> bool:
    still = ModelVersion.objects.select_for_update().filter(
        pk=version.pk, admission=Admission.WITHDRAWN
    )
    if not still.exists():
        return False
    count = ModelFile.objects.filter(version=version, content__isnull=False).update(content=None)
    audit.record(
        actor="yard",
        action="version.release",
        subject_type="version",
        subject=str(version),
        reason=f"Withdrawn for more than {settings.WITHDRAWN_KEPT.days} days.",
        details={"files": count},
    )
    return True


def collect_contents(*, grace: timedelta, dry_run: bool, report: Report) -> Collected:
    """Walk rows and store side by side in order of the hash and remove what nothing uses.

    Neither side is ever in memory as a whole. Each content is looked at again under its lock
    before it goes, so that what a run takes up meanwhile stays.
    """
    found = Collected()
    before = timezone.now() - grace
    total = Content.objects.count()
    rows = _rows(before)
    for done, (row, stored) in enumerate(side_by_side(rows, content_store().iter_contents())):
        if done % 1000 == 0:
            report(min(done, total), total, "")
        if row is None and stored is not None:
            _unnoted(found, stored, before, dry_run=dry_run)
        elif row is not None:
            _noted(found, row, stored, before, dry_run=dry_run)
    report(total, total, "")
    return found


def _rows(before: datetime) -> Iterator[_Row]:
    """Every content in order of its hash, through a cursor of the server."""
    contents = Content.objects.order_by("sha256").annotate(
        is_unused=ExpressionWrapper(unused(), output_field=BooleanField()),
        is_old=ExpressionWrapper(Q(used_at__lte=Value(before)), output_field=BooleanField()),
    )
    rows = contents.values_list("sha256", "size", "is_unused", "is_old")
    return (_Row(*row) for row in rows.iterator(chunk_size=5000))


def _noted(
    found: Collected, row: _Row, stored: StoredContent | None, before: datetime, *, dry_run: bool
) -> None:
    if row.is_unused and row.is_old:
        if dry_run or remove_unused(row.sha256, before=before):
            _note(found, found.contents, row.sha256, row.size if stored else 0)
        else:
            found.busy += 1
    elif row.is_unused:
        found.young.add(row.size)
    elif stored is None and _is_missing(row.sha256):
        found.missing.add(row.size)
        log.warning("bytes_missing", sha256=row.sha256)


def _unnoted(found: Collected, stored: StoredContent, before: datetime, *, dry_run: bool) -> None:
    if stored.modified > before:
        found.young.add(stored.size)
    elif dry_run or remove_unnoted(stored.sha256):
        _note(found, found.unnoted, stored.sha256, stored.size)
    else:
        found.busy += 1


def _note(found: Collected, tally: Tally, sha256: str, size: int) -> None:
    tally.add(size)
    if len(found.examples) < EXAMPLES:
        found.examples.append(sha256)


def _is_missing(sha256: str) -> bool:
    """Look again: the two lists are not of one moment."""
    sound = Content.objects.filter(pk=sha256, quarantined_at__isnull=True)
    if not sound.exists():
        return False
    try:
        content_store().stat(sha256)
    except NotFoundError:
        return sound.exists()
    return False


def clear_leftovers(*, grace: timedelta, dry_run: bool) -> Tally:
    """Remove what killed puts left in the store, and in staging what no run takes up any more."""
    age = max(grace, LEFT_ALONE)
    cleared = content_store().clear_leftovers(older_than=age, dry_run=dry_run)
    tally = Tally(cleared.count, cleared.size)
    for path in _left_in_staging(age):
        with local_faults(f"Staging file {path.name}"), suppress(FileNotFoundError):
            tally.add(path.stat().st_blocks * 512)
            if not dry_run:
                discard(path)
    return tally


def _left_in_staging(age: timedelta) -> Iterator[Path]:
    """Staging files that nobody wrote to for that long and that no run under way will take up."""
    if not settings.STAGING_DIR.is_dir():
        return
    wanted = {
        staging_path(settings.STAGING_DIR, f"file:{pk}").name
        for pk in staged_files().iterator(chunk_size=5000)
    }
    for path in settings.STAGING_DIR.glob("*.part"):
        with suppress(FileNotFoundError):
            old = time.time() - path.stat().st_mtime > age.total_seconds()
            if old and path.name not in wanted:
                yield path


def end_collection(found: dict[str, Any], *, dry_run: bool) -> None:
    """Tell the audit trail what went, and the runs that wait for space that there is some."""
    if dry_run:
        return
    if found["freed_bytes"]:
        runs.wake_waiting("storage_full")
    audit.record(
        actor="yard",
        action="store.collected",
        subject_type="store",
        details={name: value for name, value in found.items() if name != "examples"},
    )
