"""Core ML, PaddlePaddle and SentencePiece: smaller formats in protobuf.

Formats: https://github.com/apple/coremltools/tree/main/mlmodel/format,
https://github.com/PaddlePaddle/Paddle/blob/develop/paddle/fluid/framework/framework.proto,
https://github.com/google/sentencepiece/blob/master/src/sentencepiece_model.proto
"""

from __future__ import annotations

import re
from typing import ClassVar

from scanning.scanners._tensors.graph_format import GraphFormat
from scanning.scanners._tensors.paths import leads_away
from scanning.scanners._tensors.protobuf import ANY, B, F, Message, N, Schema, T
from scanning.scanners.base import Rule, Severity

_FOREIGN = "https://cwe.mitre.org/data/definitions/829.html"
_PATHS = "https://cwe.mitre.org/data/definitions/22.html"
RULES = {
    "coreml_custom": Rule("Core ML needs code of the app", _FOREIGN),
    "coreml_path": Rule("Core ML reads a file elsewhere", _PATHS),
    "paddle_python_op": Rule("PaddlePaddle calls Python", _FOREIGN),
    "paddle_file_op": Rule("PaddlePaddle reads or writes files", _PATHS),
}
_MODEL_PATH = "@model_path/"


class CoreMl(GraphFormat):
    """Custom layers and models, weights in files outside of the package."""

    name = "Core ML"
    root = "Model"
    essence = (*range(200, 1000), *range(2000, 3001))
    schema: ClassVar[Schema] = {
        "Model": {1: N, 2: B, 10: N, 200: "Wrapped", 201: "Wrapped", 202: "Pipeline", 303: "Net",
                  403: "Net", 500: "Net", 502: "Program", 555: B, 556: B, 300: B, 301: B, 302: B,
                  304: B, 400: B, 401: B, 402: B, 404: B, 501: B, 560: B, 600: B, 601: B, 602: B,
                  603: B, 604: B, 606: B, 607: B, 609: B, 610: B, 900: B, 2000: B, 2001: B,
                  2002: B, 2003: B, 2004: B, 2005: B, 2006: B, 3000: B},
        "Wrapped": {1: "Pipeline"},
        "Pipeline": {1: "Model", 2: B},
        "Net": {1: "Layer", ANY: B},
        "Layer": {1: T, 500: "Custom", 605: "Branch", 615: "Loop", ANY: B},
        "Custom": {10: T, ANY: B},
        "Branch": {1: "Net", 2: "Net"},
        "Loop": {1: N, 2: B, 3: "Net", 4: "Net"},
        "Program": {1: N, 2: "FunctionEntry", 3: B, 4: B},
        "FunctionEntry": {1: B, 2: "Function"},
        "Function": {1: B, 2: B, 3: "BlockEntry", 4: B},
        "BlockEntry": {1: B, 2: "Block"},
        "Block": {1: B, 2: B, 3: "Operation", 4: B},
        "Operation": {1: T, 2: "Input", 3: B, 4: "Block", 5: "Value_"},
        "Input": {1: B, 2: "Argument"},
        "Argument": {1: "Binding"},
        "Binding": {1: B, 2: "Value"},
        "Value_": {1: B, 2: "Value"},
        "Value": {1: B, 2: B, 3: B, 5: "File"},
        "File": {1: T, 2: N},
    }  # fmt: skip

    def visit(self, message: Message) -> None:
        if message.name == "Custom":
            self._custom(f"layer {message.text(10)}")
        elif message.name == "Model":
            if message.spans(555):
                self._custom("model")
            if message.spans(556):
                text = "is a link to another model"
                self.notes.add("coreml_path", Severity.MEDIUM, text, "linked model")
        elif message.name == "Operation" and "custom" in message.text(1).lower():
            self._custom(f"operation {message.text(1)}")
        elif message.name == "File":
            self._file(message.text(1))

    def _custom(self, what: str) -> None:
        self.notes.add("coreml_custom", Severity.MEDIUM, "needs code of the app", what)

    def _file(self, path: str) -> None:
        if leads_away(path.removeprefix(_MODEL_PATH)):
            text = "reads a file outside of its package"
            self.notes.add("coreml_path", Severity.HIGH, text, path)


class Paddle(GraphFormat):
    """A ProgramDesc (.pdmodel)."""

    name = "PaddlePaddle"
    root = "Program"
    essence = (1,)
    schema: ClassVar[Schema] = {
        "Program": {1: "Block", 4: B, 5: B},
        "Block": {1: N, 2: N, 3: B, 4: "Op", 5: N},
        "Op": {1: B, 2: B, 3: T, 4: "Attribute", 5: N},
        "Attribute": {1: T, 5: T, ANY: B},
    }
    _PYTHON = re.compile(r"py_?(func|layer)|python", re.IGNORECASE)
    _FILES: ClassVar = frozenset({"load", "save", "load_combine", "save_combine", "read_file"})

    def __init__(self, *arguments: object) -> None:
        super().__init__(*arguments)  # type: ignore[arg-type] # as the base class takes them
        self._paths: list[str] = []

    def visit(self, message: Message) -> None:
        if message.name == "Attribute" and "path" in message.text(1):
            self._paths.append(message.text(5))
        elif message.name == "Op":
            self._operation(message.text(3))

    def _operation(self, operation: str) -> None:
        paths, self._paths = self._paths, []
        if self._PYTHON.search(operation):
            text = "calls Python from its program"
            self.notes.add("paddle_python_op", Severity.MEDIUM, text, operation)
        elif operation in self._FILES:
            severity = Severity.HIGH if any(map(leads_away, paths)) else Severity.MEDIUM
            evidence = f"{operation} {' '.join(paths)}"
            text = "reads or writes files from its program"
            self.notes.add("paddle_file_op", severity, text, evidence)


class SentencePiece(GraphFormat):
    """A tokenizer.model: pieces with scores, and how text is made ready for them."""

    name = "SentencePiece"
    root = "Model"
    essence = (1,)
    schema: ClassVar[Schema] = {
        "Model": {1: "Piece", 2: B, 3: B, 4: B, 5: B},
        "Piece": {1: B, 2: F, 3: N},
    }

    def visit(self, message: Message) -> None:
        """Pieces are texts with a score."""
