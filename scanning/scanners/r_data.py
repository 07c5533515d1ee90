"""R's serialised data (.rds, .RData): what is in it besides numbers and text.

Reading a promise and using the object evaluates what it carries (CVE-2024-27322); functions and
byte code run when they are called. After the serialisation part of "R Internals".
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterator
from pathlib import Path, PurePath
from typing import BinaryIO

from scanning.scanners._sniff import Kind, sniff
from scanning.scanners.base import (
    Canary,
    Finding,
    Report,
    Rule,
    Scanner,
    Severity,
    conclude,
    scanners,
)

_ADVISORY = "https://nvd.nist.gov/vuln/detail/CVE-2024-27322"
_SYMBOL, _PAIRS, _CLOSURE, _ENVIRONMENT, _PROMISE, _CALL = 1, 2, 3, 4, 5, 6
_SPECIAL, _BUILTIN, _CHARS, _DOTS, _TEXTS, _LIST, _EXPRESSION = 7, 8, 9, 17, 16, 19, 20
_BYTECODE, _POINTER, _WEAK, _RAW, _S4 = 21, 22, 23, 24, 25
_WIDTHS = {10: 4, 13: 4, 14: 8, 15: 16, _RAW: 1}
_ALTREP, _REFERENCE, _PACKAGE, _NAMESPACE, _PERSISTENT = 238, 255, 250, 249, 247
_PLAIN = frozenset({254, 253, 252, 251, 242, 241, 0})
_ATTRIBUTES, _TAG = 0x200, 0x400
_WITH_ATTRIBUTES = frozenset({_POINTER, _WEAK, _S4})
_WORD = 4
_WITH_ENCODING = 3
_MAX_ITEMS = 20_000_000
_CODE = {
    _PROMISE: ("r_promise", Severity.HIGH, "has a promise, which R evaluates once it is used"),
    _BYTECODE: ("r_code", Severity.MEDIUM, "has byte code"),
    _CLOSURE: ("r_code", Severity.MEDIUM, "has functions"),
    _SPECIAL: ("r_code", Severity.MEDIUM, "names functions of R itself"),
    _BUILTIN: ("r_code", Severity.MEDIUM, "names functions of R itself"),
    _POINTER: ("r_code", Severity.MEDIUM, "has a pointer"),
}


class RFaultError(ValueError):
    """The data break the format, or are of a kind that is not followed."""


@scanners.register
class RData(Scanner):
    """Promises are unsafe, functions suspicious, numbers and text clean."""

    slug = "r_data"
    title = "R data"
    rules = {
        "r_promise": Rule("R data carries a promise", _ADVISORY),
        "r_code": Rule("R data carries code", "https://cwe.mitre.org/data/definitions/502.html"),
    }

    @property
    def engine(self) -> str:
        return "r_data/1"

    def canary(self) -> Canary:
        promise = b"\x00\x00\x00\x05" + b"\x00\x00\x00\xfe" * 3
        return Canary("canary.rds", b"X\n\x00\x00\x00\x02" + b"\x00" * 8 + promise)

    def handles(self, path: PurePath, head: bytes) -> bool:
        return sniff(head) is Kind.RDATA

    def scan(self, path: Path, name: PurePath) -> Report:
        gaps = []
        size = path.stat().st_size
        with path.open("rb") as stream:
            reader = _Reader(stream, size)
            try:
                reader.run()
            except RFaultError as error:
                gaps.append(str(error))
        covered = None if gaps else size
        return conclude(_findings(reader.kinds), gaps, covered_bytes=covered)


def _findings(kinds: Counter[int]) -> Iterator[Finding]:
    for kind, count in kinds.items():
        if kind in _CODE:
            rule, severity, message = _CODE[kind]
            yield Finding(rule, severity, message, f"{count} of type {kind}")


class _Reader:
    """Goes through the items one by one; what is still to be read is counted, not recursed into."""

    def __init__(self, stream: BinaryIO, size: int) -> None:
        self.stream = stream
        self.size = size
        self.kinds: Counter[int] = Counter()

    def run(self) -> None:
        head = self.stream.read(5)
        if head.startswith(b"RD"):
            head = self.stream.read(2)
        else:
            self.stream.seek(2)
        if head[:2] != b"X\n":
            raise RFaultError("data in another encoding than XDR are not covered")
        version, _, _ = self.number(), self.number(), self.number()
        if version == _WITH_ENCODING:
            self.skip(self.number())
        elif version != _WITH_ENCODING - 1:
            raise RFaultError(f"version {version} of the format")
        pending = 1
        items = 0
        while pending:
            pending += self.item() - 1
            items += 1
            if items > _MAX_ITEMS:
                raise RFaultError("more items than are followed")
        if self.stream.read(1):
            raise RFaultError("bytes behind the last item")

    def number(self) -> int:
        raw = self.stream.read(_WORD)
        if len(raw) != _WORD:
            raise RFaultError("the data are cut short")
        return int.from_bytes(raw, "big", signed=True)

    def skip(self, size: int) -> None:
        if size < 0 or self.stream.tell() + size > self.size:
            raise RFaultError("a length points past the end")
        self.stream.seek(size, os.SEEK_CUR)

    def item(self) -> int:
        """Read one item's head; how many items follow that belong to it."""
        flags = self.number()
        kind = flags & 0xFF
        self.kinds[kind] += 1
        attributes = 1 if flags & _ATTRIBUTES else 0
        if kind in {_PAIRS, _CLOSURE, _PROMISE, _CALL, _DOTS}:
            return attributes + (1 if flags & _TAG else 0) + 2
        if kind in _WIDTHS or kind in {_TEXTS, _LIST, _EXPRESSION}:
            return self._vector(kind) + attributes
        return self._other(kind, flags) + (attributes if kind in _WITH_ATTRIBUTES else 0)

    def _vector(self, kind: int) -> int:
        length = self.number()
        if length == -1:
            length = (self.number() << 32) + (self.number() & 0xFFFFFFFF)
        if kind not in _WIDTHS:
            if length > self.size:
                raise RFaultError("a length points past the end")
            return length
        self.skip(length * _WIDTHS[kind])
        return 0

    def _other(self, kind: int, flags: int) -> int:
        following = {_SYMBOL: 1, _ENVIRONMENT: 4, _ALTREP: 3, _POINTER: 2, _WEAK: 0, _S4: 0}
        if kind in _PLAIN:
            return 0
        if kind == _ENVIRONMENT:
            self.number()  # whether it is locked
        elif kind in {_CHARS, _SPECIAL, _BUILTIN}:
            self.skip(max(0, self.number()))
            return 0
        elif kind == _REFERENCE:
            if not flags >> 8:
                self.number()
            return 0
        elif kind in {_PACKAGE, _NAMESPACE, _PERSISTENT}:
            self.number()
            return self.number()
        if kind not in following:
            raise RFaultError(f"items of type {kind} are not followed")
        return following[kind]
