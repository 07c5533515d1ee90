"""Take a bundle in: believe its signature and digests, and nothing that it concludes."""

from __future__ import annotations

import hashlib
import os
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, BinaryIO

from django.db import transaction

from catalog.bundles import papers as paper_files
from catalog.bundles.layout import Member
from catalog.bundles.papers import VersionPaper, check_contents, read_version
from catalog.bundles.reader import BundleReader, Head, check_length, read_head
from catalog.bundles.signing import Signer
from catalog.models import BundleImport
from catalog.selectors.bundles import place_of
from catalog.services.bundle_keys import trusted_keys
from catalog.services.bundle_told import told_in
from core.errors import BundleRefusedError, NotPermittedError
from core.jobs import start_run
from core.storage.faults import local_faults
from registry import audit
from registry.callers import Caller
from registry.enums import Scope

IMPORT_KIND = "bundle-import"
Report = Callable[[int, int, str], None]


@dataclass(frozen=True, slots=True)
class Verified:
    """A bundle that is whole and signed by a key this yard trusts."""

    head: Head
    signer: Signer
    papers: list[VersionPaper]
    told: dict[str, dict[str, Any]] = field(default_factory=dict)


def request_import(*, caller: Caller, name: str, quarantine: bool = False) -> BundleImport:
    """Start a run that takes a bundle in, or give the one that does so already."""
    if not caller.is_steward:
        raise NotPermittedError("Bundles are imported by operators and curators.")
    if quarantine and not caller.may(Scope.ADMIN):
        raise NotPermittedError("Only an admin takes in what another yard did not admit.")
    path = place_of(name)
    with opened(path) as (_, head):
        check_purpose(head, quarantine=quarantine)
        head.signer(trusted_keys())
    with transaction.atomic():
        run, created = start_run(kind=IMPORT_KIND, key=str(path)[-400:])
        if not created:
            return BundleImport.objects.select_related("run").get(run=run)
        made = BundleImport.objects.create(
            run=run, path=str(path), asked_by_id=caller.user_id, quarantine=quarantine
        )
        audit.record(
            actor=caller,
            action="bundle.import",
            subject_type="bundle",
            subject=path.name,
            outcome="started",
            details={"manifest_sha256": head.manifest_sha256, "quarantine": quarantine},
        )
    return made


@contextmanager
def opened(path: Path) -> Iterator[tuple[BinaryIO, Head]]:
    """Open a bundle whose length is right; its signature and members are not looked at yet."""
    with local_faults(f"Bundle {path.name}"), path.open("rb") as file:
        head = read_head(file)
        check_length(head, os.fstat(file.fileno()).st_size)
        yield file, head


def check_purpose(head: Head, *, quarantine: bool) -> None:
    """Refuse what another yard did not admit, unless an admin wants it here for a look."""
    if head.manifest.quarantine and not quarantine:
        raise NotPermittedError(
            "This bundle holds versions that its yard did not admit, sent for quarantine: "
            f"{head.manifest.quarantine} An admin may import it with that said.",
            quarantine=head.manifest.quarantine,
        )


def look(path: Path, *, quarantine: bool = False) -> Verified:
    """Read what a bundle says of itself: signature, papers, lengths. Contents are not hashed."""
    with opened(path) as (file, head):
        signer = head.signer(trusted_keys())
        check_purpose(head, quarantine=quarantine)
        documents: dict[str, bytes] = {}
        reader = BundleReader(file, head)
        for member in reader:
            if member.is_content:
                break
            documents[member.path] = reader.document(member)
    papers = papers_in(head, documents)
    told = {paper.commit: told_in(documents, folder) for folder, paper in papers.items()}
    return Verified(head, signer, list(papers.values()), told)


def verify(path: Path, *, quarantine: bool, report: Report) -> Verified:
    """Compare all of a bundle with what a trusted key signed; write nothing."""
    found = look(path, quarantine=quarantine)
    with opened(path) as (file, head):
        if head.manifest_sha256 != found.head.manifest_sha256:
            raise BundleRefusedError("The bundle was replaced meanwhile.", reason="member_altered")
        hash_members(BundleReader(file, head), oids=git_oids(found.papers), report=report)
    return found


def hash_members(reader: BundleReader, *, oids: Mapping[str, set[str]], report: Report) -> None:
    """Hash every member to the end, by git as well where a git id is published."""
    done, total = 0, sum(member.size for member in reader.head.manifest.members)
    for member in reader:
        git = hashlib.sha1(b"blob %d\0" % member.size, usedforsecurity=False)
        wanted = oids.get(member.sha256, set()) if member.is_content else set()
        for chunk in reader.chunks(member):
            if wanted:
                git.update(chunk)
            done += len(chunk)
            report(done, total, "")
        if wanted:
            _check_oid(member, wanted, git.hexdigest())
    report(total, total, "")


def git_oids(papers: Iterable[VersionPaper]) -> dict[str, set[str]]:
    """Which git ids are published for a content: of large (LFS) files it is that of a pointer."""
    found: dict[str, set[str]] = defaultdict(set)
    for paper in papers:
        for file in paper.files:
            if file.git_oid and not file.lfs and file.sha256:
                found[file.sha256].add(file.git_oid)
    return found


def _check_oid(member: Member, published: set[str], actual: str) -> None:
    if published - {actual}:
        raise BundleRefusedError(
            f"Content {member.sha256} is not what its source published: its git id is {actual}.",
            reason="contents",
            expected=sorted(published),
            actual=actual,
        )


def papers_in(head: Head, documents: Mapping[str, bytes]) -> dict[str, VersionPaper]:
    """Read the paper of every version and hold files and contents against each other."""
    folders = {listed.folder for listed in head.manifest.versions}
    for path in documents:
        if path.rpartition("/")[0] not in folders:
            raise BundleRefusedError(f"{path} belongs to no version.", reason="version")
    papers = {}
    for listed in head.manifest.versions:
        paper = documents.get(f"{listed.folder}/{paper_files.VERSION}")
        if paper is None:
            raise BundleRefusedError(f"{listed.name} has no paper.", reason="version")
        papers[listed.folder] = read_version(paper, listed)
    contents = {one.sha256: one.size for one in head.manifest.listed() if one.is_content}
    check_contents(papers.values(), contents)
    return papers
