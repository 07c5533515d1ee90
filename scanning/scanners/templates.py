"""Read chat templates: parsed to Jinja's own tree, constants folded, never rendered.

Templates stand in .jinja files and in JSON, as a text, a list of named texts or a table of them,
and in the metadata of safetensors.
"""

from __future__ import annotations

import codecs
import json
import re
from collections.abc import Iterator
from pathlib import Path, PurePath
from typing import Any

from scanning.scanners._jinja.parse import RULES, template_findings, unparsed_findings
from scanning.scanners._sniff import Kind, is_text, sniff
from scanning.scanners._tensors.safetensors_text import header_text, metadata_texts
from scanning.scanners.base import (
    MEBIBYTE,
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
_LARGE = 4 * MEBIBYTE


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
        is_large = size > _LARGE and not _is_template_name(name)
        try:
            text = _large_text(path) if is_large else path.read_bytes().decode("utf-8-sig")
        except UnicodeDecodeError as error:
            return Report.incomplete(f"not UTF-8 from byte {error.start} on", Coverage.PARTIAL)
        if _is_template_name(name):
            return conclude(template_findings(text), covered_bytes=size)
        return conclude(_in_json(text, is_large=is_large), covered_bytes=size)


def _large_text(path: Path) -> str:
    """UTF-8 with a character for each byte: one of another plane makes all four times as large."""
    data = path.read_bytes().removeprefix(codecs.BOM_UTF8)
    decoder = codecs.getincrementaldecoder("utf-8")()
    for at in range(0, len(data), MEBIBYTE):
        decoder.decode(data[at : at + MEBIBYTE])
    decoder.decode(b"", final=True)
    return data.decode("latin-1")


def _in_safetensors(path: Path) -> Report:
    header = header_text(path)
    tables = None if header is None else metadata_texts(header)
    if tables is None:
        return Report.incomplete("a longer header than is read", Coverage.PARTIAL)
    return conclude(one for table in tables for one in _in_json(table, is_large=False))


def _is_template_name(name: PurePath) -> bool:
    return name.suffix.lower() in _SUFFIXES


def _is_json(head: bytes) -> bool:
    return head.removeprefix(b"\xef\xbb\xbf").lstrip()[:1] in {b"{", b"["}


def _in_json(text: str, *, is_large: bool) -> list[Finding]:
    if not _KEY.search(text) and not _ESCAPED.search(text):
        return []
    try:
        make = _without_vocabulary if is_large else _Pairs
        data = json.loads(text, parse_int=_no_number, object_pairs_hook=make)
    except (ValueError, RecursionError):
        return unparsed_findings(text, "", "is broken JSON", certain=False)
    return list(_findings(data, is_large=is_large))


class _Pairs(list):
    """A JSON object with every key, also one that stands in it twice."""


def _without_vocabulary(pairs: list[tuple[str, Any]]) -> _Pairs:
    """Of a table with a million entries those that may be templates, and as many as are tried."""
    rest = pairs[_MAX_TEMPLATES + 1 :]
    own = [one for one in rest if _KEY.search(one[0]) or not isinstance(one[1], str | float)]
    return _Pairs(pairs[: _MAX_TEMPLATES + 1] + own)


def _no_number(digits: str) -> str:
    """Numbers are no templates, and those of a vocabulary are many."""
    return "0"


def _findings(data: object, *, is_large: bool) -> Iterator[Finding]:
    for count, (template, key) in enumerate(_templates(data)):
        if count == _MAX_TEMPLATES:
            message = "has more templates than are read"
            yield Finding("template_too_long", Severity.MEDIUM, message, f"{_MAX_TEMPLATES}")
            return
        text = _as_written(template) if is_large else template
        yield from template_findings(text, key, certain=key in _CHAT_KEYS)


def _as_written(text: str) -> str:
    try:
        return text.encode("latin-1").decode()
    except UnicodeError:  # with characters that were written as escapes
        return text


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
