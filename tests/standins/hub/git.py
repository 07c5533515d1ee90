"""Files and commits with the ids that git gives them; large files as LFS pointers."""

from __future__ import annotations

import fnmatch
import hashlib
import os
import re
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

LFS_ENDINGS = (
    "7z arrow bin bz2 ckpt ftz gz h5 joblib mlmodel model msgpack npy npz onnx ot parquet pb pickle"
    " pkl pt pth rar safetensors tar tflite tgz wasm xz zip zst gguf"
)
LFS_NAMES = [f"*.{ending}" for ending in LFS_ENDINGS.split()]
LFS_FROM = 10 << 20
KEPT_FROM = 8 << 20


def git_id(kind: bytes, data: bytes) -> str:
    header = b"%s %d\0" % (kind, len(data))
    return hashlib.sha1(header + data, usedforsecurity=False).hexdigest()


def sha256_of(disk: Path) -> str:
    """Return the digest; files that tests link and never write in place are read once.

    Of a file that is nearly all hole only the beginning is digested: nobody fetches such a file.
    """
    stat, real = disk.stat(), disk.resolve()
    if stat.st_size > KEPT_FROM and stat.st_blocks * 512 < stat.st_size // 100:
        with disk.open("rb") as file:
            return hashlib.sha256(file.read(KEPT_FROM)).hexdigest()
    if stat.st_size > KEPT_FROM:
        return _kept_sha256(real, stat.st_size, stat.st_mtime_ns, stat.st_ino)
    return _sha256(real)


def _sha256(disk: Path) -> str:
    with disk.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


@lru_cache(16)
def _kept_sha256(disk: Path, *_version: int) -> str:
    return _sha256(disk)


@dataclass(frozen=True)
class File:
    """One file of a commit; `lfs` is the digest of what its pointer stands for."""

    path: str
    disk: Path
    size: int
    oid: str
    lfs: str | None = None

    @classmethod
    def read(cls, path: str, disk: Path, *, lfs: bool) -> File:
        size = disk.stat().st_size
        if not lfs:
            return cls(path, disk, size, git_id(b"blob", disk.read_bytes()))
        digest = sha256_of(disk)
        return cls(path, disk, size, git_id(b"blob", pointer(digest, size)), digest)

    @property
    def name(self) -> str:
        return self.path.rpartition("/")[2]

    @property
    def pointer(self) -> bytes:
        return pointer(str(self.lfs), self.size)

    @property
    def xet(self) -> str:
        """A Xet hash that is right in its format alone."""
        return hashlib.blake2b(str(self.lfs).encode(), digest_size=32).hexdigest()

    @property
    def etag(self) -> str:
        return self.lfs or self.oid


def pointer(digest: str, size: int) -> bytes:
    text = f"version https://git-lfs.github.com/spec/v1\noid sha256:{digest}\nsize {size}\n"
    return text.encode()


class Commit:
    """The tree that a folder holds, as the commit that git would make of it."""

    def __init__(self, base: Path, title: str, *, parent: str | None, date: int, user: str) -> None:
        self.title, self.parent, self.date, self.user = title, parent, date, user
        self.files: dict[str, File] = _files(base)
        self.dirs: dict[str, str] = {}
        self.tree = self._tree("")
        self.sha = git_id(b"commit", self._text().encode())

    def oid(self, path: str) -> str | None:
        """Return the id of the file or folder at this path."""
        return self.files[path].oid if path in self.files else self.dirs.get(path)

    def _tree(self, prefix: str) -> str:
        folders: dict[str, bool] = {}
        for path in self.files:
            if path.startswith(prefix):
                name, slash, _ = path[len(prefix) :].partition("/")
                folders.setdefault(name, bool(slash))
        data = b""
        for name in sorted(folders, key=lambda name: name + "/" * folders[name]):
            path = prefix + name
            if folders[name]:
                self.dirs[path] = oid = self._tree(path + "/")
            else:
                oid = self.files[path].oid
            mode = b"40000 " if folders[name] else b"100644 "
            data += mode + name.encode() + b"\0" + bytes.fromhex(oid)
        return git_id(b"tree", data)

    def _text(self) -> str:
        who = f"{self.user} <{self.user}@users.noreply.local> {self.date} +0000"
        parent = f"parent {self.parent}\n" if self.parent else ""
        return f"tree {self.tree}\n{parent}author {who}\ncommitter {who}\n\n{self.title}\n"


def _files(base: Path) -> dict[str, File]:
    is_lfs = re.compile("|".join(map(fnmatch.translate, _lfs_names(base))) or r"(?!)").match
    found = {}
    for folder, folders, names in os.walk(base):
        folders[:] = [name for name in folders if not name.startswith("@")]
        for name in names:
            if name.startswith("@"):
                continue
            disk = Path(folder, name)
            path = disk.relative_to(base).as_posix()
            lfs = is_lfs(name) or is_lfs(path) or disk.stat().st_size > LFS_FROM
            found[path] = File.read(path, disk, lfs=bool(lfs))
    return found


def _lfs_names(base: Path) -> list[str]:
    attributes = base / ".gitattributes"
    if not attributes.is_file():
        return LFS_NAMES
    lines = attributes.read_bytes().decode("utf-8", "replace").splitlines()
    return [line.split()[0] for line in lines if "filter=lfs" in line]
