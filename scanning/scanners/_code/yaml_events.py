"""Follow the events of a YAML parser: nothing is built, no alias is expanded."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

from scanning.scanners._code.config_keys import PATH_KEYS, imported, path_finding
from scanning.scanners._code.config_tree import TreeBuilder
from scanning.scanners._code.config_values import value_findings
from scanning.scanners._code.server_keys import (
    CALLED_KEYS,
    MODULE_KEYS,
    called_findings,
    module_findings,
)
from scanning.scanners._code.targets import TARGET_KEYS, is_target_dangerous, target_findings
from scanning.scanners._globals_allowed import is_allowed
from scanning.scanners._jinja.parse import template_findings
from scanning.scanners._tensors.keras_config import examine_data
from scanning.scanners._tensors.notes import Notes
from scanning.scanners._tensors.paths import leads_away
from scanning.scanners.base import Finding, Rule, Severity

if TYPE_CHECKING:
    import yaml

_DESERIALIZATION = "https://cwe.mitre.org/data/definitions/502.html"
YAML_RULES = {
    "yaml_python_tag": Rule("YAML builds Python objects", _DESERIALIZATION),
    "yaml_foreign_tag": Rule("YAML builds objects of another language", _DESERIALIZATION),
    "yaml_invalid": Rule("Not valid YAML"),
}
_STANDARD = "tag:yaml.org,2002:"
_PYTHON = f"{_STANDARD}python/"
_VALUE_NAMES = "none bool str unicode int long float complex bytes list tuple dict"
_VALUES = frozenset(_VALUE_NAMES.split())
_CALLING = ("!new:", "!apply:", "!name:", "!module:", "!call:")  # HyperPyYAML
_INCLUDE = "!include"
_INCLUDING = (_INCLUDE, "!import")
_FOREIGN = re.compile(
    r"!(?:ruby|perl|php|java|clj)/|tag:(?:ruby|perl|php)|tag:yaml\.org,2002:(?:\w+\.|js/)"
)
_TAG_IN_TEXT = re.compile(r"!!python/\S*|!<tag:yaml\.org,2002:python\S*|!(?:apply|new):\S+")
_TEMPLATE_KEY = re.compile("template", re.IGNORECASE)
_LIBRARIES = frozenset({"mlflow"})
_REMOTE = ("http://", "https://", "ftp://")
_FAR_UP = 3
_MAX_EVENTS = 2_000_000


def yaml_findings(text: str, *, is_mlflow: bool = False) -> Iterator[Finding]:
    import yaml  # noqa: PLC0415 every child loads this module, few read YAML

    key, listed, loader = "", "", getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    ends = (yaml.SequenceEndEvent, yaml.MappingStartEvent)
    tree = TreeBuilder()
    try:
        for count, event in enumerate(yaml.parse(text, Loader=loader)):
            if count > _MAX_EVENTS:
                tree.is_spent = True
                break
            tag = getattr(event, "tag", None) or ""
            yield from _tag_findings(tag)
            value = _take(event, tree)
            if tag.startswith(_INCLUDING):
                yield from _included(tag.partition(":")[2] or value)
            listed = key if isinstance(event, yaml.SequenceStartEvent) else listed
            listed = "" if isinstance(event, ends) else listed
            if value and (key or listed):
                yield from _value_findings(listed or key, value, is_mlflow=is_mlflow)
            key = value if not listed else ""
    except yaml.YAMLError as error:
        yield Finding("yaml_invalid", Severity.INFO, "is not valid YAML", str(error)[:200])
        for match in _TAG_IN_TEXT.finditer(text):
            yield from _tag_findings(match[0].replace("!!", _STANDARD).strip("!<>"))
    yield from _tree_findings(tree)


def _take(event: yaml.Event, tree: TreeBuilder) -> str:
    """Give the tree an event; the text of a scalar, or of the one that an alias stands for."""
    kind, anchor = type(event).__name__, getattr(event, "anchor", None)
    if kind == "ScalarEvent":
        text = str(getattr(event, "value", ""))
        tree.place(text, anchor)
        return text
    if kind == "AliasEvent":
        return tree.alias(anchor or "")
    if kind in {"MappingStartEvent", "SequenceStartEvent"}:
        tree.start({} if kind.startswith("Mapping") else [], anchor)
    elif kind in {"MappingEndEvent", "SequenceEndEvent"}:
        tree.end()
    return ""


def _tree_findings(tree: TreeBuilder) -> Iterator[Finding]:
    if tree.is_spent:
        message = "has more values, or joins more tables, than are followed"
        yield Finding("config_unresolved", Severity.MEDIUM, message)
    for document in tree.documents:
        yield from value_findings(document, has_aliases=True)
        notes = Notes()
        examine_data(document, notes, has_aliases=True)
        yield from notes.findings


def _value_findings(key: str, value: str, *, is_mlflow: bool) -> Iterator[Finding]:
    """A scalar and the one before it, which is its key wherever that matters."""
    if key in TARGET_KEYS:
        yield from target_findings(value, key)
    elif key.replace("-", "_") in MODULE_KEYS:
        yield from module_findings(value, key)
    elif key in CALLED_KEYS:
        yield from called_findings(value, key)
    elif _TEMPLATE_KEY.search(key) and ("{{" in value or "{%" in value):
        yield from template_findings(value, key[:80], certain=False)
    if is_mlflow and key == "loader_module":
        yield from imported(value, key, _LIBRARIES)
    elif is_mlflow and key in PATH_KEYS and leads_away(value):
        yield path_finding(value, key)


def _tag_findings(tag: str) -> Iterator[Finding]:
    if tag.startswith(_PYTHON):
        kind, _, name = tag.removeprefix(_PYTHON).partition(":")
        if kind not in _VALUES:
            message = "asks the YAML reader to build Python objects"
            yield Finding("yaml_python_tag", _tag_severity(kind, name), message, tag[:200])
    elif _FOREIGN.match(tag):
        message = "asks the YAML reader to build objects of another language"
        yield Finding("yaml_foreign_tag", Severity.MEDIUM, message, tag[:200])
    elif tag.startswith(_CALLING):
        yield from target_findings(tag.partition(":")[2], tag.partition(":")[0])


def _included(path: str) -> Iterator[Finding]:
    """Parent folders are where such files lie; elsewhere is another matter."""
    if path.startswith(_REMOTE):
        message = "takes a part of itself from another machine"
        yield Finding("remote_code_elsewhere", Severity.MEDIUM, message, path[:200], _INCLUDE)
    elif path.count("../") > _FAR_UP or leads_away(path.replace("../", "")):
        yield path_finding(path, _INCLUDE)


def _tag_severity(kind: str, name: str) -> Severity:
    module, _, last = name.rpartition(".")
    if is_allowed(module, last):
        return Severity.LOW
    if kind.startswith("object") or is_target_dangerous(module, last):
        return Severity.HIGH
    return Severity.MEDIUM
