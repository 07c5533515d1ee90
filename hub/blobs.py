"""Git's view of a file: the ids that clients compare, none of them made up."""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final

from registry.models import ModelFile

_GIT_ID: Final = re.compile(r"[0-9a-f]{40}")


@dataclass(frozen=True, slots=True)
class Pointer:
    """The text that git keeps instead of an LFS file."""

    oid: str
    text: bytes

    @property
    def size(self) -> int:
        return len(self.text)


def git_id(kind: str, content: bytes) -> str:
    """Hash as git does: kind, length, NUL, content."""
    return hashlib.sha1(b"%s %d\0" % (kind.encode(), len(content)) + content).hexdigest()  # noqa: S324 git's own


def pointer_of(sha256: str, size: int) -> Pointer:
    words = f"version https://git-lfs.github.com/spec/v1\noid sha256:{sha256}\nsize {size}\n"
    text = words.encode()
    return Pointer(git_id("blob", text), text)


def is_lfs(file: ModelFile) -> bool:
    """A file without a git id of its own is shown as LFS: its sha256 is what can be compared."""
    return file.is_lfs or _GIT_ID.fullmatch(file.git_oid) is None


def etag_of(file: ModelFile) -> str:
    """The id of the bytes: it names the blob in the client's cache."""
    return file.sha256 if is_lfs(file) else file.git_oid


def blob_id_of(file: ModelFile) -> str:
    """The id of what git keeps: the file, or the pointer to it."""
    return pointer_of(file.sha256, file.size).oid if is_lfs(file) else file.git_oid


def tree_id(children: Iterable[tuple[str, str, bool]]) -> str:
    """Hash a directory of (name, id, is directory) as git does, every file being a plain one."""
    ordered = sorted(children, key=lambda child: (child[0] + "/" * child[2]).encode())
    parts = (
        b"%s %s\0" % (b"40000" if is_directory else b"100644", name.encode()) + bytes.fromhex(oid)
        for name, oid, is_directory in ordered
    )
    return git_id("tree", b"".join(parts))
