"""What became of the files between two versions: by content, never by name alone."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

Row = Mapping[str, object]
Mark = tuple[str, str, int]


@dataclass(frozen=True, slots=True)
class File:
    """One path of a version with what is published of its bytes."""

    path: str
    size: int
    sha256: str = ""
    git_oid: str = ""

    def marks(self) -> Iterator[Mark]:
        """What names the content; two files with a mark in common have the same bytes."""
        if self.sha256:
            yield ("sha256", self.sha256, self.size)
        if self.git_oid:
            yield ("git", self.git_oid, self.size)

    def is_same(self, other: File) -> bool:
        """Compare by what both publish; where nothing can be compared the file has changed."""
        if self.sha256 and other.sha256:
            return self.sha256 == other.sha256
        return bool(self.git_oid) and (self.git_oid, self.size) == (other.git_oid, other.size)


@dataclass(frozen=True, slots=True)
class Pair:
    """A file before and after."""

    before: File
    after: File


@dataclass(frozen=True, slots=True)
class FileChanges:
    """Every file of two versions in exactly one place, each list by path.

    `renamed` has the same content under another path. `new_bytes` are those of contents that the
    version before does not have: what has to move where it is stored already.
    """

    added: tuple[File, ...]
    removed: tuple[File, ...]
    changed: tuple[Pair, ...]
    renamed: tuple[Pair, ...]
    unchanged: int
    size_before: int
    size_after: int
    new_bytes: int

    @property
    def counts(self) -> dict[str, int]:
        names = ("added", "removed", "changed", "renamed")
        return {name: len(getattr(self, name)) for name in names}

    @property
    def is_empty(self) -> bool:
        return not any(self.counts.values())


def compare_files(before: Iterable[File], after: Iterable[File]) -> FileChanges:
    """Match by path first, then what is left by content."""
    old = {file.path: file for file in before}
    new = {file.path: file for file in after}
    shared = sorted(old.keys() & new.keys())
    changed = [Pair(old[path], new[path]) for path in shared if not old[path].is_same(new[path])]
    gone = [old[path] for path in sorted(old.keys() - new.keys())]
    come = [new[path] for path in sorted(new.keys() - old.keys())]
    renamed = _renamed(gone, come)
    from_paths = {pair.before.path for pair in renamed}
    to_paths = {pair.after.path for pair in renamed}
    return FileChanges(
        added=tuple(file for file in come if file.path not in to_paths),
        removed=tuple(file for file in gone if file.path not in from_paths),
        changed=tuple(changed),
        renamed=tuple(renamed),
        unchanged=len(shared) - len(changed),
        size_before=sum(file.size for file in old.values()),
        size_after=sum(file.size for file in new.values()),
        new_bytes=_new_bytes(old.values(), new.values()),
    )


def _renamed(gone: list[File], come: list[File]) -> list[Pair]:
    """Pair files that went with files that came, each once; an empty file is nobody's twin."""
    waiting: dict[Mark, list[File]] = {}
    for file in reversed(gone):
        for mark in file.marks():
            waiting.setdefault(mark, []).append(file)
    taken: set[str] = set()
    pairs = []
    for file in come:
        twin = _next_twin(file, waiting, taken) if file.size else None
        if twin is not None:
            taken.add(twin.path)
            pairs.append(Pair(twin, file))
    return pairs


def _next_twin(file: File, waiting: dict[Mark, list[File]], taken: set[str]) -> File | None:
    for mark in file.marks():
        left = waiting.get(mark, [])
        while left and left[-1].path in taken:
            left.pop()
        if left:
            return left.pop()
    return None


def _new_bytes(old: Iterable[File], new: Iterable[File]) -> int:
    known = {mark for file in old for mark in file.marks()}
    total = 0
    for file in new:
        marks = set(file.marks())
        if not marks & known:
            total += file.size
            known |= marks  # a content is kept once
    return total
