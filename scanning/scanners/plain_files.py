"""Accept what no loader runs: text, JSON and images.

Text is UTF-8 to its last byte, an image is nothing but an image. Text that should be JSON and is
not runs nothing, so it is noted. Code, configuration that names code, and templates have engines of
their own: `python_code`, `config_code`, `file_rules`, `templates`.
"""

from __future__ import annotations

import codecs
import json
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePath

from scanning.scanners._code.notebook import has_script
from scanning.scanners._code.rules import CODE_RULES
from scanning.scanners._json_depth import Depth
from scanning.scanners._media_ends import media_end
from scanning.scanners._sniff import PICKLE_SUFFIXES, Kind, is_text, sniff, wide_encoding
from scanning.scanners._tensors.notes import POLYGLOT
from scanning.scanners.base import (
    HEAD_BYTES,
    MEBIBYTE,
    Canary,
    Coverage,
    Finding,
    Report,
    Rule,
    Scanner,
    Severity,
    conclude,
    scanners,
)

_JSON_SUFFIXES = frozenset({".json", ".ipynb", ".geojson", ".webmanifest"})
_PAGES = frozenset({".html", ".htm", ".xhtml", ".svg", ".mht"})
_WIDE_SUFFIXES = frozenset({".yaml", ".yml"})  # their readers take UTF-16 by its mark
_ROLES = {"json": _JSON_SUFFIXES, "page": _PAGES, "yaml": _WIDE_SUFFIXES}
_MAX_WIDE = 8 * MEBIBYTE
_BLOCK = MEBIBYTE
_PARSED = 4 * MEBIBYTE
_TOO_DEEP = Finding("json_too_deep", Severity.MEDIUM, "is nested deeper than readers can follow")


@scanners.register
class PlainFiles(Scanner):
    """Clean for inert text, JSON, images, sound and film."""

    slug = "plain_files"
    title = "Text, configuration and images"
    rules = {
        "active_content": CODE_RULES["active_content"],
        "json_invalid": Rule("Not valid JSON"),
        "json_too_deep": Rule(
            "Nested too deeply", "https://cwe.mitre.org/data/definitions/674.html"
        ),
        **POLYGLOT,
    }

    @property
    def engine(self) -> str:
        return "plain_files/7"

    def canary(self) -> Canary:
        return Canary("canary.json", b"[" * 100_000)

    def variant(self, name: PurePath) -> str:
        return _role(name)

    def handles(self, path: PurePath, head: bytes) -> bool:
        kind = sniff(head)
        if kind in {Kind.EMPTY, Kind.IMAGE, Kind.MEDIA}:
            return True
        if path.suffix.lower() in _WIDE_SUFFIXES and wide_encoding(head):
            return True
        return is_text(head) and path.suffix.lower() not in PICKLE_SUFFIXES

    def scan(self, path: Path, name: PurePath) -> Report:
        with path.open("rb") as file:
            head = file.read(HEAD_BYTES)
        kind = sniff(head)
        if kind is Kind.EMPTY:
            return conclude([])
        if kind is Kind.IMAGE:
            return conclude(_image_findings(path))
        if kind is Kind.MEDIA:
            return _scan_media(path)
        if path.stat().st_size > self.options.max_text_bytes:
            return Report.incomplete("more text than is read", Coverage.PARTIAL)
        role = _role(name)
        return _scan_wide(path) if role == "yaml" and not is_text(head) else _scan_text(path, role)


def _role(name: PurePath) -> str:
    suffix = name.suffix.lower()
    for role, suffixes in _ROLES.items():
        if suffix in suffixes:
            return role
    return "text"


def _image_findings(path: Path) -> Iterator[Finding]:
    with path.open("rb") as file:
        if zipfile.is_zipfile(file):
            yield Finding("polyglot", Severity.MEDIUM, "is an image and a zip archive at once")


def _scan_media(path: Path) -> Report:
    """Its parts lead to an end; what stands behind that, or is both, `polyglots` tells."""
    with path.open("rb") as file:
        has_end = media_end(file) is not None
    gaps = [] if has_end else ["sound, film or pictures whose parts lead to no end"]
    return conclude([], gaps)


def _scan_text(path: Path, role: str) -> Report:
    """Block by block; only what is parsed is kept, up to a few megabytes."""
    small = role in {"json", "page"} and path.stat().st_size <= _PARSED
    depth, kept, read = Depth(), bytearray(), 0
    decoder = codecs.getincrementaldecoder("utf-8")()
    is_deep = False
    try:
        with path.open("rb") as file:
            while block := file.read(_BLOCK):
                decoder.decode(block)
                read += len(block)
                if b"\0" in block:
                    return Report.incomplete("text with zero bytes", Coverage.PARTIAL)
                is_deep = is_deep or (role == "json" and depth.grows_too_deep(block))
                kept += block if small else b""
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return Report.incomplete(f"not UTF-8 behind byte {read}", Coverage.PARTIAL)
    if is_deep:
        return conclude([_TOO_DEEP])
    return conclude(_text_findings(kept.decode(), role) if small else [])


def _scan_wide(path: Path) -> Report:
    if path.stat().st_size > _MAX_WIDE:
        return Report.incomplete("more text than is read", Coverage.PARTIAL)
    raw = path.read_bytes()
    try:
        text = raw.decode(wide_encoding(raw[:HEAD_BYTES]) or "utf-8")
    except UnicodeDecodeError as error:
        return Report.incomplete(f"no text in its own encoding: {error.reason}", Coverage.PARTIAL)
    if "\0" in text:
        return Report.incomplete("text with zero bytes", Coverage.PARTIAL)
    return conclude([])


def _text_findings(text: str, role: str) -> Iterator[Finding]:
    if role == "json":
        yield from _json_findings(text)
    elif role == "page" and has_script(text):
        # No loader opens it, and pages with plots have scripts too: a person's browser runs it.
        message = "holds a script, which a browser runs that opens the file by itself"
        yield Finding("active_content", Severity.LOW, message)


def _json_findings(text: str) -> Iterator[Finding]:
    try:
        # Digits stay text: Python's limit on the length of numbers is no fault of the file.
        json.loads(text.removeprefix("\ufeff"), parse_int=str)
    except RecursionError:
        yield _TOO_DEEP
    except ValueError as error:
        yield Finding("json_invalid", Severity.INFO, "is not valid JSON", str(error)[:200])
