"""CTranslate2 models: the kind of model and its variables, by the head of each of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from math import prod
from typing import Final

from catalog.inspectors.base import Problems, Reader, as_text
from catalog.inspectors.headers.ranges import Budget, BudgetSpentError, Cursor, read_named
from core.errors import InvalidInputError

# Values stand between the heads of variables, so only a file at hand is walked through.
REMOTE: Final = Budget(bytes=4 << 10, reads=2)
VERSIONS: Final = range(2, 16)
_TYPED: Final = 4  # from this version on variables name their type
_NEWEST_WALKED: Final = 6
TYPES: Final = ("float32", "int8", "int16", "int32", "float16", "bfloat16")
_PLAIN: Final = frozenset({"float32", "int8", "int16", "float16", "bfloat16"})
MOST_VARIABLES: Final = 20_000
LONGEST_NAME: Final = 500
_SPEC: Final = "Spec"
# What surely follows the version: a name that ends so, then a revision and the number of variables.
_LEAST_NAME: Final = 2 + len(_SPEC) + 1
_COUNTS: Final = 8


@dataclass(frozen=True, slots=True)
class CTranslate2:
    """What model.bin says; `by_dtype` and `num_params` only where all of it could be walked."""

    version: int
    spec: str
    revision: int
    variables: int
    by_dtype: Mapping[str, int] = field(default_factory=dict)
    num_params: int | None = None


def read_ctranslate2(
    reader: Reader, path: str, problems: Problems, *, budget: Budget = REMOTE
) -> CTranslate2 | None:
    """Read the head of model.bin, and with a budget for it that of each variable.

    Source of the format: CTranslate2, python/ctranslate2/specs/model_spec.py, `_serialize`.
    """
    cursor = Cursor(reader, path, budget)
    return read_named(path, "CTranslate2", problems, lambda: _read(cursor))


def is_ctranslate2(head: bytes) -> bool:
    """Tell whether a file begins as model.bin does: a version, and the name of a specification."""
    version, length = int.from_bytes(head[:4], "little"), int.from_bytes(head[4:6], "little")
    name = head[6 : 6 + length]
    text = name[:-1]
    named = text.isalnum() and text.isascii() and text.endswith(_SPEC.encode())
    return version in VERSIONS and 1 < length == len(name) and name[-1:] == b"\0" and named


def _read(cursor: Cursor) -> CTranslate2:
    cursor.behind = _LEAST_NAME + _COUNTS
    (version,) = cursor.unpack("I")
    cursor.behind = _COUNTS
    if version not in VERSIONS:
        raise InvalidInputError(f"its version is {version}")
    spec = _text(cursor)
    if not spec.endswith(_SPEC):
        raise InvalidInputError("it names no specification")
    revision, count = cursor.unpack("II")
    cursor.behind = 0
    if count > MOST_VARIABLES:
        raise InvalidInputError(f"it claims {count} variables")
    found = CTranslate2(version, spec, revision, count)
    if not _TYPED <= version <= _NEWEST_WALKED:
        return found
    try:
        numbers, total = _walk(cursor, count)
    except BudgetSpentError:
        return found
    return CTranslate2(version, spec, revision, count, numbers, total)


def _walk(cursor: Cursor, count: int) -> tuple[dict[str, int], int | None]:
    """Return numbers per type, and the parameters; None of these where words pack several."""
    by_dtype: Counter[str] = Counter()
    total, packed = 0, False
    for _ in range(count):
        name = _text(cursor)
        shape = cursor.unpack(f"{cursor.unpack('B')[0]}I")
        kind, size = cursor.unpack("BI")
        cursor.skip(size)
        dtype = TYPES[kind] if kind < len(TYPES) else f"type {kind}"
        by_dtype[dtype] += prod(shape)
        total += prod(shape) if shape and not _is_setting(name) else 0
        packed = packed or (dtype not in _PLAIN and bool(shape))
    return dict(sorted(by_dtype.items())), None if packed else total


def _is_setting(name: str) -> bool:
    """Scales and zero points of packed weights, and switches, which are numbers alone."""
    return name.endswith(("_scale", "_zero", "_zero_point", "weight_qscale"))


def _text(cursor: Cursor) -> str:
    (length,) = cursor.unpack("H")
    if not 0 < length <= LONGEST_NAME:
        raise InvalidInputError(f"a name claims {length} bytes")
    return as_text(cursor.take(length)[:-1].decode("utf-8", "replace"), LONGEST_NAME)
