"""Judge the functions that configuration asks a library to call, and the tags of YAML."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import islice

from scanning.scanners._code.names import canonical
from scanning.scanners._code.sinks import SINKS, Kind
from scanning.scanners._globals_dangerous import is_dangerous
from scanning.scanners.base import Finding, Rule, Severity

TARGET_RULES = {
    "config_target": Rule(
        "Configuration calls a function", "https://cwe.mitre.org/data/definitions/470.html"
    ),
    "yaml_python_tag": Rule(
        "YAML builds Python objects", "https://cwe.mitre.org/data/definitions/502.html"
    ),
    "yaml_invalid": Rule("Not valid YAML"),
}
_NAME = re.compile(r"[A-Za-z_]\w*(?:[.:][A-Za-z_]\w*)+\Z")
_PYTHON = "tag:yaml.org,2002:python/"
_VALUE_NAMES = "none bool str unicode int long float complex bytes list tuple dict"
_VALUES = frozenset(_VALUE_NAMES.split())
_CALLING = ("!new:", "!apply:", "!name:", "!module:", "!call:")  # HyperPyYAML
_MAX_EVENTS = 2_000_000
_HARMLESS_SINKS = frozenset({Kind.NETWORK, Kind.DELETE})
_TAG_IN_TEXT = re.compile(r"!!python/\S*|!<tag:yaml\.org,2002:python\S*|!(?:apply|new):\S+")


def target_findings(value: object, key: str) -> Iterator[Finding]:
    """A function that runs anything is unsafe; a class of some package is what targets are for."""
    if not isinstance(value, str) or not _NAME.match(value):
        return
    module, _, name = value.replace(":", ".").rpartition(".")
    if is_target_dangerous(module, name):
        message = f"asks for {value} to be called, which can run anything"
        yield Finding("config_target", Severity.HIGH, message, value[:200], key)


def is_target_dangerous(module: str, name: str) -> bool:
    if module.startswith("torch.ops.") and name != "load_library":
        return False  # an operator, as torch.export writes them
    kind = SINKS.get(canonical(f"{module}.{name}"))
    if kind is not None and kind not in _HARMLESS_SINKS:
        return True
    # A package's own `test.Net` or `code.Net` is no module of the standard library.
    is_class = name[:1].isupper() and "." in module
    return is_dangerous(module, name) and not is_class


def yaml_findings(text: str) -> Iterator[Finding]:
    """Follow the events of the parser: nothing is built, no alias is expanded."""
    import yaml  # noqa: PLC0415 every child loads this module, few read YAML

    key, loader = "", getattr(yaml, "CSafeLoader", yaml.SafeLoader)
    try:
        for event in islice(yaml.parse(text, Loader=loader), _MAX_EVENTS):
            tag = getattr(event, "tag", None) or ""
            yield from _tag_findings(tag)
            if isinstance(event, yaml.ScalarEvent):
                if key in {"_target_", "__target__", "target", "class_path"}:
                    yield from target_findings(event.value, key)
                key = event.value
            else:
                key = ""
    except yaml.YAMLError as error:
        yield Finding("yaml_invalid", Severity.INFO, "is not valid YAML", str(error)[:200])
        for match in _TAG_IN_TEXT.finditer(text):
            yield from _tag_findings(match[0].replace("!!", "tag:yaml.org,2002:").strip("!<>"))


def _tag_findings(tag: str) -> Iterator[Finding]:
    if tag.startswith(_PYTHON):
        kind, _, name = tag.removeprefix(_PYTHON).partition(":")
        if kind not in _VALUES:
            message = "asks the YAML reader to build Python objects"
            yield Finding("yaml_python_tag", _tag_severity(kind, name), message, tag[:200])
    elif tag.startswith(_CALLING):
        yield from target_findings(tag.partition(":")[2], tag.partition(":")[0])


def _tag_severity(kind: str, name: str) -> Severity:
    module, _, last = name.rpartition(".")
    if kind.startswith("object") or is_target_dangerous(module, last):
        return Severity.HIGH
    return Severity.MEDIUM
