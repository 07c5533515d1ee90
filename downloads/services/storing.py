"""Hash what was fetched, keep it under its SHA-256, attach it to its file."""

from __future__ import annotations

from pathlib import Path

import structlog

from core.errors import BytesDifferError, IntegrityError
from core.storage.configured import content_store
from downloads.fetchers.staging import discard, is_complete
from downloads.services.fetching import fetch_one
from downloads.services.transfer import Transfer
from downloads.verify import check, hash_file
from registry.models import ModelFile
from registry.services.versions import store_content

log = structlog.get_logger(__name__)
ATTEMPTS = 3


def verify_and_store(transfer: Transfer) -> None:
    """Hash every staged file against what was published and keep it under its SHA-256."""
    store = content_store()
    files = transfer.waiting()
    done, total = 0, sum(file.size for file in files)
    for file in files:
        transfer.checkpoint()
        transfer.report(done, total, file.path)
        digest, staging = _verified(transfer, file)
        key = store.put(staging, digest, file.size)
        store_content(file=file, sha256=digest, storage_key=key)
        done += file.size
    transfer.report(done, total, "")


def _verified(transfer: Transfer, file: ModelFile) -> tuple[str, Path]:
    """Give the digest of a staged file that is what the source published.

    Other bytes are thrown away and fetched afresh; the third time the error names both hashes.
    """
    last = IntegrityError("never compared")
    for attempt in range(1, ATTEMPTS + 1):
        staging = transfer.staging(file)
        if _stored_meanwhile(file):
            return file.sha256, staging
        if not is_complete(staging, file.size):
            fetch_one(transfer, file, lambda _: transfer.checkpoint())
        digests = hash_file(staging, progress=lambda _: transfer.checkpoint())
        try:
            # The git id of an LFS file is that of its pointer: there the SHA-256 decides.
            oid = "" if file.sha256 else file.git_oid
            check(digests, sha256=file.sha256, git_oid=oid, size=file.size)
        except IntegrityError as error:
            discard(staging)
            log.warning("bytes_differ", path=file.path, attempt=attempt)
            last = error
        else:
            return digests.sha256, staging
    raise BytesDifferError(f"{file.path}: {last.message}", path=file.path, **last.details) from last


def _stored_meanwhile(file: ModelFile) -> bool:
    """A worker that died after storing and before attaching left a content without its file."""
    return bool(file.sha256) and content_store().exists(file.sha256)
