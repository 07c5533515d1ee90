"""Write what a bundle brought: models, versions, contents. What is known here stays as it is."""

from __future__ import annotations

import os
from collections import defaultdict
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from shutil import rmtree
from typing import BinaryIO

from django.conf import settings
from django.db import transaction

from catalog import upstreams
from catalog.bundles import writer
from catalog.bundles.layout import Member, Place
from catalog.bundles.papers import VersionPaper
from catalog.services.bundle_import import Report, Verified, opened
from core.errors import BundleRefusedError, ConflictError, IntegrityError
from core.models import Run
from core.storage.faults import local_faults
from downloads import services as downloads
from downloads.fetchers.staging import discard
from registry import source_scan
from registry.enums import Reach
from registry.models import SERVED, Content, Model, ModelFile, ModelVersion
from registry.services.contents import adopt, attach_contents, take_in
from registry.services.curation import request_access_of
from registry.services.heads import refresh_head
from registry.services.quarantine import heal
from registry.services.versions import FileEntry, ensure_model, pin_version

_BLOCK = 4 << 20


def check_known(papers: list[VersionPaper]) -> None:
    """Refuse a bundle that says something else of a commit than this yard has pinned."""
    for paper in papers:
        version = ModelVersion.objects.filter(
            model__source=paper.source, model__repo_id=paper.repo_id, commit=paper.commit
        ).first()
        if version is not None:
            _check_same(version, paper)


def _check_same(version: ModelVersion, paper: VersionPaper) -> None:
    here = {file.path: file for file in version.files.all()}
    there = {file.path: file for file in paper.files}
    if here.keys() != there.keys():
        odd = min(here.keys() ^ there.keys())
        raise ConflictError(f"{version} is known here with other files: {odd} is in one alone.")
    for path, file in there.items():
        mine = here[path]
        pairs = ((mine.sha256, file.sha256), (mine.git_oid, file.git_oid))
        if mine.size != file.size or any(a and b and a != b for a, b in pairs):
            raise ConflictError(f"{version} is known here with another {path}.", path=path)


@transaction.atomic
def pin_papers(papers: list[VersionPaper], *, for_user: int | None) -> list[ModelVersion]:
    """Write models and versions as the bundle names them; what is known stays as it is."""
    versions = []
    for paper in sorted(papers, key=lambda one: (one.source, one.repo_id, one.number)):
        hidden = paper.private or paper.reach == Reach.PRIVATE.value
        model = ensure_model(source=paper.source, repo_id=paper.repo_id, is_private=hidden)
        version = pin_version(
            model=model, commit=paper.commit, files=_entries(paper), facts=_facts(paper)
        )
        _check_same(version, paper)
        _keep_parent(version, paper.parent)
        _show(model, version, for_user)
        versions.append(version)
    return versions


def _entries(paper: VersionPaper) -> list[FileEntry]:
    return [
        FileEntry(file.path, file.size, file.git_oid, file.sha256, file.lfs, file.left_out)
        for file in paper.files
    ]


def _facts(paper: VersionPaper) -> dict[str, object]:
    """What the source told. The card is left out: it is read again from the files themselves.

    What the source's scanners said holds here too.
    """
    address = upstreams.page_of(paper.source, paper.repo_id, paper.commit)
    told = paper.told.model_dump(mode="json")
    scan = source_scan.read_source_scan(paper.facts.get(source_scan.KEY))
    return told | {
        "last_modified": told["last_modified"] or "",
        "address": address,
        source_scan.KEY: scan.to_json() if scan else None,
    }


def _keep_parent(version: ModelVersion, commit: str) -> None:
    """Name the version it follows where both are here."""
    parent = ModelVersion.objects.filter(model=version.model_id, commit=commit).first()
    if parent is not None and parent.pk != version.pk and parent.number < version.number:
        ModelVersion.objects.filter(pk=version.pk).update(parent=parent)


def _show(model: Model, version: ModelVersion, for_user: int | None) -> None:
    """Let who imports it follow it, whatever their tier; lists show it once it is decided."""
    if for_user is not None:
        request_access_of(user_id=for_user, model=model)
    if model.head_id is None:
        refresh_head(Model.objects.select_for_update().get(pk=model.pk))


def store_contents(
    path: Path, verified: Verified, versions: list[ModelVersion], *, run: Run, report: Report
) -> None:
    """Bring every content that is not stored yet into the store, hashing it once more on the way.

    What is stored already was verified when it came, and is not read again.
    """
    waiting = _waiting(versions, verified.papers)
    places = [place for place in verified.head.places() if place.member.sha256 in waiting]
    places = [place for place in places if place.member.is_content]
    done, total = 0, sum(place.member.size for place in places)
    room = downloads.promise(run, downloads.of_contents([place.member.size for place in places]))

    def tell(done: int, words: str = "") -> None:
        room.left(total - done)
        report(done, total, words)

    with opened(path) as (file, head):
        if head.manifest_sha256 != verified.head.manifest_sha256:
            raise BundleRefusedError("The bundle was replaced meanwhile.", reason="member_altered")
        for place in places:
            tell(done, place.member.sha256[:12])
            files = waiting[place.member.sha256]
            if not _is_here(place.member, files):
                staged = staging_of(str(run.pk)) / place.member.sha256
                _stage(file, place, staged, _after(done, tell))
                _keep(staged, place.member, files)
            done += place.member.size
    with suppress(OSError):  # a folder without files: another try may remove it
        staging_of(str(run.pk)).rmdir()
    tell(done)


def _after(done: int, tell: Callable[[int], None]) -> Callable[[int], None]:
    return lambda count: tell(done + count)


def _waiting(
    versions: list[ModelVersion], papers: list[VersionPaper]
) -> dict[str, list[ModelFile]]:
    """Files whose bytes are missing, by what they must be; contents that are here are attached."""
    digests = {
        (paper.source, paper.repo_id, paper.commit, file.path): file.sha256
        for paper in papers
        for file in paper.files
        if not file.left_out
    }
    found: dict[str, list[ModelFile]] = defaultdict(list)
    for version in versions:
        model = version.model
        for file in version.files.filter(SERVED, content__isnull=True):
            named = (model.source, model.repo_id, version.commit, file.path)
            if named not in digests:
                raise ConflictError(f"{version} needs {file.path} here; the bundle is without it.")
            found[digests[named]].append(file)
    sound = Content.objects.filter(quarantined_at__isnull=True)
    known = sound.in_bulk(list(found))
    attach_contents(
        (file, known[digest])
        for digest, files in found.items()
        if digest in known
        for file in files
    )
    return {
        digest: files
        for digest, files in found.items()
        if any(file.content_id is None for file in files)
    }


def _stage(file: BinaryIO, place: Place, staged: Path, step: Callable[[int], None]) -> None:
    """Copy a content out of the bundle, going on where an earlier worker was stopped."""
    member = place.member

    def rest(start: int) -> Iterator[bytes]:
        left = member.size - start
        file.seek(place.body + start)
        while left and (chunk := file.read(min(_BLOCK, left))):
            left -= len(chunk)
            yield chunk

    with local_faults(f"Staging folder {settings.STAGING_DIR}"):
        staged.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(staged, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, 0o600)
        with os.fdopen(descriptor, "r+b") as target:
            try:
                writer.complete(target, 0, member, rest, step)
            except IntegrityError as error:
                discard(staged)
                raise BundleRefusedError(
                    f"{member.path} was altered since the bundle was verified.",
                    reason="member_altered",
                ) from error
            target.truncate(member.size)


def _is_here(member: Member, files: list[ModelFile]) -> bool:
    """Take up bytes that a worker stored and died before it could note them."""
    files[0].sha256 = member.sha256
    if not adopt(files[0]):
        return False
    _share(files)
    return True


def _keep(staged: Path, member: Member, files: list[ModelFile]) -> None:
    if take_in(path=staged, sha256=member.sha256, file=files[0]):
        heal(member.sha256)
    _share(files)


def _share(files: list[ModelFile]) -> None:
    content = files[0].content
    if content is not None:
        attach_contents((file, content) for file in files[1:])


def staging_of(run: str) -> Path:
    """Where contents are between bundle and store."""
    folder: Path = settings.STAGING_DIR / f"bundle-{run}"
    return folder


def discard_staged(run: str) -> None:
    """Throw away what an import that was stopped for good left between bundle and store."""
    rmtree(staging_of(run), ignore_errors=True)
