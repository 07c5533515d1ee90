"""The papers of one version as one answer over HTTP: manifest, signature, and each paper as text.

The manifest is that of a bundle without contents. Its signature is of another kind than a bundle's,
so neither passes for the other.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Annotated, Final, Literal, Protocol

import orjson
from pydantic import Field, ValidationError

from catalog.bundles import papers, signing
from catalog.bundles.layout import MAX_SIGNATURE
from catalog.bundles.manifest import Manifest, Strict, digest, first_fault, read_manifest
from catalog.bundles.papers import ToldFile, VersionPaper, read_version
from catalog.bundles.signing import Signer, Trusted
from core.errors import BundleRefusedError

MAX_SENT: Final = 48 << 20
MAX_FILES: Final = 20_000
NAMES: Final = frozenset({papers.VERSION, papers.DECISION, papers.SCAN, papers.BOM})
UNREADABLE: Final = frozenset({"format", "manifest"})  # reasons: these are no papers at all


class Answer(Strict):
    """What is sent. The texts are the bytes that were signed, so they are kept as they are."""

    format: Literal["modelyard-papers"] = "modelyard-papers"
    format_version: Literal[1] = 1
    manifest: str
    signature: Annotated[str, Field(max_length=MAX_SIGNATURE)] | None
    papers: dict[str, str]


class KnownFile(Protocol):
    """A file as a source lists it."""

    @property
    def path(self) -> str: ...
    @property
    def size(self) -> int: ...
    @property
    def git_oid(self) -> str | None: ...
    @property
    def sha256(self) -> str | None: ...
    @property
    def is_lfs(self) -> bool: ...


@dataclass(frozen=True, slots=True)
class Sent:
    """Papers that fit their manifest; the signature is not looked at yet."""

    manifest: Manifest
    manifest_sha256: str
    signature: bytes | None
    version: VersionPaper
    documents: Mapping[str, bytes]

    @property
    def folder(self) -> str:
        return self.manifest.versions[0].folder

    @property
    def given(self) -> dict[str, ToldFile]:
        """The files that the sender gives, by path."""
        return {file.path: file for file in self.version.files if not file.left_out}

    @property
    def not_given(self) -> list[ToldFile]:
        return [file for file in self.version.files if file.left_out]

    def signer(self, trusted: Mapping[str, Trusted]) -> Signer | None:
        """Return who signed them, None where nobody did; refuse what no trusted key signed."""
        if self.signature is None:
            return None
        return signing.check_signature(
            self.signature,
            manifest_sha256=self.manifest_sha256,
            trusted=trusted,
            predicate=signing.SENT,
        )


def written(manifest: bytes, signature: bytes | None, documents: Mapping[str, bytes]) -> bytes:
    """Write the answer over papers that the manifest names by their place in an archive."""
    answer = Answer(
        manifest=manifest.decode(),
        signature=None if signature is None else signature.decode(),
        papers={path: body.decode() for path, body in documents.items()},
    )
    return orjson.dumps(answer.model_dump(mode="json"))


def read_sent(content: bytes) -> Sent:
    """Read an answer strictly: one version, its four papers, each as the manifest says."""
    answer = _parsed(content)
    try:
        manifest_bytes = answer.manifest.encode()
        documents = {path: text.encode() for path, text in answer.papers.items()}
        signature = None if answer.signature is None else answer.signature.encode()
    except UnicodeEncodeError as error:
        raise _unreadable("it is no UTF-8") from error
    manifest = read_manifest(manifest_bytes)
    if len(manifest.versions) != 1:
        raise _unreadable("it is of more than one version")
    _check_documents(manifest, documents)
    listed = manifest.versions[0]
    version = read_version(documents[f"{listed.folder}/{papers.VERSION}"], listed)
    if len(version.files) > MAX_FILES:
        raise _unreadable(f"it has more than {MAX_FILES} files")
    return Sent(manifest, digest(manifest_bytes), signature, version, documents)


def _parsed(content: bytes) -> Answer:
    try:
        return Answer.model_validate(orjson.loads(content))
    except orjson.JSONDecodeError as error:
        raise _unreadable("it is no JSON") from error
    except ValidationError as error:
        raise _unreadable(first_fault(error)) from error


def _check_documents(manifest: Manifest, documents: Mapping[str, bytes]) -> None:
    folder = manifest.versions[0].folder
    listed = {member.path: member for member in manifest.listed()}
    if listed.keys() != {f"{folder}/{name}" for name in NAMES} or documents.keys() != listed.keys():
        raise _refused("they are others than their manifest names", reason="member_altered")
    for path, member in listed.items():
        if (len(documents[path]), digest(documents[path])) != (member.size, member.sha256):
            raise _refused(f"{path} is not as it was written", reason="member_altered")


def check_subject(sent: Sent, *, repo_id: str, commit: str, files: Iterable[KnownFile]) -> None:
    """Refuse papers of another model, commit or list of files than the source gives."""
    paper = sent.version
    if (paper.repo_id, paper.commit) != (repo_id, commit):
        raise _refused(f"they are of {sent.manifest.versions[0].name}", reason="other_version")
    here = {file.path: file for file in files}
    if odd := sorted(here.keys() ^ sent.given.keys()):
        where = "in its list alone" if odd[0] in here else "in them alone"
        raise _refused(f"they are of other files: {odd[0]} is {where}", reason="other_files")
    for path, told in sent.given.items():
        if not _is_same(told, here[path]):
            raise _refused(f"they are of another {path}", reason="other_files")


def _is_same(told: ToldFile, listed: KnownFile) -> bool:
    """A git id is compared where it is of the bytes: that of a large file is of its pointer."""
    pairs = [(told.sha256, listed.sha256)]
    if not told.lfs and not listed.is_lfs:
        pairs.append((told.git_oid, listed.git_oid))
    return told.size == listed.size and all(a == b for a, b in pairs if a and b)


def _unreadable(why: str) -> BundleRefusedError:
    return BundleRefusedError(f"This is no answer with papers: {why}.", reason="format")


def _refused(why: str, *, reason: str) -> BundleRefusedError:
    return BundleRefusedError(f"The papers are refused: {why}.", reason=reason)
