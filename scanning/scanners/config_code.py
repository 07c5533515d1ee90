"""Find the code that configuration names: auto_map, Hydra targets, YAML tags, custom modules.

A configuration runs nothing by itself; the library that reads it imports and calls what it names.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path, PurePath
from typing import Any

from scanning.scanners._code.targets import TARGET_RULES, target_findings, yaml_findings
from scanning.scanners._nested import tables_in
from scanning.scanners._sniff import Kind, sniff
from scanning.scanners.base import (
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

_YAML = frozenset({".yaml", ".yml"})
_JSON = frozenset({".json"})
# An escaped ASCII letter hides a key from a reader of the text, so such a file is parsed as well.
_WORTH_PARSING = re.compile(
    r"auto_map|custom_pipelines|_target_|\"target\"|class_path|\"py/|_class_name|\"type\"\s*:"
    r"|\\u00[2-7]"
)
_AUTO_MAP = re.compile(r"""["']auto_map["']""")
_TARGET_KEYS = frozenset({"_target_", "__target__", "target", "class_path"})
_PICKLED_KEYS = frozenset({"py/reduce", "py/object", "py/type", "py/function", "py/object_args"})
_CLASS_KEYS = ("auto_map", "custom_pipelines")
_TELLING_KEYS = _TARGET_KEYS | _PICKLED_KEYS | {*_CLASS_KEYS, "_class_name", "type", "path", "idx"}
_LARGE = 4 << 20
_KEPT_ENTRIES = 1000
_MAX_YAML = 8 << 20


@scanners.register
class ConfigCode(Scanner):
    """Suspicious for code that a reader must agree to, unsafe for targets that run anything."""

    slug = "config_code"
    title = "Code that configuration names"
    understands_formats = False
    rules = {
        **TARGET_RULES,
        "json_too_deep": Rule(
            "Nested too deeply", "https://cwe.mitre.org/data/definitions/674.html"
        ),
        "json_python_object": Rule(
            "Builds objects by jsonpickle", "https://cwe.mitre.org/data/definitions/502.html"
        ),
        "remote_code": Rule(
            "Names code of its repository", "https://cwe.mitre.org/data/definitions/829.html"
        ),
        "remote_code_elsewhere": Rule(
            "Names code of another repository", "https://cwe.mitre.org/data/definitions/494.html"
        ),
    }

    @property
    def engine(self) -> str:
        return "config_code/1"

    def canary(self) -> Canary:
        return Canary("canary.yaml", b"a: !!python/object/apply:os.system ['true']\n")

    def variant(self, name: PurePath) -> str:
        suffix = name.suffix.lower()
        return suffix.lstrip(".") if suffix in _YAML | _JSON else ""

    def handles(self, path: PurePath, head: bytes) -> bool:
        return path.suffix.lower() in _YAML | _JSON and sniff(head) is Kind.TEXT

    def scan(self, path: Path, name: PurePath) -> Report:
        is_yaml = name.suffix.lower() in _YAML
        size = path.stat().st_size
        if size > (_MAX_YAML if is_yaml else self.options.max_text_bytes):
            return Report.incomplete("more text than is read", Coverage.PARTIAL)
        is_large = size > _LARGE
        # A character of any plane makes the whole text four times as large; our words are ASCII.
        text = path.read_text("latin-1" if is_large and not is_yaml else "utf-8", errors="replace")
        found = yaml_findings(text) if is_yaml else _json_findings(text, is_large=is_large)
        return conclude(found, covered_bytes=size)


def _json_findings(text: str, *, is_large: bool) -> Iterator[Finding]:
    if not _WORTH_PARSING.search(text):
        return
    make = _without_vocabulary if is_large else None
    try:
        text = text.removeprefix("\u00ef\u00bb\u00bf" if is_large else "\ufeff")
        data = json.loads(text, parse_int=_no_number, object_pairs_hook=make)
    except RecursionError:
        yield Finding("json_too_deep", Severity.MEDIUM, "is nested deeper than readers can follow")
    except ValueError:
        if match := _AUTO_MAP.search(text):
            message = "is broken and names Python classes to be run with trust_remote_code"
            around = text[max(0, match.start() - 20) : match.end() + 60]
            yield Finding("remote_code", Severity.MEDIUM, message, around, "auto_map")
    else:
        yield from _modules(data)
        for table in tables_in(data):
            yield from _table_findings(table)


def _no_number(digits: str) -> str:
    """Numbers name nothing, and those of a vocabulary are many."""
    return "0"


def _without_vocabulary(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A table; of one with a million entries the first ones, and all that name something."""
    if len(pairs) <= _KEPT_ENTRIES:
        return dict(pairs)
    first = pairs[:_KEPT_ENTRIES]
    return dict(first) | {
        key: value
        for key, value in pairs
        if key in _TELLING_KEYS or not isinstance(value, str | float)
    }


def _table_findings(table: dict[str, Any]) -> Iterator[Finding]:
    for key in _CLASS_KEYS:
        if table.get(key):
            yield _named_code(table[key], key)
    if isinstance(table.get("_class_name"), list):
        yield _named_code(table["_class_name"], "_class_name")
    for key in _TARGET_KEYS & table.keys():
        yield from target_findings(table[key], key)
    for key in _PICKLED_KEYS & table.keys():
        message = "asks jsonpickle to build objects"
        worst = Severity.HIGH if key in {"py/reduce", "py/function"} else Severity.MEDIUM
        yield Finding("json_python_object", worst, message, str(table[key])[:200], key)


def _named_code(value: object, key: str) -> Finding:
    evidence = json.dumps(value)[:200]
    if "--" in evidence:
        message = "names Python classes of another repository, which is not looked at here"
        return Finding("remote_code_elsewhere", Severity.MEDIUM, message, evidence, key)
    message = "names Python classes to be run with trust_remote_code"
    return Finding("remote_code", Severity.MEDIUM, message, evidence, key)


def _modules(data: object) -> Iterator[Finding]:
    """The list of modules of Sentence Transformers may name classes of the repository's own."""
    for one in data if isinstance(data, list) else []:
        kind = one.get("type") if isinstance(one, dict) else None
        if isinstance(kind, str) and not kind.startswith("sentence_transformers."):
            yield from [_named_code(kind, "type")] if {"path", "idx"} <= one.keys() else []
