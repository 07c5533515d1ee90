"""Accept what no loader runs: text, JSON and images; report code and YAML that reaches out.

Text is UTF-8 to its last byte, an image is nothing but an image. Source code is `remote_code`: a
reader who trusts it runs it, so a person must look. Text that should be JSON and is not runs
nothing, so it is noted; what a more lenient reader could find in it is looked for all the same.
"""

from __future__ import annotations

import codecs
import json
import re
import zipfile
from collections.abc import Iterator
from pathlib import Path, PurePath
from typing import Any

from scanning.scanners._sniff import PICKLE_SUFFIXES, Kind, has_code_suffix, is_text, sniff
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
_YAML_SUFFIXES = frozenset({".yaml", ".yml"})
_BLOCK = MEBIBYTE
_AUTO_MAP = re.compile(r"""["']auto_map["']""")
_YAML_TAG = re.compile(r"!!python/|!<tag:yaml\.org,2002:python")


@scanners.register
class PlainFiles(Scanner):
    """Clean for inert text, JSON and images; suspicious for code; unsafe for YAML of objects."""

    slug = "plain_files"
    title = "Text, configuration and images"

    @property
    def engine(self) -> str:
        return "plain_files/3"

    def canary(self) -> Canary:
        return Canary("canary.yaml", b"!!python/object/apply:os.system ['true']\n")

    def variant(self, name: PurePath) -> str:
        return _role(name)

    def handles(self, path: PurePath, head: bytes) -> bool:
        kind = sniff(head)
        if kind in {Kind.EMPTY, Kind.IMAGE}:
            return True
        if has_code_suffix(path):
            return True
        return is_text(head) and path.suffix.lower() not in PICKLE_SUFFIXES

    def scan(self, path: Path, name: PurePath) -> Report:
        with path.open("rb") as file:
            kind = sniff(file.read(HEAD_BYTES))
        if kind is Kind.EMPTY:
            return conclude([])
        if _role(name) == "code":
            return conclude([_code(name)])
        if kind is Kind.IMAGE:
            return conclude(_image_findings(path))
        if path.stat().st_size > self.options.max_text_bytes:
            return Report.incomplete("more text than is read", Coverage.PARTIAL)
        return _scan_text(path, _role(name))


def _role(name: PurePath) -> str:
    suffix = name.suffix.lower()
    if has_code_suffix(name):
        return "code"
    roles = (("json", _JSON_SUFFIXES), ("yaml", _YAML_SUFFIXES))
    return next((role for role, suffixes in roles if suffix in suffixes), "text")


def _code(name: PurePath) -> Finding:
    message = "is code that a reader may be asked to run (remote code)"
    return Finding("remote_code", Severity.MEDIUM, message, name.name)


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
    if text.startswith("#!"):
        yield Finding("remote_code", Severity.MEDIUM, "is a script", text.splitlines()[0][:80])
    if role == "yaml" and (tag := _YAML_TAG.search(text)):
        message = "asks the YAML reader to build Python objects"
        yield Finding("yaml_python_tag", Severity.HIGH, message, _around(text, tag))
    if role == "json":
        yield from _json_findings(text)


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
    if match := _AUTO_MAP.search(text):
        message = "is broken and names Python classes to be run with trust_remote_code"
        yield Finding("remote_code", Severity.MEDIUM, message, _around(text, match), "auto_map")


def _config_findings(data: dict[str, Any]) -> Iterator[Finding]:
    if data.get("auto_map"):
        message = "names Python classes to be run with trust_remote_code"
        evidence = json.dumps(data["auto_map"])[:200]
        yield Finding("remote_code", Severity.MEDIUM, message, evidence, "auto_map")
