"""Contents and their rows as one thing: taken in, given to files, and removed without a race.

Who puts or deletes bytes holds the lock of their hash until its row is written or gone, so that no
collector comes between bytes and row, and no bytes vanish that a run has just found. Who gives a
content to a file holds its row. docs/adr/0006-collection.md has the whole protocol.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from pathlib import Path

from django.db import connection, transaction
from django.db.models import Exists, OuterRef, Q
from django.utils import timezone

from core.errors import NotFoundError, StorageError
from core.storage import content_key
from core.storage.configured import content_store
from registry.models import Content, ModelFile

_RENEWED = timedelta(minutes=10)  # a younger time of use is not written again


def _lock_key(sha256: str) -> int:
    return int.from_bytes(bytes.fromhex(sha256[:16]), signed=True)


def hold_hash(sha256: str, *, wait: bool = True) -> None:
    """Take the lock of these bytes; it is given back at the end of the transaction.

    Who need not wait for whoever works on them gets a StorageError instead.
    """
    if not wait:
        if not try_hash(sha256):
            raise StorageError(f"Another worker stores the bytes {sha256} now")
        return
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s::bigint)", [_lock_key(sha256)])


def try_hash(sha256: str) -> bool:
    """Take the lock of these bytes unless somebody works on them."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s::bigint)", [_lock_key(sha256)])
        row = cursor.fetchone()
    return bool(row and row[0])


@transaction.atomic
def take_in(*, path: Path, sha256: str, file: ModelFile, wait: bool = True) -> bool:
    """Store the bytes of a staging file, note them and whose they are; True: a content is healed.

    The staging file is used up. What lies under the hash of a content that was found rotten is
    moved aside first, so that nobody mistakes it for the bytes that come now.
    """
    hold_hash(sha256, wait=wait)
    store = content_store()
    rotten = Content.objects.filter(pk=sha256, quarantined_at__isnull=False).exists()
    if rotten:
        store.set_aside(sha256)
    store.put(path, sha256, file.size)
    _note(sha256, file)
    return rotten


@transaction.atomic
def adopt(file: ModelFile, *, wait: bool = True) -> bool:
    """Give a file the bytes that another run stored, or a worker that died before it could."""
    hold_hash(file.sha256, wait=wait)
    if Content.objects.filter(pk=file.sha256, quarantined_at__isnull=False).exists():
        return False
    try:
        found = content_store().stat(file.sha256)
    except NotFoundError:
        return False
    if found == file.size:
        _note(file.sha256, file)
    return found == file.size


def _note(sha256: str, file: ModelFile) -> None:
    content = Content(
        sha256=sha256, size=file.size, storage_key=content_key(sha256), used_at=timezone.now()
    )
    Content.objects.bulk_create(
        [content],
        update_conflicts=True,
        unique_fields=["sha256"],
        update_fields=["storage_key", "used_at", "quarantined_at", "quarantine_reason"],
    )
    file.sha256, file.content = sha256, content
    file.save(update_fields=["sha256", "content"])


@transaction.atomic
def attach_contents(pairs: Iterable[tuple[ModelFile, Content]]) -> int:
    """Say that these files' bytes are stored; a missing SHA-256 is filled in; say how many.

    What was collected or found rotten meanwhile is not given to anybody.
    """
    wanted = list(pairs)
    if not wanted:
        return 0
    known = Content.objects.filter(pk__in={content.pk for _, content in wanted})
    locked = known.filter(quarantined_at__isnull=True).order_by("pk")
    rows = {row.pk: row for row in locked.select_for_update(no_key=True)}
    files = []
    for file, content in wanted:
        if content.pk in rows:
            file.sha256, file.content = content.pk, rows[content.pk]
            files.append(file)
    ModelFile.objects.bulk_update(files, ["sha256", "content"], batch_size=500)
    old = timezone.now() - _RENEWED
    Content.objects.filter(pk__in=rows, used_at__lt=old).update(used_at=timezone.now())
    return len(files)


def unused() -> Q:
    """The condition that no file has a content: how often it is used is counted nowhere.

    One in quarantine is also used by the files that wait for its bytes to come again.
    """
    holding = ModelFile.objects.filter(content=OuterRef("pk"))
    waiting = ModelFile.objects.filter(sha256=OuterRef("pk"))
    return Q(~Exists(holding)) & (Q(quarantined_at__isnull=True) | Q(~Exists(waiting)))


def remove_unused(sha256: str, *, before: datetime) -> bool:
    """Remove a content that no file has and that was last used before then; False keeps it.

    The row goes first: what dies in between leaves bytes without a row, never a row without bytes.
    """
    with transaction.atomic():
        if not try_hash(sha256):
            return False
        rows = Content.objects.filter(unused(), pk=sha256, used_at__lte=before)
        row = rows.select_for_update(of=("self",)).first()
        if row is None or row.files.exists():  # a file got it while we waited for the row
            return False
        row.delete()
    return remove_unnoted(sha256)


@transaction.atomic
def remove_unnoted(sha256: str) -> bool:
    """Delete bytes that have no row; False where they have one, or somebody works on them."""
    if not try_hash(sha256) or Content.objects.filter(pk=sha256).exists():
        return False
    content_store().delete(sha256)
    return True
