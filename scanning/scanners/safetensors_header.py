"""Check a safetensors file by its header: what the format forbids is where tricks live.

The tensors themselves are numbers that no loader runs, so a valid header covers the whole file.
"""

from __future__ import annotations

import json
import math
import re
from collections.abc import Iterator
from pathlib import Path, PurePath
from typing import Any, ClassVar

from scanning.scanners._sniff import MAX_SAFETENSORS_HEADER, Kind, sniff
from scanning.scanners._tensors.notes import POLYGLOT, Notes, note_zip_behind
from scanning.scanners._tensors.safetensors_text import LENGTH_BYTES, LONGEST_READ
from scanning.scanners.base import Canary, Finding, Report, Rule, Scanner, Severity, scanners

_BITS = {
    "BOOL": 8, "U8": 8, "I8": 8, "F8_E5M2": 8, "F8_E4M3": 8, "F8_E8M0": 8,
    "F8_E4M3FNUZ": 8, "F8_E5M2FNUZ": 8,
    "I16": 16, "U16": 16, "F16": 16, "BF16": 16, "I32": 32, "U32": 32, "F32": 32,
    "I64": 64, "U64": 64, "F64": 64, "C64": 64, "F4": 4, "F6_E2M3": 6, "F6_E3M2": 6,
}  # fmt: skip
_MAX_SIZE = 2**63
_HALF = re.compile("[\ud800-\udfff]")
_KEYS = frozenset({"dtype", "shape", "data_offsets"})


class TooLongError(Exception):
    """The header may be true; reading it would take more memory than a child may have."""


class HeaderError(ValueError):
    """The header breaks a rule of the format; nothing after it can be trusted."""


@scanners.register
class SafetensorsHeader(Scanner):
    """Holds a file to the format: sizes, offsets without gap or overlap, nothing behind the end."""

    slug = "safetensors_header"
    title = "safetensors header"
    rules: ClassVar = {
        **POLYGLOT,
        "safetensors_invalid": Rule(
            "safetensors breaks its format", "https://cwe.mitre.org/data/definitions/130.html"
        ),
    }

    @property
    def engine(self) -> str:
        return "safetensors_header/2"

    def canary(self) -> Canary:
        header = b'{"a":{"dtype":"U8","shape":[1],"data_offsets":[0,9]}}'
        return Canary("canary.safetensors", len(header).to_bytes(8, "little") + header + b"\x00")

    def handles(self, path: PurePath, head: bytes) -> bool:
        if sniff(head) is Kind.SAFETENSORS:
            return True
        return path.suffix.lower() == ".safetensors" and bool(head)

    def scan(self, path: Path, name: PurePath) -> Report:
        notes = Notes()
        try:
            header, data_size = _read_header(path)
            notes.extend(list(_faults(header, data_size)))
        except TooLongError as error:
            notes.gap(str(error))
        except (HeaderError, RecursionError) as error:
            notes.extend([_fault(str(error) or "the header is nested too deeply")])
        with path.open("rb") as stream:
            note_zip_behind(stream, notes)
        return notes.report(path.stat().st_size)


def _fault(message: str, evidence: str = "") -> Finding:
    return Finding("safetensors_invalid", Severity.MEDIUM, message, evidence[:200])


def _read_header(path: Path) -> tuple[dict[str, Any], int]:
    total = path.stat().st_size
    with path.open("rb") as file:
        length = int.from_bytes(file.read(LENGTH_BYTES), "little")
        if length > MAX_SAFETENSORS_HEADER:
            raise HeaderError(f"the header claims {length} bytes")
        if total < LENGTH_BYTES + length:
            raise HeaderError("the file ends inside its header")
        if length > LONGEST_READ:
            raise TooLongError(f"a header of {length} bytes is not read")
        raw = file.read(length)
    return _parse(raw), total - LENGTH_BYTES - length


def _parse(raw: bytes) -> dict[str, Any]:
    if not raw.startswith(b"{"):
        raise HeaderError("the header does not start with a brace")
    try:
        header = json.loads(raw.decode("utf-8"), object_pairs_hook=_without_duplicates)
    except HeaderError:
        raise
    except ValueError as error:
        raise HeaderError(f"the header is no JSON: {error}") from error
    if not isinstance(header, dict):
        raise HeaderError("the header is no JSON object")
    return header


def _without_duplicates(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    keys = dict(pairs)
    if len(keys) != len(pairs):
        raise HeaderError("the header has the same key twice")
    for text in (*keys, *keys.values()):
        if isinstance(text, str) and _HALF.search(text):
            raise HeaderError("the header has half a character")
    return keys


def _faults(header: dict[str, Any], data_size: int) -> Iterator[Finding]:
    metadata = header.pop("__metadata__", {})
    if not isinstance(metadata, dict) or not all(isinstance(v, str) for v in metadata.values()):
        yield _fault("the metadata are not text to text", repr(metadata))
    spans = sorted(_span(name, tensor) for name, tensor in header.items())
    position = 0
    for begin, end, name in spans:
        if begin != position:
            problem = "overlaps the tensor before it" if begin < position else "leaves a gap"
            yield _fault(f"a tensor {problem}", f"{name}: {begin} after {position}")
        position = max(position, end)
    if position > data_size:
        yield _fault("tensors reach past the end of the file", f"{position} of {data_size} bytes")
    elif position < data_size:
        yield _fault("data behind the last tensor", f"{data_size - position} bytes")


def _span(name: str, tensor: object) -> tuple[int, int, str]:
    if not isinstance(tensor, dict) or set(tensor) != _KEYS:
        raise HeaderError(f"tensor {name[:80]!r} has other keys than the format's")
    begin, end = _naturals(tensor["data_offsets"], name, count=2)
    shape = _naturals(tensor["shape"], name)
    bits = _BITS.get(tensor["dtype"]) if isinstance(tensor["dtype"], str) else None
    if bits is None:
        raise HeaderError(f"tensor {name[:80]!r} has an unknown type {str(tensor['dtype'])[:40]!r}")
    size = math.prod(shape) * bits
    if size >= _MAX_SIZE or size % 8 or end - begin != size // 8:
        raise HeaderError(f"tensor {name[:80]!r}: shape and type do not fit its offsets")
    return begin, end, name


def _naturals(value: object, name: str, *, count: int | None = None) -> list[int]:
    if isinstance(value, list) and (count is None or len(value) == count):
        numbers = [n for n in value if type(n) is int and 0 <= n < _MAX_SIZE]
        if len(numbers) == len(value):
            return numbers
    raise HeaderError(f"tensor {name[:80]!r} has offsets or a shape that are no sizes")
