"""Keys by which servers, trainers and editors are told what to import, build or start."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from typing import Any

from scanning.scanners._code.names import canonical
from scanning.scanners._code.sinks import SINKS, Kind
from scanning.scanners._regex_costs import regex_trouble
from scanning.scanners.base import Finding, Rule, Severity

_CWE = "https://cwe.mitre.org/data/definitions/{}.html"
SERVER_RULES = {
    "config_pattern": Rule("Configuration has a pattern that can take forever", _CWE.format(1333)),
}
_MODULE_WORDS = """
custom_pipeline worker_cls worker_extension_cls logits_processors tool_parser_plugin
reasoning_parser_plugin custom_weight_loader import_path include_package imports
main_training_script
middleware setup_script scheduler_cls executor_cls plugin_modules custom_modules
"""
# What a library imports that is told so; dashes are the same in settings of servers.
MODULE_KEYS = frozenset(_MODULE_WORDS.split())
_PACKAGE_KEYS = frozenset({"include_package", "include-package"})
_CALLED_WORDS = """
type object cls class class_name fn function func callable factory builder loader handler
entry_point entrypoint hook callback constructor target_class import_name
"""
CALLED_KEYS = frozenset(_CALLED_WORDS.split())
_CODE = re.compile(r"[A-Za-z_]\w*(?:[./:-][\w.-]+)+\Z|\.{0,2}/\S+\Z")
_HARMLESS = frozenset({Kind.NETWORK, Kind.DELETE})
_INSTALLING = ("prepare", "install", "prepublish", "postprepare", "preprepare")
_PROPERTY = re.compile(r"\\[pP]\{[^}]{1,40}\}")
_LONGEST = 10_000
_DOTTED_CLASS = re.compile(r"[A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*\.[A-Z]\w*\Z")
_REMOTE = ("http://", "https://", "ftp://", "s3://", "gs://")


def module_findings(value: object, key: str) -> Iterator[Finding]:
    """A text, or a list of such, that names a module, a class or a file."""
    for one in value if isinstance(value, list) else [value]:
        if isinstance(one, str) and len(one) < _LONGEST and _CODE.match(one):
            message = "names code that a tool imports or runs"
            yield Finding("remote_code", Severity.MEDIUM, message, one[:200], key)


def package_findings(value: object, key: str) -> Iterator[Finding]:
    """AllenNLP imports each by its name, of one part too."""
    for one in value if isinstance(value, list) else [value]:
        if isinstance(one, str) and one.isidentifier():
            message = "names a package that a tool imports"
            yield Finding("remote_code", Severity.MEDIUM, message, one[:200], key)


def registered_findings(value: object, key: str) -> Iterator[Finding]:
    """AllenNLP imports what stands before the last dot of a name that nobody has registered."""
    if isinstance(value, str) and _DOTTED_CLASS.match(value) and not value.startswith("allennlp"):
        message = "names a class that its library imports"
        yield Finding("remote_code", Severity.MEDIUM, message, value[:200], key)


def _archive(table: dict[str, Any], key: str) -> Iterator[Finding]:
    """An archive of AllenNLP has a configuration of its own, and weights that are unpickled."""
    if isinstance(table[key], str) and table[key].startswith(_REMOTE):
        message = "takes its model from another machine"
        yield Finding("remote_code_elsewhere", Severity.MEDIUM, message, table[key][:200], key)


def called_findings(value: object, key: str) -> Iterator[Finding]:
    """Only what surely runs something: other libraries have names of their own under such keys."""
    if not isinstance(value, str) or len(value) > _LONGEST or "." not in value.replace(":", "."):
        return
    kind = SINKS.get(canonical(value.replace(":", ".")))
    if kind is not None and kind not in _HARMLESS:
        message = f"asks for {value} to be called, which can run anything"
        yield Finding("config_target", Severity.HIGH, message, value[:200], key)


def _modules(table: dict[str, Any], key: str) -> Iterator[Finding]:
    yield from module_findings(table[key], key)
    if key in _PACKAGE_KEYS:
        yield from package_findings(table[key], key)


def _called(table: dict[str, Any], key: str) -> Iterator[Finding]:
    yield from called_findings(table[key], key)


def _started(table: dict[str, Any], key: str) -> Iterator[Finding]:
    """A hook of a coding agent."""
    if table.get("type") == "command" and isinstance(table[key], str):
        yield _command(table[key], key)


def _scripts(table: dict[str, Any], key: str) -> Iterator[Finding]:
    scripts = table[key] if isinstance(table[key], dict) else {}
    for name in _INSTALLING:
        if isinstance(scripts.get(name), str) and not scripts[name].isdigit():
            yield _command(scripts[name], name)


def _interpreter(table: dict[str, Any], key: str) -> Iterator[Finding]:
    if isinstance(table[key], str) and table[key].startswith((".", "${workspace")):
        yield _command(table[key], key)


def _command(command: str, key: str) -> Finding:
    message = "has a command that tools run when they open or install the folder"
    return Finding("config_command", Severity.MEDIUM, message, json.dumps(command)[:200], key)


def _pattern(table: dict[str, Any], key: str) -> Iterator[Finding]:
    """Of a tokenizer: its engine tries all ways, as Python's does."""
    pattern = table[key]
    if isinstance(pattern, str) and (trouble := regex_trouble(_PROPERTY.sub(r"\\w", pattern))):
        yield Finding("config_pattern", Severity.MEDIUM, trouble[:200], pattern[:200], key)


SERVER_JUDGES: dict[str, Callable[[dict[str, Any], str], Iterator[Finding]]] = {
    **dict.fromkeys([*MODULE_KEYS, *(key.replace("_", "-") for key in MODULE_KEYS)], _modules),
    **dict.fromkeys(CALLED_KEYS, _called),
    "archive_file": _archive,
    "command": _started,
    "scripts": _scripts,
    "Regex": _pattern,
    **dict.fromkeys(("python.defaultInterpreterPath", "python.pythonPath"), _interpreter),
}
