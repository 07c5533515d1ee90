"""Take a private model in pieces: open a set, announce files, receive, close, collect leftovers."""

from __future__ import annotations

import re
import shutil
import time
from collections.abc import Callable
from datetime import timedelta
from pathlib import Path
from typing import Final

import structlog
from django.conf import settings
from django.db import IntegrityError, transaction
from django.db.models import Count, Q, Sum
from django.utils import timezone

from catalog.models import Upload, UploadSet
from catalog.selectors.uploads import open_set
from catalog.services.intake import start_private
from catalog.sources.base import ModelRef
from catalog.sources.folder.reading import check_name
from catalog.sources.paths import check_path
from catalog.upload_policy import check_ending, check_size, most_bytes, most_file_bytes
from catalog.upstreams import UPLOADS
from core.errors import (
    ConflictError,
    InvalidInputError,
    NotFoundError,
    NotPermittedError,
    TooLargeError,
)
from core.models import Run
from core.receiving import Body, Checksum, bytes_in, make_file, receive
from core.storage.base import is_sha256
from downloads import services as downloads
from registry import audit
from registry.callers import Caller
from registry.enums import Scope
from registry.services.gates import active_rules

log = structlog.get_logger(__name__)
State = UploadSet.State
MOST_SETS: Final = 20
MOST_FILES: Final = 10_000
TOUCH_EVERY: Final = 15.0
WORTH_ASKING: Final = 64 << 20  # a smaller file finds a full disk when it gets there
KEPT_CLOSED: Final = timedelta(days=7)
_PERSON: Final = re.compile(r"[\w.@+-]+")


@transaction.atomic
def begin_upload(*, caller: Caller, name: str) -> UploadSet:
    """Open a set for one version of a private model; its name begins with that of the person."""
    if caller.user_id is None or not caller.may(Scope.REQUEST):
        raise NotPermittedError("Sending models needs an account and the scope request.")
    if not _PERSON.fullmatch(caller.name):
        raise InvalidInputError("Your user name has characters that no name of a model has.")
    if UploadSet.objects.filter(user_id=caller.user_id, state=State.OPEN).count() >= MOST_SETS:
        raise ConflictError(f"You have {MOST_SETS} unfinished uploads: finish or end one first.")
    short = name.strip().removeprefix(f"{caller.name}/")
    if not short or "/" in short:
        raise InvalidInputError("Give the model one name, without a slash.", field="name")
    made = UploadSet.objects.create(
        user_id=caller.user_id,
        name=check_name(f"{caller.name}/{short}"),
        touched_at=timezone.now(),
    )
    audit.record(actor=caller, action="upload.begin", subject_type="upload", subject=made.name)
    return made


@transaction.atomic
def announce_file(
    *, caller: Caller, upload_set: UploadSet, path: str, length: int, sha256: str = ""
) -> Upload:
    """Make room for one file, after everything that can be known of it now was checked."""
    upload_set = open_set(caller, upload_set.pk, lock=True)
    path = check_path(path)
    if sha256 and not is_sha256(sha256):
        raise InvalidInputError("sha256 is 64 digits of 0-9 and a-f.", field="sha256")
    _check_file(upload_set, path, length)
    upload = Upload(upload_set=upload_set, path=path, length=length, sha256=sha256)
    try:
        with transaction.atomic():
            upload.save(force_insert=True)
    except IntegrityError as error:
        raise ConflictError(f"{path} is in this upload already: go on with it.") from error
    _touch(upload_set)
    make_file(upload.file)
    return upload


def _check_file(upload_set: UploadSet, path: str, length: int) -> None:
    others = upload_set.uploads.aggregate(count=Count("pk"), size=Sum("length"))
    if others["count"] >= MOST_FILES:
        raise TooLargeError(f"An upload has at most {MOST_FILES} files", limit=MOST_FILES)
    parts = path.split("/")
    above = ["/".join(parts[:end]) for end in range(1, len(parts))]
    clash = upload_set.uploads.filter(Q(path__in=above) | Q(path__startswith=f"{path}/")).first()
    if clash is not None:
        raise InvalidInputError(f"{clash.path} and {path}: one name is both a file and a folder.")
    policies = active_rules()
    check_ending(path, policies)
    largest = most_file_bytes(policies)
    if largest is not None:
        check_size(path, length, largest)
    most = most_bytes(settings.UPLOAD_MAX_BYTES, policies)
    check_size(path, length + (others["size"] or 0), most)
    if length >= WORTH_ASKING:
        downloads.promise(None, {settings.UPLOADS_DIR: length})


def announced_bytes() -> tuple[Path, int]:
    """Where uploads come to, and the bytes of large files that were announced and not sent yet."""
    large = Upload.objects.filter(upload_set__state=State.OPEN, length__gte=WORTH_ASKING)
    return settings.UPLOADS_DIR, sum(one.length - _arrived(one) for one in large)


def _arrived(upload: Upload) -> int:
    try:
        return bytes_in(upload.file)
    except NotFoundError:
        return 0


def receive_piece(
    *,
    upload: Upload,
    body: Body,
    offset: int,
    announced: int | None = None,
    checksum: Checksum | None = None,
) -> int:
    """Append a piece to a file of an open set and say how long it is now."""
    _touch(upload.upload_set)
    try:
        return receive(
            upload.file,
            body,
            offset=offset,
            length=upload.length,
            announced=announced,
            checksum=checksum,
            heard=_toucher(upload.upload_set),
        )
    finally:
        _touch(upload.upload_set, insist=False)


def _toucher(upload_set: UploadSet) -> Callable[[int], None]:
    """Keep the set from expiring while a piece arrives for hours."""
    last = time.monotonic()

    def heard(size: int) -> None:
        nonlocal last
        if time.monotonic() - last > TOUCH_EVERY:
            last = time.monotonic()
            _touch(upload_set)

    return heard


def _touch(upload_set: UploadSet, *, insist: bool = True) -> None:
    now = timezone.now()
    sets = UploadSet.objects.filter(pk=upload_set.pk, state=State.OPEN)
    if sets.update(touched_at=now):
        upload_set.touched_at = now
    elif insist:
        raise NotFoundError("This upload is closed or has expired: begin it anew.")


def end_file(*, caller: Caller, upload: Upload) -> None:
    """Forget one file of an open set, and its bytes."""
    with transaction.atomic():
        open_set(caller, upload.upload_set_id, lock=True)
        Upload.objects.filter(pk=upload.pk).delete()
    upload.file.unlink(missing_ok=True)


def end_upload(*, caller: Caller, upload_set: UploadSet) -> None:
    """Forget an open set with all its files."""
    with transaction.atomic():
        upload_set = open_set(caller, upload_set.pk, lock=True)
        folder = upload_set.folder
        upload_set.delete()
        audit.record(
            actor=caller, action="upload.end", subject_type="upload", subject=upload_set.name
        )
    _remove(folder)


def finish_upload(*, caller: Caller, upload_set: UploadSet) -> Run:
    """Close a set whose files are all here and bring it in as a version; asked twice is one run."""
    with transaction.atomic():
        locked = open_set(caller, upload_set.pk, lock=True, closed=True)
        if locked.run is not None:
            return locked.run
        _check_complete(locked)
        ref = ModelRef(UPLOADS, locked.name, locked.pk.hex)
        locked.state, locked.touched_at = State.SEALED, timezone.now()
        locked.run = start_private(caller, ref)
        locked.save(update_fields=["state", "touched_at", "run"])
        audit.record(
            actor=caller, action="upload.finish", subject_type="upload", subject=locked.name
        )
        return locked.run


def _check_complete(upload_set: UploadSet) -> None:
    uploads = list(upload_set.uploads.select_related("upload_set"))
    if not uploads:
        raise ConflictError("This upload has no files yet: send at least one.")
    missing = [one.path for one in uploads if _arrived(one) != one.length]
    if missing:
        more = f" and {len(missing) - 1} more" if len(missing) > 1 else ""
        raise ConflictError(
            f"{missing[0]}{more} is not here whole: go on sending.", missing=missing[:100]
        )


def collect_uploads() -> int:
    """Remove sets that nobody sends to any more, and bytes of closed ones that are stored."""
    now = timezone.now()
    old = UploadSet.objects.filter(state=State.OPEN, touched_at__lt=now - settings.UPLOAD_EXPIRES)
    gone = 0
    for one in list(old[:500]):
        if old.filter(pk=one.pk).update(state=State.EXPIRED):
            log.info("upload_expired", name=one.name)
            gone += _remove(one.folder)
    for one in UploadSet.objects.filter(state=State.SEALED).select_related("run")[:500]:
        if _is_stored(one) or one.touched_at < now - KEPT_CLOSED:
            UploadSet.objects.filter(pk=one.pk).update(state=State.DONE)
            gone += _remove(one.folder)
    return gone + _collect_strays()


def _is_stored(upload_set: UploadSet) -> bool:
    """Whether every file of the version that a closed set became is in the content store."""
    if upload_set.run is None or upload_set.run.is_active or not upload_set.commit:
        return False
    version = upload_set.run.intake.version
    return version is not None and not version.files.filter(content__isnull=True).exists()


def _collect_strays() -> int:
    """Remove folders that no row knows: a process died between making one and saying so."""
    if not settings.UPLOADS_DIR.is_dir():
        return 0
    known = {one.hex for one in UploadSet.objects.values_list("pk", flat=True)}
    limit = time.time() - settings.UPLOAD_EXPIRES.total_seconds()
    strays = [
        path
        for path in settings.UPLOADS_DIR.iterdir()
        if path.name not in known and path.lstat().st_mtime < limit
    ]
    for path in strays:
        shutil.rmtree(path, ignore_errors=True)
    return len(strays)


def _remove(folder: Path) -> int:
    try:
        shutil.rmtree(folder)
    except FileNotFoundError:
        return 0
    except OSError as error:
        log.warning("upload_not_removed", folder=folder.name, error=str(error))
        return 0
    return 1
