"""Find the code that configuration names: auto_map, Hydra targets, YAML tags, custom modules.

A configuration runs nothing by itself; the library that reads it imports and calls what it names.
"""

from __future__ import annotations

import json
import re
import tomllib
from collections.abc import Callable, Iterator
from pathlib import Path, PurePath
from typing import Any

from scanning.scanners._code.config_keys import (
    KEY_RULES,
    TELLING_KEYS,
    named_code,
    path_finding,
    table_findings,
)
from scanning.scanners._code.config_values import VALUE_RULES, WORTH_JUDGING, value_findings
from scanning.scanners._code.other_configs import (
    OTHER_RULES,
    gin_findings,
    jsonnet_findings,
    sections_findings,
)
from scanning.scanners._code.server_keys import (
    CALLED_KEYS,
    MODULE_KEYS,
    registered_findings,
)
from scanning.scanners._code.targets import TARGET_RULES, target_findings
from scanning.scanners._code.yaml_events import YAML_RULES, yaml_findings
from scanning.scanners._jinja.parse import RULES as TEMPLATE_RULES
from scanning.scanners._nested import tables_in
from scanning.scanners._sniff import Kind, sniff, wide_encoding
from scanning.scanners._tensors.keras_config import RULES as KERAS_RULES
from scanning.scanners._tensors.paths import leads_away
from scanning.scanners.base import (
    Canary,
    Coverage,
    Finding,
    Report,
    Rule,
    Scanner,
    Severity,
    conclude,
    read_head,
    scanners,
)

_FORMS = {
    ".yaml": "yaml", ".yml": "yaml", ".json": "json", ".gin": "gin", ".cfg": "sections",
    ".toml": "toml", ".conf": "sections", ".hocon": "sections", ".ini": "sections",
    ".jsonnet": "jsonnet", ".libsonnet": "jsonnet",
}  # fmt: skip
_OTHERS: dict[str, Callable[[str], Iterator[Finding]]] = {
    "gin": gin_findings,
    "jsonnet": jsonnet_findings,
    "sections": sections_findings,
}
_READ_WIDE = frozenset({"yaml", "json"})  # by readers that find the encoding by themselves
# An escaped ASCII letter hides a key from a reader of the text, so such a file is parsed as well.
_WORTH_PARSING = re.compile(
    r"auto_map|custom_pipelines|_target_|\"\(\)\"|\"target\"|class_path|\"py/|_class_name|\"type\"\s*:"
    r"|weight_map|parent_library|attn_implementation|custom_ops_library|\"lc\"|_type\"|\"@(?:type|class)"
    r"|custom_generate|\"command\"|activation_f|\"structure\"|runOn|Command\"|install\"|\\u00[2-7]"
    r"|\"\$[^\"\n]*(?:[(_]|import)|\"%[^\"\n:]+::|\$\{\s*\w+:|\"(?:cmd|command|args|run|script)\"\s*:"
    r"|\"archive_file\"|\"dataset_reader\"|\"scripts\"|\"Regex\"|\"python\.(?:default|python)"
    rf"|\"(?:{'|'.join(sorted(CALLED_KEYS))})\"\s*:\s*\"[\w.]*[.:]"
    rf"|\"(?:{'|'.join(sorted(MODULE_KEYS)).replace('_', '[_-]')})\""
)
_AUTO_MAP = re.compile(r"""["']auto_map["']""")
_MLFLOW = "mlmodel"
_PROJECT = "pyproject.toml"  # the settings of tools, judged as such
_TELLING_KEYS = TELLING_KEYS | {"type", "path", "idx"}
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
        **KEY_RULES,
        **OTHER_RULES,
        **VALUE_RULES,
        **YAML_RULES,
        **KERAS_RULES,
        **TEMPLATE_RULES,
        "toml_invalid": Rule("Not valid TOML"),
        "json_too_deep": Rule(
            "Nested too deeply", "https://cwe.mitre.org/data/definitions/674.html"
        ),
    }

    @property
    def engine(self) -> str:
        return "config_code/7"

    def canary(self) -> Canary:
        return Canary("canary.yaml", b"a: !!python/object/apply:os.system ['true']\n")

    def variant(self, name: PurePath) -> str:
        return _form(name)

    def handles(self, path: PurePath, head: bytes) -> bool:
        form = _form(path)
        return bool(form) and (
            sniff(head) is Kind.TEXT or (form in _READ_WIDE and wide_encoding(head) is not None)
        )

    def scan(self, path: Path, name: PurePath) -> Report:
        form, size = _form(name), path.stat().st_size
        is_json = form == "json"
        if size > (self.options.max_text_bytes if is_json else _MAX_YAML):
            return Report.incomplete("more text than is read", Coverage.PARTIAL)
        is_large = size > _LARGE
        text = path.read_text(_encoding(path, is_plain=is_large and is_json), errors="replace")
        if is_json:
            found = _json_findings(text, is_large=is_large)
        elif form == "toml":
            found = _toml_findings(text)
        elif form in _OTHERS:
            found = _OTHERS[form](text)
        else:
            found = yaml_findings(text, is_mlflow=form == _MLFLOW)
        return conclude(found, covered_bytes=size)


def _encoding(path: Path, *, is_plain: bool) -> str:
    """A character of any plane makes the whole text four times as large; our words are ASCII."""
    return wide_encoding(read_head(path)) or ("latin-1" if is_plain else "utf-8")


def _form(name: PurePath) -> str:
    """How a file of this name is read; '' when it is no configuration."""
    if name.name.lower() == _MLFLOW:
        return _MLFLOW
    if name.name.lower() == _PROJECT:
        return ""
    return _FORMS.get(name.suffix.lower(), "")


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
        yield from _data_findings(data, is_judged=bool(WORTH_JUDGING.search(text)))


def _data_findings(data: object, *, is_judged: bool) -> Iterator[Finding]:
    yield from _modules(data)
    for table in tables_in(data):
        yield from table_findings(table)
    yield from _allen_types(data)
    if is_judged:
        yield from value_findings(data)


def _toml_findings(text: str) -> Iterator[Finding]:
    try:
        data = tomllib.loads(text)
    except RecursionError:
        yield Finding("json_too_deep", Severity.MEDIUM, "is nested deeper than readers can follow")
    except ValueError as error:
        yield Finding("toml_invalid", Severity.INFO, "is not valid TOML", str(error)[:200])
    else:
        yield from _data_findings(data, is_judged=True)


def _no_number(digits: str) -> str:
    """Numbers name nothing, and those of a vocabulary are many."""
    return "0"


def _without_vocabulary(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    """A table; of one with a million entries the first ones, and all that name something."""
    if len(pairs) <= _KEPT_ENTRIES:
        return dict(pairs)
    first = pairs[:_KEPT_ENTRIES]
    return dict(first) | {key: value for key, value in pairs if _is_telling(key, value)}


def _is_telling(key: str, value: object) -> bool:
    if isinstance(value, str):
        return key in _TELLING_KEYS or "." in value or "$" in value or leads_away(value)
    return key in _TELLING_KEYS or not isinstance(value, float)


def _allen_types(data: object) -> Iterator[Finding]:
    if isinstance(data, dict) and isinstance(data.get("dataset_reader"), dict):
        for table in tables_in(data):
            yield from registered_findings(table.get("type"), "type")


def _modules(data: object) -> Iterator[Finding]:
    """The list of modules of Sentence Transformers may name classes of the repository's own."""
    for one in data if isinstance(data, list) else []:
        kind = one.get("type") if isinstance(one, dict) else None
        if not isinstance(kind, str) or "idx" not in one:
            continue
        path = one.get("path")
        if isinstance(path, str) and leads_away(path):
            yield path_finding(path, "path")
        if not kind.startswith("sentence_transformers."):
            yield named_code(kind, "type")
            yield from target_findings(kind, "type")
