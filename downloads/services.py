"""Bring the files of a version into the content store: plan, fetch, verify, store, attach."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path

import httpx2
import structlog
from django.conf import settings

from core.errors import BytesDifferError, IntegrityError, StorageFullError
from core.http import HttpPolicy, build_client, check_url
from core.storage.configured import content_store
from core.storage.faults import local_faults
from downloads.fetchers import Fetcher, FetchRequest, Progress, staging_path
from downloads.fetchers.aria2 import Aria2Fetcher
from downloads.fetchers.ranged import RangedFetcher
from downloads.fetchers.staging import discard, is_complete
from downloads.links import LinkResolver
from downloads.policy import ARIA2_FROM, bytes_missing, space_needed
from downloads.verify import check, hash_file
from registry.models import Content, ModelFile, ModelVersion
from registry.services.versions import attach_contents, store_content

log = structlog.get_logger(__name__)
Report = Callable[[int, int, str], None]
ATTEMPTS = 3


@dataclass(frozen=True)
class Transfer:
    """The files of one version on their way, with what it takes to bring them.

    `report(done, total, words)` is called as bytes arrive; `checkpoint` raises to stop. Close it
    when the work is done.
    """

    version: ModelVersion
    links: LinkResolver
    http: HttpPolicy
    report: Report
    checkpoint: Callable[[], None]

    def waiting(self) -> list[ModelFile]:
        """Files whose bytes are not stored yet, the small ones first."""
        return list(self.version.files.filter(content__isnull=True).order_by("size", "path"))

    def staging(self, file: ModelFile) -> Path:
        return staging_path(settings.STAGING_DIR, f"file:{file.pk}")

    @cached_property
    def client(self) -> httpx2.Client:
        return build_client(self.http)

    def close(self) -> None:
        """Give connections back."""
        self.client.close()

    @cached_property
    def aria2(self) -> Aria2Fetcher | None:
        """aria2 when it is configured and answers; else the built-in downloader does its work."""
        if not settings.ARIA2_RPC_URL:
            return None
        fetcher = Aria2Fetcher(
            settings.ARIA2_RPC_URL,
            settings.ARIA2_RPC_SECRET,
            settings.STAGING_DIR,
            guard=lambda url: check_url(url, policy=self.http),
        )
        if reason := fetcher.unavailable():
            log.warning("aria2_away", reason=reason)
            return None
        return fetcher

    def fetcher_for(self, file: ModelFile, token: str) -> Fetcher:
        if file.size >= ARIA2_FROM and not token and self.aria2 is not None:
            return self.aria2
        return RangedFetcher(self.client, token=token)


def reuse_stored(version: ModelVersion) -> int:
    """Attach contents that are stored already under a published hash; say how many files.

    A git id is trusted within one model only: there it names a file that did not change.
    """
    files = list(version.files.filter(content__isnull=True))
    known = Content.objects.in_bulk({file.sha256 for file in files if file.sha256})
    unchanged = _by_git_oid(version, {file.git_oid for file in files if not file.sha256})
    found = [
        (file, content)
        for file in files
        if (content := known.get(file.sha256) if file.sha256 else unchanged.get(file.git_oid))
        and content.size == file.size
    ]
    attach_contents(found)
    return len(found)


def _by_git_oid(version: ModelVersion, wanted: set[str]) -> dict[str, Content]:
    """Contents of these small files that other versions of the model have."""
    others = ModelFile.objects.filter(version__model=version.model_id, is_lfs=False)
    stored = others.filter(content__isnull=False, git_oid__in=wanted - {""})
    stored = stored.select_related("content")
    return {file.git_oid: file.content for file in stored if file.content}


def fetch(transfer: Transfer) -> None:
    """Bring every missing file into staging, continuing what an earlier worker left there."""
    with local_faults(f"Staging folder {settings.STAGING_DIR}"):
        settings.STAGING_DIR.mkdir(parents=True, exist_ok=True)
    reuse_stored(transfer.version)
    files = transfer.waiting()
    _reserve(transfer, files)
    done, total = 0, sum(file.size for file in files)
    for file in files:
        transfer.checkpoint()
        before = done

        def arrived(progress: Progress, *, so_far: int = before, path: str = file.path) -> None:
            transfer.report(so_far + progress.done, total, path)

        _fetch_one(transfer, file, arrived)
        done += file.size
        transfer.report(done, total, file.path)


def _reserve(transfer: Transfer, files: list[ModelFile]) -> None:
    """Refuse before the first byte when the disk cannot hold what is missing."""
    sizes = [(file.size, _staged_bytes(transfer.staging(file))) for file in files]
    missing = bytes_missing(sizes)
    needed = space_needed(missing)
    free = shutil.disk_usage(settings.STAGING_DIR).free
    if needed > free:
        raise StorageFullError(
            f"This needs {needed / 1e9:.2f} GB of free space; {free / 1e9:.2f} GB are left.",
            needed_bytes=needed,
            free_bytes=free,
        )


def _staged_bytes(path: Path) -> int:
    """Bytes on disk, not the length: aria2's files have holes."""
    try:
        return path.stat().st_blocks * 512
    except FileNotFoundError:
        return 0


def _fetch_one(transfer: Transfer, file: ModelFile, arrived: Callable[[Progress], None]) -> None:
    staging = transfer.staging(file)
    if is_complete(staging, file.size):
        return
    link = transfer.links.link(file.path)
    request = FetchRequest(url=link.url, size=file.size, staging=staging, name=file.path)
    fetcher = transfer.fetcher_for(file, link.token)
    fetcher.fetch(
        request,
        resolve=lambda: transfer.links.link(file.path).url,
        progress=arrived,
        cancelled=lambda: _stopped(transfer),
    )


def _stopped(transfer: Transfer) -> bool:
    transfer.checkpoint()  # raises what stopped it; a plain False goes on
    return False


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
            _fetch_one(transfer, file, lambda _: transfer.checkpoint())
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


def discard_staged(version: ModelVersion) -> None:
    """Throw away what is in staging for a version whose run was cancelled."""
    for file in version.files.filter(content__isnull=True):
        discard(staging_path(settings.STAGING_DIR, f"file:{file.pk}"))
