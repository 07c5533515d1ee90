"""Caffe's networks (.caffemodel): layers with their numbers, of which some are in Python.

Format: https://github.com/BVLC/caffe/blob/master/src/caffe/proto/caffe.proto
"""

from __future__ import annotations

from typing import ClassVar

from scanning.scanners._code.targets import is_target_dangerous
from scanning.scanners._tensors.graph_format import GraphFormat
from scanning.scanners._tensors.protobuf import ANY, B, F, Leaf, Message, N, S, Schema, T
from scanning.scanners._tensors.reading import FormatError
from scanning.scanners.base import Rule, Severity

RULES = {
    "caffe_python_layer": Rule(
        "A layer is Python", "https://cwe.mitre.org/data/definitions/829.html"
    ),
}
_OLD_SETTINGS: dict[int, Leaf | str] = dict.fromkeys(range(9, 60), B)


class Caffe(GraphFormat):
    """A NetParameter, of the present form or the one before; the first form is not known."""

    name = "Caffe"
    root = "Net"
    essence = (2, 100)
    schema: ClassVar[Schema] = {
        "Net": {1: T, 2: "OldLayer", 3: B, 4: S, 5: N, 6: B, 7: N, 8: B, 100: "Layer"},
        "Layer": {1: T, 2: T, 3: B, 4: B, 5: F, 6: B, 7: B, 8: B, 9: B, 10: N, 11: S,
                  130: "Python", ANY: B},
        "OldLayer": {**_OLD_SETTINGS, 2: B, 3: B, 4: T, 5: N, 6: B, 7: F, 8: F, 35: F, 1001: B,
                     1002: S},
        "Python": {1: T, 2: T, 3: T, 4: N},
    }  # fmt: skip

    def visit(self, message: Message) -> None:
        """Other formats could be read as a net of anything: what each part must have decides."""
        if message.name == "Layer" and not message.text(2).isidentifier():
            raise FormatError("a layer without a type")
        if message.name == "OldLayer" and not message.numbers(5):
            raise FormatError("a layer without a type")
        if message.name == "Net" and not all(one.isprintable() for one in message.texts(1)):
            raise FormatError("a name that is none")
        if message.name == "Python":
            module, layer = message.text(1), message.text(2)
            severity = Severity.HIGH if is_target_dangerous(module, layer) else Severity.MEDIUM
            text = "has a layer that is Python, imported by its name"
            self.notes.add("caffe_python_layer", severity, text, f"{module}.{layer}")
