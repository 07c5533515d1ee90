"""PyTorch files: what their directory lists; nothing is unpickled."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Final, Literal

from catalog.inspectors.base import Problems, Reader, as_count, read_bytes
from catalog.inspectors.headers.ranges import parse_table, read_named
from catalog.inspectors.headers.zips import Member, read_directory
from core.errors import InvalidInputError

Form = Literal["zip", "torchscript"]
LARGEST_INDEX: Final = 16 << 20
MOST_FILES: Final = 512
# Pickle protocol 2 with torch's own number 0x1950a86a20f9469cfc6c: files before version 1.6.
LEGACY: Final = b"\x80\x02\x8a\x0al\xfc\x9cF\xf9 j\xa8P\x19."


@dataclass(frozen=True, slots=True)
class Torch:
    """A file of `storages`, runs of numbers whose types only the pickle inside names.

    So `weights_bytes` is exact, and the number of parameters is not known.
    """

    form: Form
    storages: int
    weights_bytes: int


def is_torch(members: Iterable[Member]) -> bool:
    """Tell whether a zip file is one that torch wrote: a pickle in the folder of all members."""
    return any(_below_root(member.name) == "data.pkl" for member in members)


def read_torch(reader: Reader, path: str, problems: Problems) -> Torch | None:
    """Read the directory of a file that torch.save or torch.jit.save wrote; None with a problem."""
    members = read_named(path, "PyTorch", problems, lambda: read_directory(reader, path))
    return None if members is None else torch_of(members, path, problems)


def torch_of(members: Iterable[Member], path: str, problems: Problems) -> Torch | None:
    """Read a directory of which is known that torch wrote it."""
    names = {_below_root(member.name): member for member in members}
    if "data.pkl" not in names:
        problems.add(f"{path} is a zip file without data.pkl, none of PyTorch")
        return None
    storages = [m for name, m in names.items() if name.startswith(("data/", "constants/"))]
    script = any(name.startswith("code/") for name in names)
    size = sum(member.size for member in storages)
    return Torch("torchscript" if script else "zip", len(storages), size)


def indexed_bytes(reader: Reader, path: str, problems: Problems) -> int | None:
    """Return what an index of torch files (*.bin.index.json) says its tensors take."""
    content = read_bytes(reader, path, LARGEST_INDEX, problems)
    if content is None:
        return None
    try:
        metadata = parse_table(content).get("metadata")
    except InvalidInputError as error:
        problems.add(f"{path}: {error.message}")
        return None
    return as_count(metadata.get("total_size")) if isinstance(metadata, dict) else None


def _below_root(name: str) -> str:
    return name.partition("/")[2]
