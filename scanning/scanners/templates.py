"""Read chat templates: parsed to Jinja's own tree, constants folded, never rendered.

Templates stand in .jinja files and in JSON, as a text, a list of named texts or a table of them,
and in the metadata of safetensors.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path, PurePath
from typing import Any

from scanning.scanners._jinja.parse import RULES, template_findings, unparsed_findings
from scanning.scanners._sniff import Kind, is_text, sniff
from scanning.scanners._tensors.safetensors_text import header_text, metadata_texts
from scanning.scanners.base import (
    Canary,
    Coverage,
    Finding,
    Report,
    Scanner,
    Severity,
    conclude,
    read_head,
    scanners,
)

_SUFFIXES = frozenset({".jinja", ".jinja2", ".j2"})
_KEY = re.compile("template", re.IGNORECASE)
# Letters of ASCII that are written as escapes, so that a key is not found by its letters.
_ESCAPED = re.compile(r"\\u00[2-7]")
_CHAT_KEYS = frozenset({"chat_template", "chat_templates"})
_MAX_TEMPLATES = 1000


@scanners.register
class Templates(Scanner):
    """Unsafe where a template reaches for Python's internals, whatever it computes the name by."""

    slug = "templates"
    title = "Chat templates"
    understands_formats = False
    rules = RULES

    @property
    def engine(self) -> str:
        return "templates/3"

    def canary(self) -> Canary:
        return Canary("chat_template.jinja", b"{{ ()['__cl' ~ 'ass__'] }}")

    def variant(self, name: PurePath) -> str:
        return "template" if _is_template_name(name) else ""

    def handles(self, path: PurePath, head: bytes) -> bool:
        if not is_text(head):
            return sniff(head) is Kind.SAFETENSORS
        return _is_template_name(path) or _is_json(head)

    def scan(self, path: Path, name: PurePath) -> Report:
        size = path.stat().st_size
        if sniff(read_head(path)) is Kind.SAFETENSORS:
            return _in_safetensors(path)
        if size > self.options.max_text_bytes:
            return Report.incomplete("more text than is read", Coverage.PARTIAL)
        try:
            text = path.read_bytes().decode("utf-8-sig")
        except UnicodeDecodeError as error:
            return Report.incomplete(f"not UTF-8 from byte {error.start} on", Coverage.PARTIAL)
        found = template_findings(text) if _is_template_name(name) else _in_json(text)
        return conclude(found, covered_bytes=size)


def _in_safetensors(path: Path) -> Report:
    header = header_text(path)
    tables = None if header is None else metadata_texts(header)
    if tables is None:
        return Report.incomplete("a longer header than is read", Coverage.PARTIAL)
    return conclude(one for table in tables for one in _in_json(table))


def _is_template_name(name: PurePath) -> bool:
    return name.suffix.lower() in _SUFFIXES


def _is_json(head: bytes) -> bool:
    return head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in {b"{", b"["}


def _in_json(text: str) -> list[Finding]:
    if not _KEY.search(text) and not _ESCAPED.search(text):
        return []
    try:
        # Digits stay text: Python's limit on the length of numbers is no fault of the file.
        data = json.loads(text, parse_int=str, object_pairs_hook=_Pairs)
    except (ValueError, RecursionError):
        return unparsed_findings(text, "", "is broken JSON", certain=False)
    return list(_findings(data))


class _Pairs(list):
    """A JSON object with every key, also one that stands in it twice."""


def _findings(data: object) -> Iterator[Finding]:
    for count, (template, key) in enumerate(_templates(data)):
        if count == _MAX_TEMPLATES:
            message = "has more templates than are read"
            yield Finding("template_too_long", Severity.MEDIUM, message, f"{_MAX_TEMPLATES}")
            return
        yield from template_findings(template, key, certain=key in _CHAT_KEYS)


def _templates(data: object) -> Iterator[tuple[str, str]]:
    """Every text below a key that names a template, with that key."""
    pending: list[tuple[Any, str]] = [(data, "")]
    while pending:
        value, key = pending.pop()
        if isinstance(value, str):
            if key:
                yield value, key
        elif isinstance(value, _Pairs):
            pending += [(one, key or (name if _KEY.search(name) else "")) for name, one in value]
        elif isinstance(value, list):
            pending += [(one, key) for one in value]
