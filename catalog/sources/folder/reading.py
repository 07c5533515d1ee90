"""A source whose files are on this machine: hashed once, pinned by what all of them are."""

from __future__ import annotations

import hashlib
import re
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import ClassVar, Final
from urllib.parse import quote

from catalog.sources.base import Link, Listing, ModelRef, RemoteFile, Source, SourceOptions
from catalog.sources.paths import check_path, check_tree, shown
from core.errors import (
    BytesDifferError,
    ConflictError,
    InvalidInputError,
    PinnedGoneError,
    RevisionNotPinnedError,
    TooLargeError,
    UpstreamNotFoundError,
)
from core.folders import hash_below, read_below

COMMIT: Final = re.compile(r"[0-9a-f]{40}")
LONGEST_NAME: Final = 200


@dataclass(frozen=True, slots=True)
class Entry:
    """A file of the model: its path there, and where it is below the folder. `told` is its sha256
    as whoever brought it said it."""

    path: str
    at: str
    size: int
    stamp: str
    told: str = ""


@dataclass(frozen=True, slots=True)
class Known:
    """A file whose bytes were read."""

    entry: Entry
    sha256: str


def commit_of(files: Sequence[RemoteFile]) -> str:
    """Name a list of files by the SHA-256 of each: the same files are the same commit anywhere."""
    digest = hashlib.sha256()
    for file in sorted(files, key=lambda file: file.path):
        digest.update(f"{file.sha256} {file.size} {file.path}\n".encode())
    return digest.hexdigest()[:40]


class FolderSource(Source):
    """Give files of one folder as a model at a commit; a file that changes makes another commit."""

    is_local = True
    is_private: ClassVar[bool] = False

    def __init__(self, options: SourceOptions, *, token: str = "") -> None:
        self._options = options
        self._local = options.local
        self._pinned: dict[str, dict[str, Known]] = {}

    @abstractmethod
    def _entries(self, ref: ModelRef) -> Sequence[Entry]:
        """List the files there are now."""

    @property
    def _folder(self) -> Path:
        if self._local.folder is None:
            raise UpstreamNotFoundError("This yard has no folder for models of its own.")
        return self._local.folder

    def _root(self, ref: ModelRef) -> Path:
        """The folder below which the files of this model are."""
        return self._folder

    def resolve(self, ref: ModelRef) -> Listing:
        """Read every file that is not known as it is now, and pin what they are together."""
        check_name(ref.repo_id)
        known = self._read(ref)
        files = tuple(
            RemoteFile(one.entry.path, one.entry.size, None, one.sha256, is_lfs=True)
            for one in known
        )
        commit = commit_of(files)
        if ref.revision and COMMIT.fullmatch(ref.revision) and ref.revision != commit:
            raise PinnedGoneError(
                f"{ref.repo_id} is not {ref.revision[:7]} any more, its files changed: import it"
                f" again as the new version {commit[:7]}.",
                commit=commit,
            )
        self._pinned = {f"{ref.repo_id}@{commit}": {one.entry.path: one for one in known}}
        return Listing(
            ref=ModelRef(self.slug, ref.repo_id, commit),
            commit=commit,
            files=files,
            author=ref.repo_id.rpartition("/")[0],
            private=self.is_private,
        )

    def _read(self, ref: ModelRef) -> list[Known]:
        entries = self._entries(ref)
        for entry in entries:
            check_path(entry.path)
        check_tree(entry.path for entry in entries)
        root = self._root(ref)
        hashes = self._local.memory.recall(root, {entry.at: entry.stamp for entry in entries})
        self._check_unread(ref, [entry for entry in entries if entry.at not in hashes])
        return [Known(entry, self._hash(root, entry, hashes)) for entry in entries]

    def _check_unread(self, ref: ModelRef, unread: Sequence[Entry]) -> None:
        """Refuse to hash for minutes where somebody waits for an answer."""
        most, size = self._local.most_unread, sum(entry.size for entry in unread)
        if most is not None and size > most:
            raise ConflictError(
                f"{size / 1e9:.1f} GB of {ref.repo_id} have not been read yet: the yard does so in"
                " the background. Look again later, or import it without looking.",
                unread_bytes=size,
            )

    def _hash(self, root: Path, entry: Entry, hashes: Mapping[str, str]) -> str:
        sha256 = hashes.get(entry.at)
        if sha256 is None:
            sha256 = hash_below(root, entry.at, entry.stamp, self._local.heard)
            self._local.memory.keep(
                root, entry.at, stamp=entry.stamp, size=entry.size, sha256=sha256
            )
        if entry.told and entry.told != sha256:
            raise BytesDifferError(
                f"{entry.path} has the sha256 {sha256}, told was {entry.told}: send it again.",
                path=entry.path,
                expected=entry.told,
                actual=sha256,
            )
        return sha256

    def prepare(self, ref: ModelRef) -> None:
        """Look once whether the files still are what was pinned."""
        if f"{ref.repo_id}@{ref.revision}" not in self._pinned:
            self.resolve(ref)

    def _file(self, ref: ModelRef, path: str) -> Known:
        """A file of a pinned model, after a look whether the model still is what was pinned."""
        if not ref.revision or not COMMIT.fullmatch(ref.revision):
            raise RevisionNotPinnedError("Files are read at a commit only: resolve the model first")
        self.prepare(ref)
        try:
            return self._pinned[f"{ref.repo_id}@{ref.revision}"][path]
        except KeyError:
            raise UpstreamNotFoundError(f"{ref.repo_id} has no file {shown(path)}") from None

    def read_text(self, ref: ModelRef, path: str, limit: int) -> bytes:
        known = self._file(ref, path)
        if known.entry.size > limit:
            raise TooLargeError(f"{path} is longer than {limit} bytes", limit=limit)
        return read_below(self._root(ref), known.entry.at, 0, known.entry.size)

    def read_range(self, ref: ModelRef, path: str, start: int, end: int) -> bytes:
        if not 0 <= start < end:
            raise InvalidInputError(f"No bytes from {start} to {end}")
        return read_below(self._root(ref), self._file(ref, path).entry.at, start, end)

    def link(self, ref: ModelRef, path: str) -> Link:
        known = self._file(ref, path)
        return Link(
            url=f"file:{quote(known.entry.at)}",
            size=known.entry.size,
            etag=known.sha256,
            folder=self._root(ref),
        )

    def headers(self, link: Link) -> Mapping[str, str]:
        return {}

    def close(self) -> None:
        self._pinned.clear()


def check_name(name: str) -> str:
    """Return the name of a model of this machine, or raise InvalidInputError that says why not."""
    if len(name) > LONGEST_NAME:
        raise InvalidInputError(f"A model's name has at most {LONGEST_NAME} characters")
    return check_path(name)
