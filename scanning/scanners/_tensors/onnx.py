"""ONNX: files that tensors lie in, operators that need foreign code, sizes that lie.

Format: https://github.com/onnx/onnx/blob/main/onnx/onnx.proto
"""

from __future__ import annotations

import re
from math import prod
from typing import ClassVar

from scanning.scanners._tensors.graph_format import GraphFormat
from scanning.scanners._tensors.notes import Notes
from scanning.scanners._tensors.onnx_names import KNOWN, KNOWN_VERSION
from scanning.scanners._tensors.paths import leads_away
from scanning.scanners._tensors.protobuf import NS, B, F, Message, N, S, Schema, T
from scanning.scanners._tensors.reading import ByteReader
from scanning.scanners.base import Rule, Severity

_NVD = "https://nvd.nist.gov/vuln/detail/"
RULES = {
    "onnx_external_path": Rule("ONNX reads a file elsewhere", f"{_NVD}CVE-2024-27318"),
    "onnx_external_key": Rule("ONNX sets what is no property", f"{_NVD}CVE-2026-34445"),
    "onnx_external_data": Rule("ONNX keeps tensors in another file"),
    "onnx_python_op": Rule("ONNX calls Python", "https://cwe.mitre.org/data/definitions/94.html"),
    "onnx_custom_op": Rule(
        "ONNX needs an operator that is not built in",
        "https://cwe.mitre.org/data/definitions/829.html",
    ),
    "onnx_invalid": Rule(
        "ONNX breaks its format", "https://cwe.mitre.org/data/definitions/130.html"
    ),
}
_KEYS = frozenset({"location", "offset", "length", "checksum", "basepath"})
_DOMAINS = re.compile(
    r"(ai\.onnx(\.(ml|training|preview(\.training)?))?|com\.microsoft(\.\w+)*"
    r"|com\.ms\.internal\.nhwc|org\.pytorch\.aten|)\Z"
)
_PYTHON = re.compile(r"(?i)python|py_?(custom)?_?(op|func)\b|\bpyop")
_BITS = {1: 32, 2: 8, 3: 8, 4: 16, 5: 16, 6: 32, 7: 64, 9: 8, 10: 16, 11: 64, 12: 32, 13: 64,
         14: 64, 15: 128, 16: 16, 17: 8, 18: 8, 19: 8, 20: 8, 21: 4, 22: 4, 23: 4, 24: 8,
         25: 2, 26: 2}  # fmt: skip
_TEXTS = 8
_LIMIT = 1 << 63
_DIGITS = 19
_EXTERNAL = 1


def calls_python(domain: str, operator: str) -> bool:
    return bool(_PYTHON.search(operator) or _PYTHON.search(domain))


def is_foreign(domain: str, operator: str) -> bool:
    """Whether neither ONNX nor its runtimes have the operator."""
    own = "" if domain == "ai.onnx" else domain
    return not _DOMAINS.match(domain) or (own in KNOWN and operator not in KNOWN[own])


class Onnx(GraphFormat):
    """A model with its subgraphs, functions and training graphs."""

    name = "ONNX"
    root = "Model"
    essence = (7,)
    schema: ClassVar[Schema] = {
        "Model": {1: N, 2: T, 3: T, 4: T, 5: N, 6: B, 7: "Graph", 8: "Opset", 14: "Pair",
                  20: "Training", 25: "Function", 26: B},
        "Graph": {1: "Node", 2: B, 5: "Tensor", 10: B, 11: B, 12: B, 13: B, 14: B,
                  15: "Sparse", 16: B},
        "Node": {1: B, 2: B, 3: B, 4: T, 5: "Attribute", 6: B, 7: T, 8: B, 9: B, 10: B},
        "Attribute": {1: T, 2: F, 3: N, 4: B, 5: "Tensor", 6: "Graph", 7: F, 8: NS, 9: B,
                      10: "Tensor", 11: "Graph", 13: B, 14: B, 15: B, 20: N, 21: B,
                      22: "Sparse", 23: "Sparse"},
        "Tensor": {1: S, 2: N, 3: B, 4: F, 5: NS, 6: B, 7: NS, 8: T, 9: B, 10: F, 11: NS,
                   12: B, 13: "External", 14: N, 16: B},
        "Sparse": {1: "Tensor", 2: "Tensor", 3: NS},
        "Function": {1: T, 4: B, 5: B, 6: B, 7: "Node", 8: B, 9: "Opset", 10: T,
                     11: "Attribute", 12: B, 13: B, 14: B},
        "Training": {1: "Graph", 2: "Graph", 3: B, 4: B},
        "Opset": {1: T, 2: N},
        "External": {1: T, 2: T},
        "Pair": {1: B, 2: B},
    }  # fmt: skip

    def __init__(self, reader: ByteReader, notes: Notes) -> None:
        super().__init__(reader, notes)
        self._foreign: set[tuple[str, str]] = set()
        self._own: set[tuple[str, str]] = set()
        self._versions: dict[str, int] = {}  # of operators, by their domain
        self._lengths: list[int] = []  # that the tensor at hand has in another file
        self._offsets: list[int] = []

    def visit(self, message: Message) -> None:
        if message.name == "External":
            self._external(message)
        elif message.name == "Tensor":
            self._tensor(message)
        elif message.name == "Node":
            self._node(message)
        elif message.name == "Function":
            self._own.add((message.text(10), message.text(1)))
        elif message.name == "Opset":
            domain = message.text(1)
            own = "" if domain == "ai.onnx" else domain
            self._versions[own] = max(self._versions.get(own, 0), message.number(2))

    def finish(self, root: Message) -> None:
        super().finish(root)
        for domain, operator in sorted(self._foreign - self._own)[:20]:
            own = "" if domain == "ai.onnx" else domain
            if self._versions.get(own, 0) > KNOWN_VERSION.get(own, _LIMIT):
                self.notes.gap(f"ONNX: an operator of a newer version: {operator}")
                continue
            message = "needs an operator that is not built in"
            evidence = f"{domain}::{operator}"
            self.notes.add("onnx_custom_op", Severity.MEDIUM, message, evidence)

    def _invalid(self, message: str, evidence: str) -> None:
        self.notes.add("onnx_invalid", Severity.MEDIUM, message, evidence)

    def _node(self, message: Message) -> None:
        for operator in message.texts(4):
            for domain in message.texts(7) or [""]:
                self._operator(domain, operator)

    def _operator(self, domain: str, operator: str) -> None:
        if calls_python(domain, operator):
            text = "calls Python by an operator"
            evidence = f"{domain}::{operator}"
            self.notes.add("onnx_python_op", Severity.MEDIUM, text, evidence)
        elif operator == "EPContext":
            self.notes.gap("ONNX: a part that is compiled for a device (EPContext)")
        elif is_foreign(domain, operator):
            self._foreign.add((domain, operator))

    def _external(self, message: Message) -> None:
        for key in message.texts(1) or [""]:
            values = message.texts(2) or [""]
            if key == "location":
                for value in values:
                    self._location(value)
            elif key in {"offset", "length"}:
                self._place(key, values)
            elif key not in _KEYS:
                severity = Severity.HIGH if "__" in key else Severity.MEDIUM
                text = "sets what is no property of a file's place"
                self.notes.add("onnx_external_key", severity, text, key)

    def _place(self, key: str, values: list[str]) -> None:
        for value in values:
            if not (value.isascii() and value.isdecimal()) or len(value) > _DIGITS:
                self._invalid("has a place in another file that is no number", value)
            elif int(value) >= _LIMIT:
                self._invalid("has a place that no file reaches to", value)
            else:
                (self._lengths if key == "length" else self._offsets).append(int(value))

    def _location(self, path: str) -> None:
        if leads_away(path):
            message = "reads tensors from a file outside of its folder"
            self.notes.add("onnx_external_path", Severity.HIGH, message, path)
        elif not path.strip(". "):
            self._invalid("has tensors in a file without a name", path)
        elif path.lower().endswith(".onnx"):
            self._invalid("has tensors in a file that is a model, as it is itself", path)
        else:
            message = "keeps tensors in another file"
            self.notes.add("onnx_external_data", Severity.INFO, message, path)

    def _tensor(self, message: Message) -> None:
        lengths, self._lengths = self._lengths, []
        offsets, self._offsets = self._offsets, []
        if max(lengths, default=0) + max(offsets, default=0) >= _LIMIT:
            self._invalid("has a place that no file reaches to", str(max(offsets)))
        if message.number(14) == _EXTERNAL and not message.spans(13):
            self._invalid("has a tensor elsewhere without saying where", message.text(8))
        sizes = message.numbers(1)
        numbers = prod(sizes)
        if numbers >= _LIMIT:
            self._invalid("has a tensor of more numbers than can be counted", message.text(8))
            return
        kind = message.number(2)
        bits = _BITS.get(kind)
        if bits is None and kind != _TEXTS and (numbers or kind):
            self.notes.gap(f"ONNX: a tensor of type {kind}, which is not known")
        size = -(-numbers * (bits or 0) // 8)
        if bits and any(one not in {0, size} for one in lengths):
            evidence = f"{message.text(8)}: {sizes} in {lengths[-1]} bytes"
            self._invalid("has a tensor whose shape does not fit its bytes", evidence)
        raw = message.spans(9)
        if bits is None or not raw or message.spans(13):
            return
        if size != raw[-1].size:
            evidence = f"{message.text(8)}: {sizes} in {raw[-1].size} bytes"
            self._invalid("has a tensor whose shape does not fit its bytes", evidence)
