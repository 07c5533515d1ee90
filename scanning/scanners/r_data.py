"""R's serialised data (.rds, .RData): what is in it besides numbers and text.

Reading a promise and using the object evaluates what it carries (CVE-2024-27322); functions and
byte code run when they are called. After the serialisation part of "R Internals".
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path, PurePath

from scanning.scanners._r_items import (
    BUILTIN,
    BYTECODE,
    CLOSURE,
    POINTER,
    PROMISE,
    SPECIAL,
    RFaultError,
    reader_of,
)
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
_CODE = {
    PROMISE: ("r_promise", Severity.HIGH, "has a promise, which R evaluates once it is used"),
    BYTECODE: ("r_code", Severity.MEDIUM, "has byte code"),
    CLOSURE: ("r_code", Severity.MEDIUM, "has functions"),
    SPECIAL: ("r_code", Severity.MEDIUM, "names functions of R itself"),
    BUILTIN: ("r_code", Severity.MEDIUM, "names functions of R itself"),
    POINTER: ("r_code", Severity.MEDIUM, "has a pointer"),
}


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
        return "r_data/2"

    def canary(self) -> Canary:
        promise = b"\x00\x00\x00\x05" + b"\x00\x00\x00\xfe" * 3
        return Canary("canary.rds", b"X\n\x00\x00\x00\x02" + b"\x00" * 8 + promise)

    def handles(self, path: PurePath, head: bytes) -> bool:
        return sniff(head) is Kind.RDATA

    def scan(self, path: Path, name: PurePath) -> Report:
        gaps = []
        size = path.stat().st_size
        with path.open("rb") as stream:
            kinds = Counter[int]()
            try:
                reader = reader_of(stream, size)
                kinds = reader.kinds
                reader.run()
            except RFaultError as error:
                gaps.append(str(error))
        covered = None if gaps else size
        return conclude(_findings(kinds), gaps, covered_bytes=covered)


def _findings(kinds: Counter[int]) -> Iterator[Finding]:
    for kind, count in kinds.items():
        if kind in _CODE:
            rule, severity, message = _CODE[kind]
            yield Finding(rule, severity, message, f"{count} of type {kind}")
