"""The header of one safetensors file: names, types, shapes and places of its tensors."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from catalog.inspectors.base import Problems, Reader, as_count
from catalog.inspectors.headers.ranges import (
    LARGEST_TABLE,
    exactly,
    parse_table,
    read_named,
)
from core.errors import InvalidInputError

LENGTH_BYTES: Final = 8
# What the format itself allows; more than LARGEST_TABLE is not read here.
LARGEST_HEADER: Final = 100_000_000
METADATA: Final = "__metadata__"
LONGEST_VALUE: Final = 64 << 10
MOST_VALUES: Final = 200
MOST_DIMENSIONS: Final = 64
# Bits of each number, as the format's own reader knows them.
BITS: Final[Mapping[str, int]] = {
    "F64": 64, "I64": 64, "U64": 64, "C64": 64, "F32": 32, "I32": 32, "U32": 32, "F16": 16,
    "BF16": 16, "I16": 16, "U16": 16, "F8_E5M2": 8, "F8_E4M3": 8, "F8_E8M0": 8, "F8_E4M3FNUZ": 8,
    "F8_E5M2FNUZ": 8, "I8": 8, "U8": 8, "BOOL": 8, "F6_E2M3": 6, "F6_E3M2": 6, "F4": 4,
}  # fmt: skip


class Tensor(NamedTuple):
    """Type and shape of one tensor."""

    dtype: str
    shape: tuple[int, ...]

    @property
    def numbers(self) -> int:
        """Numbers in it."""
        return math.prod(self.shape)

    @property
    def size(self) -> int:
        """Bytes of it, exactly as the format stores it."""
        return self.numbers * BITS[self.dtype] // 8


@dataclass(frozen=True, slots=True)
class Header:
    """What a file says of its tensors; `length` counts the bytes before the first of them."""

    tensors: Mapping[str, Tensor]
    metadata: Mapping[str, str]
    length: int

    @property
    def by_dtype(self) -> dict[str, int]:
        """Numbers per dtype, sorted."""
        return numbers_by_dtype(self.tensors)


def numbers_by_dtype(tensors: Mapping[str, Tensor]) -> dict[str, int]:
    """Return the numbers per dtype, sorted by dtype."""
    total: Counter[str] = Counter()
    for tensor in tensors.values():
        total[tensor.dtype] += tensor.numbers
    return dict(sorted(total.items()))


def read_header(reader: Reader, path: str, problems: Problems) -> Header | None:
    """Return what a file's header promises, checked against its size; None with a problem.

    Two reads: its length, then just the header, so that no byte of a tensor is asked for.
    Format: https://github.com/huggingface/safetensors#format
    """
    size = reader.size(path)
    header = read_named(path, "safetensors", problems, lambda: _read(reader, path, size))
    if header is not None:
        _note_rest(header, size, path, problems)
    return header


def _read(reader: Reader, path: str, size: int) -> Header:
    end = LENGTH_BYTES + _header_length(reader, path, size)
    return _header(parse_table(exactly(reader, path, LENGTH_BYTES, end)), size - end, end)


def _header_length(reader: Reader, path: str, size: int) -> int:
    if size < LENGTH_BYTES:
        raise InvalidInputError("it is too short for a header")
    length = int.from_bytes(exactly(reader, path, 0, LENGTH_BYTES), "little")
    if length > min(LARGEST_HEADER, size - LENGTH_BYTES):
        raise InvalidInputError(f"its header claims {length} bytes")
    if length > LARGEST_TABLE:
        raise InvalidInputError(f"its header of {length} bytes is longer than what is read")
    return length


def _header(table: Mapping[str, object], room: int, length: int) -> Header:
    tensors: dict[str, Tensor] = {}
    places: list[tuple[int, int, str]] = []
    for name, entry in table.items():
        if name != METADATA:
            tensors[name], place = _tensor(name, entry, room)
            places.append((*place, name))
    _check_places(sorted(places))
    return Header(tensors, _metadata(table.get(METADATA)), length)


def _tensor(name: str, entry: object, room: int) -> tuple[Tensor, tuple[int, int]]:
    """Read one tensor, whose bytes must fit their place exactly."""
    if not isinstance(entry, dict):
        raise InvalidInputError(f"the tensor {name[:80]!r} is not described")
    dtype, shape = entry.get("dtype"), _wholes(entry.get("shape"))
    place = _wholes(entry.get("data_offsets"))
    if not isinstance(dtype, str) or dtype not in BITS or shape is None or place is None:
        raise InvalidInputError(f"the tensor {name[:80]!r} has no usable dtype, shape or place")
    begin, end = place if len(place) == 2 else (1, 0)  # noqa: PLR2004 begin and end
    if not 0 <= begin <= end <= room or (end - begin) * 8 != math.prod(shape) * BITS[dtype]:
        raise InvalidInputError(f"the tensor {name[:80]!r} does not fit its place")
    return Tensor(dtype, shape), (begin, end)


def _wholes(value: object) -> tuple[int, ...] | None:
    if not isinstance(value, list) or len(value) > MOST_DIMENSIONS:
        return None
    fits = all(type(item) is int and (item == 0 or as_count(item)) for item in value)
    return tuple(value) if fits else None


def _check_places(places: list[tuple[int, int, str]]) -> None:
    reached = 0
    for begin, end, name in places:
        if begin < reached:
            raise InvalidInputError(f"the tensor {name[:80]!r} lies in the place of another")
        reached = end


def _metadata(value: object) -> dict[str, str]:
    """Keep the free texts that writers leave, short ones whole and long ones not at all."""
    if not isinstance(value, dict):
        return {}
    texts = [(k, v) for k, v in value.items() if isinstance(v, str) and len(v) <= LONGEST_VALUE]
    return dict(texts[:MOST_VALUES])


def _note_rest(header: Header, size: int, path: str, problems: Problems) -> None:
    rest = size - header.length - sum(tensor.size for tensor in header.tensors.values())
    if rest:
        problems.add(f"{path} has {rest} bytes that belong to no tensor")
