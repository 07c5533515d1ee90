"""Look into a bundle without taking anything in."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from catalog.bundles.reader import BundleReader, Head
from catalog.bundles.signing import UNTRUSTED, Signer
from catalog.services.bundle_import import git_oids, hash_members, opened, papers_in
from catalog.services.bundle_keys import trusted_keys
from core.errors import BundleRefusedError


@dataclass(frozen=True, slots=True)
class Inspected:
    """What a bundle holds; `problem` says why an import would refuse it, '' when it would not."""

    head: Head
    signer: Signer | None
    problem: str


def inspect_bundle(path: Path, *, report: Callable[[int, int], None]) -> Inspected:
    """Read all of a bundle and say what is in it, even when nobody here trusts its key."""
    with opened(path) as (file, head):
        signer, problem = _signer(head)
        documents = {}
        reader = BundleReader(file, head)
        for member in reader:
            if member.is_content:
                break
            documents[member.path] = reader.document(member)
        papers = papers_in(head, documents)
    with opened(path) as (file, head):
        hash_members(
            BundleReader(file, head),
            oids=git_oids(papers.values()),
            report=lambda done, total, _: report(done, total),
        )
    return Inspected(head, signer, problem=problem)


def _signer(head: Head) -> tuple[Signer | None, str]:
    """Say who signed; an unknown key is told, a signature that does not hold ends the look."""
    try:
        return head.signer(trusted_keys()), ""
    except BundleRefusedError as error:
        if error.details.get("reason") != UNTRUSTED:
            raise
        return None, error.message
