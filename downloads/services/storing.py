"""Hash what was fetched, keep it under its SHA-256, attach it to its file."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import structlog

from core.errors import BytesDifferError, IntegrityError
from core.storage.configured import content_store
from downloads.fetchers.staging import discard, is_complete
from downloads.services import rows
from downloads.services.bringing import ATTEMPTS, fetch_one
from downloads.services.transfer import Transfer
from downloads.verify import check, hash_file
from registry.models import ModelFile
from registry.services.contents import adopt, take_in
from registry.services.quarantine import heal

log = structlog.get_logger(__name__)
EVERY = 1.0


def verify_and_store(transfer: Transfer) -> None:
    """Hash every staged file against what was published and keep it under its SHA-256."""
    files = transfer.waiting()
    done, total = 0, sum(file.size for file in files)
    settled = transfer.clock()
    for file in files:
        transfer.checkpoint()
        transfer.report(done, total, file.path)
        try:
            store_file(transfer, file)
        except BytesDifferError as error:
            rows.note_failure(transfer.run, file, error)
            raise
        done += file.size
        if transfer.clock() - settled >= EVERY:
            settled = transfer.clock()
            rows.settle(transfer.run)
    rows.settle(transfer.run)
    transfer.report(done, total, "")


def keep_arrived(transfer: Transfer, file: ModelFile) -> None:
    """Keep a file that is whole in staging; raise IntegrityError when its bytes are others.

    Bytes that another worker stores at this moment are left to the step that verifies.
    """
    if not _stored_meanwhile(transfer, file, wait=False):
        keep_file(transfer.staging(file), file, checkpoint=transfer.checkpoint, wait=False)


def bytes_differ(file: ModelFile, last: IntegrityError) -> BytesDifferError:
    """Make the error of a file that never was what its source published."""
    return BytesDifferError(f"{file.path}: {last.message}", path=file.path, **last.details)


def store_file(transfer: Transfer, file: ModelFile) -> None:
    """Keep the bytes of one file that are what the source published, and attach them to it.

    Other bytes are thrown away and fetched anew, from the beginning and a fresh address; the third
    time the error names both hashes. Whatever dies here, the file is either stored and attached or
    still to be stored. A thread may do this for each file as it arrives.
    """
    last = IntegrityError("never compared")
    for attempt in range(1, ATTEMPTS + 1):
        if _stored_meanwhile(transfer, file):
            return
        staging = transfer.staging(file)
        if not is_complete(staging, file.size):
            fetch_one(transfer, file, lambda _: transfer.checkpoint())
        try:
            keep_file(staging, file, checkpoint=transfer.checkpoint)
        except IntegrityError as error:
            discard(staging)
            log.warning("bytes_differ", path=file.path, attempt=attempt)
            last = error
        else:
            return
    raise bytes_differ(file, last) from last


def keep_file(
    staging: Path, file: ModelFile, *, checkpoint: Callable[[], None], wait: bool = True
) -> None:
    """Store and attach a whole staging file; raise IntegrityError when its bytes are others.

    A store that hashes what it takes in is handed the file at once: the bytes are read once.
    """
    sha256 = file.sha256
    if not (sha256 and content_store().hashes(staging, file.size)):
        sha256 = _checked(staging, file, checkpoint)
    if take_in(path=staging, sha256=sha256, file=file, wait=wait):
        heal(sha256)


def _checked(staging: Path, file: ModelFile, checkpoint: Callable[[], None]) -> str:
    # The git id of an LFS file is that of its pointer: there the SHA-256 decides.
    oid = "" if file.sha256 else file.git_oid
    digests = hash_file(staging, git=bool(oid), progress=lambda _: checkpoint())
    check(digests, sha256=file.sha256, git_oid=oid, size=file.size)
    return digests.sha256


def _stored_meanwhile(transfer: Transfer, file: ModelFile, *, wait: bool = True) -> bool:
    """Take what is stored: by another run, or by a worker that died before it could attach."""
    if not file.sha256 or not content_store().exists(file.sha256) or not adopt(file, wait=wait):
        return False
    discard(transfer.staging(file))
    return True
