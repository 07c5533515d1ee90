"""The schema of a skops file: the types it asks for, and what its nodes call to build them.

After skops' own advisories: a node's label and what it truly imports may differ, so every name in
it is judged.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from typing import Any, BinaryIO

from scanning.scanners._globals import Trust, trust
from scanning.scanners._globals_dangerous import DANGEROUS_NAMES
from scanning.scanners._nested import tables_in
from scanning.scanners._pickle_values import Global
from scanning.scanners.base import MEBIBYTE, Finding, Severity

_MAX_SCHEMA = 64 * MEBIBYTE
_ESCAPED = re.compile(rb"\\u00([0-9a-fA-F]{2})")
_RULES = {
    Trust.DANGEROUS: ("skops_dangerous", Severity.HIGH, "asks for {}, which runs code"),
    Trust.CODE: ("skops_dangerous", Severity.HIGH, "asks for {}, which builds code"),
    Trust.UNKNOWN: ("skops_unknown", Severity.MEDIUM, "asks for {}, which is not known safe"),
}


def is_schema(stream: BinaryIO) -> bool:
    stream.seek(0)
    head = stream.read(_MAX_SCHEMA)
    if b"\0" in head:  # UTF-16 and UTF-32, which JSON may be in
        head = head.replace(b"\0", b"")
    if b"\\u00" in head:
        head = _ESCAPED.sub(lambda found: bytes.fromhex(found[1].decode()), head)
    return b'"__loader__"' in head


def schema_findings(stream: BinaryIO, where: str) -> Iterator[Finding]:
    stream.seek(0)
    raw = stream.read(_MAX_SCHEMA + 1)
    try:
        schema = json.loads(raw[:_MAX_SCHEMA]) if len(raw) <= _MAX_SCHEMA else None
    except (ValueError, RecursionError):
        schema = None
    if schema is None:
        message = "has a skops schema that cannot be read"
        yield Finding("skops_unknown", Severity.MEDIUM, message, "", where)
        return
    seen: set[tuple[str, str]] = set()
    for node in tables_in(schema):
        for module, name in _names(node):
            if (module, name) not in seen:
                seen.add((module, name))
                yield from _judge(module, name, where)


def _names(node: dict[str, Any]) -> Iterator[tuple[str, str]]:
    loader = node.get("__loader__")
    if isinstance(loader, str):
        yield str(node.get("__module__")), str(node.get("__class__"))
    if loader == "OperatorFuncNode":
        yield "operator", str(node.get("__class__"))
    content = node.get("content")
    if isinstance(content, dict) and "function" in content:
        yield str(content.get("module_path")), str(content["function"])
    if loader == "MethodNode" and isinstance(content, dict):
        method = str(content.get("func"))
        if method.startswith("_") or method in DANGEROUS_NAMES:
            yield "builtins", "getattr"


def _judge(module: str, name: str, where: str) -> Iterator[Finding]:
    rule = _RULES.get(trust(Global(module, name)))
    if rule is not None:
        slug, severity, message = rule
        shown = f"{module}.{name}"
        yield Finding(slug, severity, message.format(shown[:200]), shown[:200], where)
