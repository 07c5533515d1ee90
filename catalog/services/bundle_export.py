"""Write versions with all their papers into one signed file: who may, what goes in, and when."""

from __future__ import annotations

import fcntl
import os
import uuid
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from catalog.bundles import manifest as manifests
from catalog.bundles import signing, writer
from catalog.bundles.layout import Member
from catalog.bundles.reader import Head
from catalog.bundles.writer import Bytes
from catalog.models import BundleExport
from catalog.selectors.versions import version_named
from catalog.services.bundle_keys import own_trust, signing_key
from catalog.services.bundle_papers import collect, total_bytes
from core.errors import (
    ConflictError,
    InvalidInputError,
    NotFoundError,
    NotPermittedError,
    StorageError,
)
from core.jobs import start_run
from core.models import Run
from core.storage.configured import content_store
from core.storage.faults import local_faults
from downloads import services as downloads
from registry import audit
from registry.callers import Caller
from registry.enums import Scope
from registry.models import SERVED, ModelVersion
from registry.selectors.access import model_for, standing_of
from registry.standing import check_bytes

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

EXPORT_KIND = "bundle-export"
MAX_VERSIONS = 1000
Report = Callable[[int, int], None]


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody may take along: the versions, and why they leave although not admitted."""

    versions: tuple[ModelVersion, ...]
    quarantine: str = ""

    @property
    def names(self) -> set[tuple[str, str, str]]:
        return {
            (version.model.source, version.model.repo_id, version.commit)
            for version in self.versions
        }


def exports_folder() -> Path:
    """Where finished bundles wait for their download: below the store, which the front can read."""
    folder: Path = settings.STORE_DIR / "bundles"
    return folder


def choose(*, caller: Caller, names: Iterable[str], quarantine: str = "") -> Wanted:
    """Find the versions that `model`, `model@number` or `model@commit` name, if they may leave.

    Only what the caller may download leaves. An admin may send what is held to another yard's
    quarantine, with a reason; that is written down, and the bundle says it of itself.
    """
    if not caller.is_steward:
        raise NotPermittedError("Bundles are exported by operators and curators.")
    found: dict[int, ModelVersion] = {}
    for name in names:
        slug, _, version = name.strip().partition("@")
        model = model_for(caller, slug)
        chosen = version_named(model, version) if version else model.head
        if chosen is None:
            raise NotFoundError(f"{model.repo_id} has no version here yet.")
        chosen.model = model
        found[chosen.pk] = chosen
    if not found:
        raise InvalidInputError("Name at least one model, such as `org--name` or `org--name@3`.")
    if len(found) > MAX_VERSIONS:
        raise InvalidInputError(f"A bundle holds at most {MAX_VERSIONS} versions.")
    order = sorted(found.values(), key=lambda one: (one.model.slug, one.number))
    return check_wanted(caller=caller, wanted=Wanted(tuple(order), quarantine.strip()))


def check_wanted(*, caller: Caller, wanted: Wanted) -> Wanted:
    """Return quietly when all of it may leave now; raise the first reason if not."""
    if wanted.quarantine and not caller.may(Scope.ADMIN):
        raise NotPermittedError("Only an admin sends versions that are not admitted.")
    for version in wanted.versions:
        if not wanted.quarantine:
            check_bytes(standing_of(version.model, version), tiers=caller.tiers)
        taken = version.files.filter(SERVED)
        if not taken.exists() or taken.filter(content__isnull=True).exists():
            raise ConflictError(f"Not all files of {version} are stored here; import it again.")
    return wanted


@transaction.atomic
def request_export(*, caller: Caller, names: Iterable[str], quarantine: str = "") -> BundleExport:
    """Start a run that writes the bundle; its download is offered when it is done."""
    wanted = choose(caller=caller, names=names, quarantine=quarantine)
    signing_key()  # said now, not by a run that fails later
    run, _ = start_run(kind=EXPORT_KIND, key=str(uuid.uuid4()))
    export = BundleExport.objects.create(
        run=run, asked_by_id=caller.user_id, quarantine=wanted.quarantine
    )
    export.versions.set(wanted.versions)
    note_export(caller, wanted, outcome="started", run=run)
    return export


def note_export(
    caller: Caller, wanted: Wanted, *, outcome: str, run: Run | None = None, digest: str = ""
) -> None:
    """Write down what leaves, by whose wish, and why if it is not admitted."""
    audit.record(
        actor=caller,
        action="bundle.quarantine" if wanted.quarantine else "bundle.export",
        subject_type="bundle",
        subject=str(run.pk) if run else digest,
        outcome=outcome,
        reason=wanted.quarantine,
        details={
            "versions": [str(version) for version in wanted.versions],
            "manifest_sha256": digest,
        },
    )


def write_bundle(
    target: Path,
    wanted: Wanted,
    *,
    key: Ed25519PrivateKey,
    report: Report,
    run: Run | None = None,
) -> Head:
    """Write the bundle beside its final name and give it that name when it is whole.

    What an earlier try of the same wish left is verified and continued. `report(done, total)` hears
    the bytes of contents in place, and may raise to stop. Room on the disk is promised to `run`.
    """
    partial = target.with_name(f"{target.name}.partial")
    with local_faults(f"Bundle {target.name}"), _alone(partial) as file:
        head = _continued(partial, wanted, key) or _begun(file, wanted, key)
        missing = head.length - os.fstat(file.fileno()).st_size
        room = downloads.promise(run, {target.parent: missing})
        total = total_bytes(head.manifest.members)

        def step(done: int) -> None:
            room.left(total - done)
            report(done, total)

        step(0)
        writer.fill(file, head, content=_content, step=step)
        partial.replace(target)
        _sync(target.parent)
    return head


@contextmanager
def _alone(partial: Path) -> Iterator[BinaryIO]:
    """Open the partial file for this writer alone: one that was declared dead may live."""
    partial.parent.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(partial, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o644)
    with os.fdopen(descriptor, "r+b") as file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            raise StorageError(f"Another process writes {partial.name} now.") from error
        yield file


def _continued(partial: Path, wanted: Wanted, key: Ed25519PrivateKey) -> Head | None:
    head = writer.begun(partial, own_trust(key))
    if head is None or head.manifest.quarantine != wanted.quarantine:
        return None
    names = {(one.source, one.repo_id, one.commit) for one in head.manifest.versions}
    return head if names == wanted.names else None


def _begun(file: BinaryIO, wanted: Wanted, key: Ed25519PrivateKey) -> Head:
    collected = collect(wanted.versions, made_at=timezone.now(), quarantine=wanted.quarantine)
    content = manifests.written(collected.manifest)
    digest = manifests.digest(content)
    head = Head(collected.manifest, content, signing.sign(digest, key), digest)
    writer.begin(file, head, collected.documents)
    return head


def _content(member: Member) -> Bytes:
    def rest(start: int) -> Iterator[bytes]:
        try:
            yield from content_store().open_range(member.sha256, start)
        except NotFoundError as error:
            raise ConflictError(
                f"Content {member.sha256} is not in the store; `manage.py verify` tells more."
            ) from error

    return rest


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY | os.O_DIRECTORY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def export_path(run: Run) -> Path:
    """Where the bundle of this run is when it is finished."""
    return exports_folder() / f"{run.pk}.tar"


def discard_export(run: Run) -> None:
    """Throw away what was written of a bundle that nobody waits for any more."""
    path = export_path(run)
    with local_faults(f"Bundle {path.name}"):
        path.with_name(f"{path.name}.partial").unlink(missing_ok=True)


def exported_file(*, caller: Caller, export: BundleExport) -> tuple[Path, int]:
    """Return the finished file if this caller may have all of it now.

    What was admitted when it was written and is held today does not leave any more.
    """
    versions: Sequence[ModelVersion] = list(export.versions.select_related("model"))
    check_wanted(caller=caller, wanted=Wanted(tuple(versions), export.quarantine))
    path = export_path(export.run)
    try:
        size = path.stat().st_size
    except FileNotFoundError as error:
        raise NotFoundError("The file of this bundle is not there (any more).") from error
    return path, size
