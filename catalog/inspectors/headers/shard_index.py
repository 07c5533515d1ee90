"""The index of a model in many files: which tensor is in which of them."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Final

from catalog.inspectors.base import Problems, Reader, as_count, read_bytes
from catalog.inspectors.headers.ranges import LARGEST_TABLE, parse_table
from catalog.inspectors.headers.safetensors import Header
from core.errors import InvalidInputError

MOST_SHARDS: Final = 512
# Names, types, shapes and places of a header, at most; and room for what writers add.
ENTRY_ROOM: Final = 200
FILE_ROOM: Final = 16 << 10
_NUMBER: Final = re.compile(r"\d+")


@dataclass(frozen=True)
class ShardIndex:
    """Files with the names of their tensors; no names where no index told them."""

    files: Mapping[str, tuple[str, ...]]
    total_size: int | None = None

    def names(self, path: str) -> tuple[str, ...]:
        """Return the tensors that a file should hold."""
        return self.files[path]

    @cached_property
    def kinds(self) -> Mapping[str, frozenset[str]]:
        """The kinds of tensors in each file: names without their numbers."""
        return {path: frozenset(map(kind_of, names)) for path, names in self.files.items()}

    @cached_property
    def header_room(self) -> int:
        """More bytes than all headers together can have."""
        names = sum(len(name) + ENTRY_ROOM for part in self.files.values() for name in part)
        return names + FILE_ROOM * len(self.files)

    def choose(self, most: int) -> tuple[str, ...]:
        """Return the files to open: all, or the few that show a tensor of every kind, best first.

        One alone where that takes more than `most`, or where nothing names the tensors: it shows
        what dtype they have, and the others would not tell the rest either.
        """
        if len(self.files) <= most:
            return tuple(self.files)
        chosen: list[str] = []
        missing = frozenset().union(*self.kinds.values())
        while missing and len(chosen) < most:
            best = max(self.files, key=lambda path: len(self.kinds[path] & missing))
            chosen.append(best)
            missing -= self.kinds[best]
        return tuple(chosen) if chosen and not missing else tuple(self.files)[:1]

    def kinds_missing(self, headers: Mapping[str, Header]) -> int:
        """Return how many kinds of tensors no header showed."""
        seen = frozenset().union(*(self.kinds[path] for path in headers))
        return len(frozenset().union(*self.kinds.values()) - seen)


def kind_of(name: str) -> str:
    """Return what tensors of all layers and experts have in common."""
    return _NUMBER.sub("#", name)


def read_index(reader: Reader, path: str, problems: Problems) -> ShardIndex | None:
    """Read an index; None with a problem where it does not lead to files that are there."""
    content = read_bytes(reader, path, LARGEST_TABLE, problems)
    if content is None:
        return None
    try:
        return _index(parse_table(content), path.rpartition("/")[0], reader)
    except InvalidInputError as error:
        problems.add(f"{path}: {error.message}")
        return None


def _index(table: Mapping[str, object], folder: str, reader: Reader) -> ShardIndex:
    weight_map, metadata = table.get("weight_map"), table.get("metadata")
    files: dict[str, list[str]] = {}
    for name, file in (weight_map if isinstance(weight_map, dict) else {}).items():
        if not isinstance(file, str):
            raise InvalidInputError("no usable weight_map")
        files.setdefault(file, []).append(name)
    if not 0 < len(files) <= MOST_SHARDS:
        raise InvalidInputError("no usable weight_map")
    prefix = f"{folder}/" if folder else ""
    paths = {prefix + file: tuple(names) for file, names in sorted(files.items())}
    missing = next((path for path in paths if not reader.has(path)), "")
    if missing:
        raise InvalidInputError(f"it names {missing}, which is not there")
    told = metadata.get("total_size") if isinstance(metadata, dict) else None
    return ShardIndex(paths, as_count(told))
