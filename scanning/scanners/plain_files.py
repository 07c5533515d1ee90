"""Accept what no loader runs: text, JSON and images; report templates that reach out.

Text is UTF-8 to its last byte, an image is nothing but an image. Text that should be JSON and is
not runs nothing, so it is noted; what a more lenient reader could find in it is looked for all the
same. Code, and configuration that names code, are for `python_code`, `config_code`, `file_rules`.
"""

from __future__ import annotations

import codecs
import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePath
from typing import Any

from scanning.scanners._sniff import PICKLE_SUFFIXES, Kind, is_text, sniff
from scanning.scanners.base import (
    HEAD_BYTES,
    MEBIBYTE,
    Canary,
    Coverage,
    Finding,
    Report,
    Scanner,
    Severity,
    conclude,
    scanners,
)

_JSON_SUFFIXES = frozenset({".json", ".ipynb", ".geojson", ".webmanifest"})
_TEMPLATE_SUFFIXES = frozenset({".jinja", ".jinja2", ".j2"})
_TEMPLATE_KEYS = frozenset({"chat_template", "template", "chat_templates"})
_BLOCK = MEBIBYTE
# What a template needs to climb out of its sandbox; ordinary chat templates need none of it.
_ESCAPE = re.compile(
    r"__\w+__|\|\s*attr\b|\battr\s*\(|\b(cycler|joiner|lipsum|get_flashed_messages|url_for)\b"
    r"|\\x5f|\b(self|request|config)\s*\._|\bmro\b|\bpopen\b"
)
_TEMPLATE_KEY = re.compile(r"""["'](?:chat_template|chat_templates|template)["']""")


@scanners.register
class PlainFiles(Scanner):
    """Clean for inert text, JSON and images; unsafe for templates that escape."""

    slug = "plain_files"
    title = "Text, configuration and images"

    @property
    def engine(self) -> str:
        return "plain_files/3"

    def canary(self) -> Canary:
        return Canary("chat_template.jinja", b"{{ ''.__class__.__mro__ }}")

    def variant(self, name: PurePath) -> str:
        return _role(name)

    def handles(self, path: PurePath, head: bytes) -> bool:
        kind = sniff(head)
        if kind in {Kind.EMPTY, Kind.IMAGE}:
            return True
        return is_text(head) and path.suffix.lower() not in PICKLE_SUFFIXES

    def scan(self, path: Path, name: PurePath) -> Report:
        with path.open("rb") as file:
            kind = sniff(file.read(HEAD_BYTES))
        if kind is Kind.EMPTY:
            return conclude([])
        if kind is Kind.IMAGE:
            return conclude(_image_findings(path))
        if path.stat().st_size > self.options.max_text_bytes:
            return Report.incomplete("more text than is read", Coverage.PARTIAL)
        return _scan_text(path, _role(name))


def _role(name: PurePath) -> str:
    suffix = name.suffix.lower()
    roles = (("json", _JSON_SUFFIXES), ("template", _TEMPLATE_SUFFIXES))
    return next((role for role, suffixes in roles if suffix in suffixes), "text")


def _image_findings(path: Path) -> Iterator[Finding]:
    if zipfile.is_zipfile(path):
        yield Finding("polyglot", Severity.MEDIUM, "is an image and a zip archive at once")


def _scan_text(path: Path, role: str) -> Report:
    try:
        text = _read_text(path)
    except UnicodeDecodeError as error:
        return Report.incomplete(f"not UTF-8 from byte {error.start} on", Coverage.PARTIAL)
    if "\x00" in text:
        return Report.incomplete("text with zero bytes", Coverage.PARTIAL)
    return conclude(_text_findings(text, role))


def _read_text(path: Path) -> str:
    decoder = codecs.getincrementaldecoder("utf-8")()
    with path.open("rb") as file:
        pieces = [decoder.decode(block) for block in iter(lambda: file.read(_BLOCK), b"")]
    return "".join([*pieces, decoder.decode(b"", final=True)])


def _text_findings(text: str, role: str) -> Iterator[Finding]:
    if role == "template":
        yield from _template_findings(text, "")
    if role == "json":
        yield from _json_findings(text)


def _template_findings(template: str, location: str) -> Iterator[Finding]:
    if match := _ESCAPE.search(template):
        message = "is a template that reaches for Python's internals"
        yield Finding("template_escape", Severity.HIGH, message, _around(template, match), location)


def _around(text: str, match: re.Match[str]) -> str:
    return text[max(0, match.start() - 20) : match.end() + 40]


def _json_findings(text: str) -> Iterator[Finding]:
    try:
        # Digits stay text: Python's limit on the length of numbers is no fault of the file.
        data = json.loads(text.removeprefix("\ufeff"), parse_int=str)
    except RecursionError:
        message = "is nested deeper than readers can follow"
        yield Finding("json_too_deep", Severity.MEDIUM, message)
    except ValueError as error:
        yield Finding("json_invalid", Severity.INFO, "is not valid JSON", str(error)[:200])
        yield from _unparsed_findings(text)
    else:
        if isinstance(data, dict):
            yield from _config_findings(data)


def _unparsed_findings(text: str) -> Iterator[Finding]:
    """Look in broken JSON for the words that matter in a configuration, wherever they stand."""
    if _TEMPLATE_KEY.search(text):
        yield from _template_findings(text, "")


def _config_findings(data: dict[str, Any]) -> Iterator[Finding]:
    for key in _TEMPLATE_KEYS & data.keys():
        for template in _strings(data[key]):
            yield from _template_findings(template, key)


def _strings(value: object) -> Iterator[str]:
    """Every text in a template, or in the list or table of named templates."""
    pending = [value]
    while pending:
        one = pending.pop()
        if isinstance(one, str):
            yield one
        elif isinstance(one, list):
            pending += one
        elif isinstance(one, dict):
            pending += one.values()
