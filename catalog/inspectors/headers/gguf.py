"""The header of a GGUF file: its keys, and names, types and shapes of its tensors."""

from __future__ import annotations

import re
import struct
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import prod
from typing import Final, NamedTuple

from catalog.inspectors.base import Problems, Reader
from catalog.inspectors.headers.gguf_keys import KeyReader, Vocabulary
from catalog.inspectors.headers.gguf_types import WHOLE
from catalog.inspectors.headers.ranges import REMOTE, Budget, BudgetSpentError, Cursor, read_named
from core.errors import InvalidInputError
from core.ggml_types import TYPES, GgmlType

MAGIC: Final = b"GGUF"
VERSIONS: Final = (1, 2, 3)
MOST_TENSORS: Final = 100_000
LONGEST_NAME: Final = 1024
MOST_DIMENSIONS: Final = 8
LARGEST_DIMENSION: Final = 1 << 53
ALIGNMENT: Final = 32
# The least bytes of a key with its value, and of a tensor, in version 1.
_LEAST_KEY, _LEAST_TENSOR = 9, 20
# What a tensor with a name and a dimension takes at least; lengths are shorter in version 1.
_NAMED: Final = {1: 25, 2: 33, 3: 33}
_KIND_AND_OFFSET: Final = 12
_COUNTS_AND_VERSION: Final = 20
_EXPERTS: Final = re.compile(r"_exps\b|_chexps\b|\.ffn_(?:gate|up|down)\.\d+\.weight")
# Tables that follow from settings, and scales of packed weights: nothing of it was trained.
_NO_PARAMETERS: Final = re.compile(
    r"(?:^|\.)(?:rope_freqs|rope_factors_long|rope_factors_short)\.weight\Z"
    r"|\.(?:scale|input_scale)\Z"
)


class GgufTensor(NamedTuple):
    """One tensor; `type` is ggml's number for how it is stored, `offset` its place in the data."""

    type: int
    shape: tuple[int, ...]
    offset: int

    @property
    def numbers(self) -> int:
        """Numbers in it."""
        return prod(self.shape)

    @property
    def size(self) -> int | None:
        """Bytes of it; None for a type that is not known."""
        stored = TYPES.get(self.type)
        return None if stored is None else self.numbers // stored.block * stored.size


@dataclass(frozen=True, slots=True)
class Gguf:
    """What a file's header says. `tensors` is None where the budget did not reach them.

    `keys` then lacks what stands behind the place that was reached, too.
    """

    version: int
    big_endian: bool
    keys: Mapping[str, object]
    tensor_count: int
    tensors: Mapping[str, GgufTensor] | None = None
    vocabulary: Vocabulary = field(default_factory=Vocabulary, repr=False)

    @property
    def num_params(self) -> int | None:
        """Trained numbers, by the shapes of the tensors; None without any, or where not known."""
        if not self.tensors:
            return None
        return sum(_parameters(name, tensor) for name, tensor in self.tensors.items())

    @property
    def num_expert_params(self) -> int | None:
        """Those of them that belong to routed experts."""
        if not self.tensors:
            return None
        return sum(t.numbers for name, t in self.tensors.items() if _EXPERTS.search(name))

    @property
    def weights_bytes(self) -> int | None:
        """Bytes of all tensors; None where one has a type that is not known."""
        if not self.tensors:
            return None
        sizes = [tensor.size for tensor in self.tensors.values()]
        known = [size for size in sizes if size is not None]
        return sum(known) if len(known) == len(sizes) else None

    @property
    def bits_per_weight(self) -> float | None:
        """Bits of a weight on average, with its share of scales; None where not all is known."""
        numbers = sum(tensor.numbers for tensor in (self.tensors or {}).values())
        size = self.weights_bytes
        return round(size * 8 / numbers, 2) if size and numbers else None

    @property
    def by_type(self) -> dict[str, int]:
        """Numbers per type, sorted."""
        total: Counter[str] = Counter()
        for tensor in (self.tensors or {}).values():
            stored = TYPES.get(tensor.type)
            total[stored.name if stored else f"type {tensor.type}"] += tensor.numbers
        return dict(sorted(total.items()))


def _parameters(name: str, tensor: GgufTensor) -> int:
    stored = TYPES.get(tensor.type)
    whole = stored is not None and stored.name in WHOLE
    return 0 if whole or _NO_PARAMETERS.search(name) else tensor.numbers


def read_gguf(
    reader: Reader, path: str, problems: Problems, *, budget: Budget = REMOTE
) -> Gguf | None:
    """Read the header of a file of version 1 to 3, in either byte order; None with a problem.

    Where the budget ends before the header, what came before is told, and a problem says so. The
    header has no length: a read goes as far as it must still go, by what the keys, texts and
    tensors that are left take at least, so that it does not reach into the data of tensors.
    Format: https://github.com/ggml-org/ggml/blob/master/docs/gguf.md
    """
    cursor = Cursor(reader, path, budget)
    return read_named(path, "GGUF", problems, lambda: _read(cursor, path, problems))


def _read(cursor: Cursor, path: str, problems: Problems) -> Gguf:
    cursor.behind = _COUNTS_AND_VERSION
    version = _version(cursor)
    tensors, keys = cursor.unpack("II" if version == 1 else "QQ")
    if tensors > MOST_TENSORS or tensors * _LEAST_TENSOR > cursor.size:
        raise InvalidInputError(f"it claims {tensors} tensors")
    if keys * _LEAST_KEY > cursor.size:
        raise InvalidInputError(f"it claims {keys} keys")
    # Without tensors nothing but the header is there.
    table = KeyReader(cursor, version, path, problems)
    table.behind = tensors * _NAMED[version] if tensors else cursor.size
    found: dict[str, GgufTensor] | None = None
    try:
        table.read(keys)
        found = _tensors(cursor, table, tensors)
        _check_places(cursor, table.keys, found, path, problems)
    except BudgetSpentError:
        problems.add(f"{path}: the first {cursor.at} bytes of its header were read, not all of it")
    big = cursor.order == ">"
    return Gguf(version, big, table.keys, tensors, found, table.vocabulary)


def _version(cursor: Cursor) -> int:
    """Return the version, and turn the cursor's byte order where it makes sense only turned."""
    if cursor.take(len(MAGIC)) != MAGIC:
        raise InvalidInputError("it does not begin with GGUF")
    written = cursor.take(4)
    for order, name in (("<", "little"), (">", "big")):
        version = int.from_bytes(written, name)  # type: ignore[arg-type] # one of two literals
        if version in VERSIONS:
            cursor.order = order
            return version
    raise InvalidInputError(f"its version is {int.from_bytes(written, 'little')}")


def _tensors(cursor: Cursor, table: KeyReader, count: int) -> dict[str, GgufTensor]:
    found: dict[str, GgufTensor] = {}
    wide = "I" if table.version == 1 else "Q"
    size, least = struct.calcsize(f"<{wide}"), _NAMED[table.version]
    for number in range(1, count + 1):
        others = (count - number) * least
        cursor.behind = others + 4 + size + _KIND_AND_OFFSET
        name = table.text(LONGEST_NAME, "the name of a tensor")
        cursor.behind -= 4
        (dimensions,) = cursor.unpack("I")
        if dimensions > MOST_DIMENSIONS or name in found:
            fault = "is given twice" if name in found else f"has {dimensions} dimensions"
            raise InvalidInputError(f"the tensor {name[:80]!r} {fault}")
        cursor.behind = others
        cursor.need(dimensions * size + _KIND_AND_OFFSET)
        shape = cursor.unpack(f"{dimensions}{wide}")
        kind, offset = cursor.unpack("IQ")
        _check_shape(name, shape, TYPES.get(kind))
        found[name] = GgufTensor(kind, shape, offset)
    return found


def _check_shape(name: str, shape: tuple[int, ...], stored: GgmlType | None) -> None:
    """Rows are stored in whole blocks; no model is near the largest dimension."""
    blocks = stored is None or not shape or shape[0] % stored.block == 0
    if not blocks or any(not 0 < size <= LARGEST_DIMENSION for size in shape):
        raise InvalidInputError(f"the tensor {name[:80]!r} has no usable shape")


def _check_places(
    cursor: Cursor,
    keys: Mapping[str, object],
    tensors: Mapping[str, GgufTensor],
    path: str,
    problems: Problems,
) -> None:
    """Name tensors that share bytes or lie behind the end; their shapes are told all the same."""
    step = keys.get("general.alignment", ALIGNMENT)
    if not isinstance(step, int) or step <= 0 or step > 1 << 20:
        problems.add(f"{path}: its alignment is not usable")
        return
    begin, reached = -(-cursor.at // step) * step, 0
    for name, tensor in sorted(tensors.items(), key=lambda item: item[1].offset):
        if tensor.offset < reached:
            problems.add(f"{path}: the tensor {name[:80]!r} lies in the place of another")
            return
        reached = tensor.offset + (tensor.size or 0)
    if reached and begin + reached > cursor.size:
        problems.add(f"{path} ends before its tensors do: {begin + reached - cursor.size} bytes")
