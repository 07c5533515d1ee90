"""TorchScript source inside an archive: its interpreter runs it, with the operators it names."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import suppress

from scanning.scanners._code.source import findings_of
from scanning.scanners.base import UNSAFE_SEVERITIES, Finding, Severity

MAX_SOURCE = 16 * 1024 * 1024
# Operators that read and write files or run Python; they need no import in TorchScript.
# Between two words its parser takes blanks, comments, lines that go on, and parentheses.
_GAP = rb"(?:[\s()]|\\\r?\n|#[^\n]*\n)*"
_DOT = _GAP + rb"\." + _GAP
_FILES = re.compile(
    rb"\b(?:ops" + _DOT + rb"(?:aten|prim)|torch)" + _DOT
    + rb"(save|from_file|load|_load_for_executorch|PythonOp)" + _GAP + rb"\(|\^\s*\w+\s*\("
)  # fmt: skip
_OPERATOR = re.compile(rb"\bops" + _DOT + rb"(\w+)" + _DOT + rb"(\w+)" + _GAP + rb"\(")
_IMPORTS = re.compile(
    rb"^[ \t]*(?:import|from)[ \t]+(?!__torch__)[A-Za-z_.]"
    rb"|(?<![.\w])(?:__import__|exec|eval|open)[ \t]*\(",
    re.MULTILINE,
)
_KNOWN = frozenset(
    b"aten prim quantized quantized_decomposed torchvision _quantized static_runtime prims "
    b"inductor mkldnn mkldnn_prepacked prepacked xnnpack sparse fb torchaudio".split()
)


def source_findings(source: bytes, where: str) -> Iterator[Finding]:
    yield from _python(source, where)
    if match := _FILES.search(source):
        message = "is TorchScript that reads or writes files, or runs Python"
        shown = _line(source, match.start())
        yield Finding("torchscript_operator", Severity.HIGH, message, shown, where)
    for match in _OPERATOR.finditer(source):
        if match[1] not in _KNOWN:
            message = "is TorchScript that needs operators of a library"
            shown = _line(source, match.start())
            yield Finding("torchscript_library", Severity.MEDIUM, message, shown, where)
            return


def _python(source: bytes, where: str) -> Iterator[Finding]:
    """TorchScript has no modules to import, so this is for who imports or runs it as Python."""
    match = _IMPORTS.search(source)
    if match is None:
        return
    found: list[Finding] = []
    with suppress(SyntaxError, ValueError, RecursionError, MemoryError):
        found = [one for one in findings_of(source, where) if one.severity in UNSAFE_SEVERITIES]
    message = "has Python where TorchScript belongs"
    evidence = f"{found[0].message}: {found[0].evidence}" if found else _line(source, match.start())
    severity = Severity.HIGH if found else Severity.MEDIUM
    yield Finding("torchscript_python", severity, message, evidence, where)


def _line(source: bytes, at: int) -> str:
    start = source.rfind(b"\n", 0, at) + 1
    return source[start : start + 200].split(b"\n")[0].decode("utf-8", "replace").strip()
