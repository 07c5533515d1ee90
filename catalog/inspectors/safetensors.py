"""Safetensors headers, read by range: what the weights really hold, without fetching them."""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from catalog.inspectors.base import (
    Problems,
    Reader,
    as_count,
    parse_json,
    read_object,
    read_part,
)
from core.errors import InvalidInputError

INDEX: Final = "model.safetensors.index.json"
SINGLE: Final = "model.safetensors"
FIRST_READ: Final = 100_000
LARGEST_HEADER: Final = 100_000_000
MOST_SHARDS: Final = 512
LENGTH_BYTES: Final = 8
FLOATS: Final = ("F", "BF")
# Bits of each number, as the format's own reader knows them.
BITS: Final[Mapping[str, int]] = {
    "F64": 64, "I64": 64, "U64": 64, "C64": 64, "F32": 32, "I32": 32, "U32": 32, "F16": 16,
    "BF16": 16, "I16": 16, "U16": 16, "F8_E5M2": 8, "F8_E4M3": 8, "F8_E8M0": 8, "F8_E4M3FNUZ": 8,
    "F8_E5M2FNUZ": 8, "I8": 8, "U8": 8, "BOOL": 8, "F6_E2M3": 6, "F6_E3M2": 6, "F4": 4,
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Weights:
    """Numbers per dtype over all the files that make the model."""

    by_dtype: Mapping[str, int] = field(default_factory=dict)
    size: int = 0
    files: tuple[str, ...] = ()

    @property
    def floats(self) -> int:
        """Parameters; whole numbers beside them are positions and counters."""
        return sum(n for dtype, n in self.by_dtype.items() if dtype.startswith(FLOATS))

    @property
    def main_dtype(self) -> str:
        """The dtype of most parameters."""
        floats = {d: n for d, n in self.by_dtype.items() if d.startswith(FLOATS)}
        return max(floats, key=lambda d: (floats[d], d), default="")

    @property
    def is_packed(self) -> bool:
        """Whether most numbers are whole: then several parameters share one of them."""
        whole = sum(n for d, n in self.by_dtype.items() if d in {"I32", "U8", "I8", "U32", "I16"})
        return whole > self.floats // 16


def read_weights(reader: Reader, paths: tuple[str, ...], problems: Problems) -> Weights | None:
    """Sum the headers of the model's safetensors files; None when one of them cannot be trusted."""
    files = _weight_files(reader, paths, problems)
    if not files:
        return None
    total: Counter[str] = Counter()
    for path in files:
        header = read_header(reader, path, problems)
        if header is None:
            return None
        total.update(header)
    return Weights(dict(sorted(total.items())), sum(reader.size(path) for path in files), files)


def _weight_files(reader: Reader, paths: tuple[str, ...], problems: Problems) -> tuple[str, ...]:
    if reader.has(INDEX):
        return _shards(reader, problems)
    if reader.has(SINGLE):
        return (SINGLE,)
    found = [p for p in paths if p.endswith(".safetensors") and "/" not in p]
    found = [p for p in found if not p.startswith(("adapter", "training"))]
    if len(found) > 1:
        # Variants of one model or parts of it: only an index could tell.
        problems.add(f"{len(found)} safetensors files without an index: parameters are not counted")
        return ()
    return tuple(found)


def _shards(reader: Reader, problems: Problems) -> tuple[str, ...]:
    index = read_object(reader, INDEX, problems)
    if index is None:
        return ()
    weight_map = index.get("weight_map")
    names = (
        set(weight_map.values()) if isinstance(weight_map, dict) and _texts(weight_map) else set()
    )
    missing = sorted(name for name in names if not reader.has(name))
    if not names or missing or len(names) > MOST_SHARDS:
        detail = f"it names {missing[0]}, which is not there" if missing else "no usable weight_map"
        problems.add(f"{INDEX}: {detail}")
        return ()
    return tuple(sorted(names))


def _texts(weight_map: Mapping[str, object]) -> bool:
    return all(isinstance(name, str) for name in weight_map.values())


def read_header(reader: Reader, path: str, problems: Problems) -> Mapping[str, int] | None:
    """Return the numbers per dtype that a file's header promises, checked against its size."""
    size = reader.size(path)
    start = read_part(reader, path, 0, min(size, FIRST_READ), problems)
    if start is None:
        return None
    try:
        length = _header_length(start, size)
        end = LENGTH_BYTES + length
        if end > len(start):
            rest = read_part(reader, path, len(start), end, problems)
            if rest is None:
                return None
            start += rest
        return _count(start[LENGTH_BYTES:end], length, size - end)
    except InvalidInputError as error:
        problems.add(f"{path} is no valid safetensors file: {error.message}")
        return None


def _header_length(start: bytes, size: int) -> int:
    if len(start) < LENGTH_BYTES:
        raise InvalidInputError("it is too short for a header")
    length = int.from_bytes(start[:LENGTH_BYTES], "little")
    if length > LARGEST_HEADER or LENGTH_BYTES + length > size:
        raise InvalidInputError(f"its header claims {length} bytes")
    return length


def _count(text: bytes, length: int, room: int) -> Mapping[str, int]:
    if len(text) != length:
        raise InvalidInputError("its header ends early")
    header = parse_json(text)
    if not isinstance(header, dict):
        raise InvalidInputError("its header holds no tensors")
    total: Counter[str] = Counter()
    for name, tensor in header.items():
        if name != "__metadata__":
            dtype, count = _tensor(name, tensor, room)
            total[dtype] += count
    return total


def _tensor(name: str, tensor: object, room: int) -> tuple[str, int]:
    """Return dtype and number count of one tensor, whose bytes must fit their place exactly."""
    if not isinstance(tensor, dict):
        raise InvalidInputError(f"the tensor {name[:80]!r} is not described")
    dtype, shape, offsets = (tensor.get(key) for key in ("dtype", "shape", "data_offsets"))
    if (
        not isinstance(dtype, str)
        or dtype not in BITS
        or not _wholes(shape)
        or not _wholes(offsets)
    ):
        raise InvalidInputError(f"the tensor {name[:80]!r} has no usable dtype, shape or place")
    count = math.prod(shape)  # type: ignore[arg-type]
    begin, end = offsets if len(offsets) == 2 else (1, 0)  # type: ignore[arg-type,misc] # noqa: PLR2004
    if not 0 <= begin <= end <= room or (end - begin) * 8 != count * BITS[dtype]:
        raise InvalidInputError(f"the tensor {name[:80]!r} does not fit its place")
    return dtype, count


def _wholes(value: object) -> bool:
    return (
        isinstance(value, list)
        and len(value) <= 64  # noqa: PLR2004 far more dimensions than any tensor has
        and all(item == 0 or as_count(item) is not None for item in value)
    )
