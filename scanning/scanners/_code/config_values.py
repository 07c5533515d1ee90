"""Judge what a configuration's values come to: put together, evaluated, or run as a command."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace

from scanning.scanners._code.belongings import is_own_path
from scanning.scanners._code.config_tree import MAX_LEVELS, Level, levels_in
from scanning.scanners._code.expressions import (
    Expression,
    evaluated,
    expression_findings,
    is_expression,
)
from scanning.scanners._code.interpolation import OPENING, Resolver, resolvers_in
from scanning.scanners._code.secrets_sent import leaks
from scanning.scanners._code.server_keys import CALLED_KEYS, called_findings
from scanning.scanners._code.shell import shell_findings
from scanning.scanners._code.targets import TARGET_KEYS, target_findings
from scanning.scanners._tensors.paths import leads_away
from scanning.scanners.base import Finding, Rule, Severity

_CWE = "https://cwe.mitre.org/data/definitions/{}.html"
VALUE_RULES = {
    "config_expression": Rule("Configuration evaluates Python", _CWE.format(95)),
    "config_unresolved": Rule("A function that only its reader knows", _CWE.format(470)),
    "config_secret": Rule("Configuration gives a credential away", _CWE.format(522)),
    "script_danger": Rule("Script that attacks", _CWE.format(78)),
}
_OWN = "oc."  # what OmegaConf itself has runs nothing
# They look a function up by the name that they are given.
_LOOKING_UP = re.compile(r"(?:hydra\.utils\.|hydra\._internal\.utils\.|functools\.partial\Z)")
_COMMAND_WORDS = """
cmd command commands args arguments run script scripts entrypoint entry_point exec execute shell
setup setup_script before_script after_script pre_install post_install preinstall postinstall
prerun postrun pre_start post_start on_start on_create_command bash sh program launch
"""
_COMMAND_KEYS = frozenset(_COMMAND_WORDS.split())
_NAMED_KEYS = frozenset({"pipeline", "policies"})  # Rasa and pyannote import by `name`
_MACRO = re.compile(r"%([^%:]{1,500})::")
# Without one of these in a text there is nothing to judge; an escape may stand for any of them.
WORTH_JUDGING = re.compile(
    r"\"\$[^\"\n]*[(_{i]|\$\{|\"%[^\"\n:]+::|hydra\.|functools\.partial|\\u00[2-7]"
    r"|/etc/|\.ssh|\.bash|\.profile|\.zsh|\.aws|authorized_keys|customize\.py|\.pth\"|/cron"
    rf"|\"(?:{'|'.join(sorted(_COMMAND_KEYS)).replace('_', '[_-]')})\"\s*:",
    re.IGNORECASE,
)
_PATH_KEYS_WORDS = (
    "filename file path log_file logfile output output_file output_path dest target_path"
)
_PATH_KEYS = frozenset(_PATH_KEYS_WORDS.split())
_ADDRESS = re.compile(r"(?:https?|wss?|ftp)://((?:\$\{[^}]*\}|[^/?#\s])*)", re.IGNORECASE)
_VARIABLE = re.compile(
    r"\$\{\s*(?:oc\.env\s*:|env\s*:|ENV\s*:)?\s*([A-Z][A-Z0-9_]{2,80})\s*(?:[,:}-])"
)
_LONGEST_ADDRESS = 2000
_UNKNOWN = "unknown"
_TIMES = 10  # it is split, put together, and read as Python
_TOLD = TARGET_KEYS - {"target"}  # whose value is surely a function's name


def value_findings(root: object, *, has_aliases: bool = False) -> Iterator[Finding]:
    if not isinstance(root, dict | list):
        return
    resolver = Resolver(Level(root))
    expressions: list[Expression] = []
    count = 0
    for count, level in enumerate(levels_in(root, has_aliases=has_aliases), 1):  # noqa: B007 told below
        for key, value in level.texts():
            if is_expression(value):
                expressions.append(Expression((*level.path, key), value[1:]))
            yield from _value(resolver, level, key, value)
        if isinstance(level.here, dict):
            yield from _looked_up(resolver, level)
    if count >= MAX_LEVELS:
        message = "has more tables and lists than are followed"
        yield Finding("config_unresolved", Severity.MEDIUM, message)
    if expressions:
        yield from expression_findings(expressions, _texts(root, has_aliases=has_aliases))


def _texts(root: object, *, has_aliases: bool) -> Iterator[Expression]:
    for level in levels_in(root, has_aliases=has_aliases):
        for key, value in level.texts():
            if not is_expression(value):
                yield Expression((*level.path, key), value)


def _value(resolver: Resolver, level: Level, key: str, value: str) -> Iterator[Finding]:
    if OPENING in value:
        yield from _interpolated(resolver, level, key, value)
    if (match := _MACRO.match(value)) and leads_away(match[1]):
        message = "reads a configuration outside of its folder"
        yield Finding("config_path", Severity.HIGH, message, value[:200], key)
    yield from _sent(key, value)
    if key.lower() in _PATH_KEYS and is_own_path(value):
        message = "writes or reads a reader's own file"
        is_log = isinstance(level.here, dict) and "class" in level.here
        severity = Severity.HIGH if is_log else Severity.MEDIUM
        yield Finding("config_path", severity, message, value[:200], key)
    command_key = key if isinstance(level.here, dict) else level.key
    if command_key.lower().replace("-", "_") in _COMMAND_KEYS:
        for found in shell_findings(value, command_key):
            yield replace(found, severity=Severity.MEDIUM)
    around = {level.key, level.above.key if level.above else ""}
    is_named = around & _NAMED_KEYS or (isinstance(level.here, dict) and "params" in level.here)
    if key == "name" and is_named:
        yield from called_findings(value, key)


def _sent(key: str, value: str) -> Iterator[Finding]:
    """A credential of the environment in an address, unless it is for that very service."""
    match = _ADDRESS.match(value) if len(value) <= _LONGEST_ADDRESS else None
    if match is None:
        return
    host = match[1].rpartition("@")[2]
    for found in _VARIABLE.finditer(value, match.start(1)):
        is_login = value[found.end() : found.end() + 1] in {"@", ":"} and "@" in value
        if not is_login and (severity := leaks(found[1], host)) is not None:
            message = "puts a credential of its reader's into an address"
            yield Finding("config_secret", severity, message, value[:200], key)


def _interpolated(resolver: Resolver, level: Level, key: str, value: str) -> Iterator[Finding]:
    if not resolver.spend(value, _TIMES * value.count(OPENING)):
        message = "has more interpolations than are followed"
        yield Finding("config_unresolved", Severity.MEDIUM, message)
        return
    for name, text in resolvers_in(value):
        known = _resolved_or_empty(resolver, level, text) or text
        yield from evaluated(known, key)
        if not name.startswith(_OWN):
            yield from target_findings(known.strip(" \"'"), f"{key}: {name}")
    if key in TARGET_KEYS or key in CALLED_KEYS:
        yield from _called(resolver, level, key, value)


def _called(resolver: Resolver, level: Level, key: str, value: str) -> Iterator[Finding]:
    try:
        whole = resolver.text(value, level)
    except ValueError:
        if key in _TOLD:
            message = "calls a function whose name the file does not tell"
            yield Finding("config_unresolved", Severity.MEDIUM, message, value[:200], key)
        whole = _resolved_or_empty(resolver, level, value)
    judge = target_findings if key in TARGET_KEYS else called_findings
    for found in judge(whole, key):
        yield replace(found, evidence=f"{value[:100]} is {found.evidence}")


def _resolved_or_empty(resolver: Resolver, level: Level, value: str) -> str:
    """With a word for each part that the file does not tell: `os.${x}` is `os.unknown`."""
    try:
        return resolver.text(value, level, _UNKNOWN)
    except ValueError:
        return ""


def _looked_up(resolver: Resolver, level: Level) -> Iterator[Finding]:
    assert isinstance(level.here, dict)  # noqa: S101 by the caller
    named = (level.here[key] for key in TARGET_KEYS if isinstance(level.here.get(key), str))
    target = next(named, "")
    if not _LOOKING_UP.match(target):
        return
    for key, value in level.here.items():
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, str) and key not in TARGET_KEYS:
                yield from target_findings(_resolved_or_empty(resolver, level, one), key)
