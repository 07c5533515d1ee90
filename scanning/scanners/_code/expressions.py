"""Python in configuration: MONAI's `$...`, and resolvers of OmegaConf that evaluate their text.

Format: https://docs.monai.io/en/stable/config_syntax.html
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, replace

from scanning.scanners._code.interpolation import arguments, is_interpolation, unquoted
from scanning.scanners._code.source import findings_of
from scanning.scanners.base import Finding, Severity

RULE = "config_expression"
_REFERENCE = re.compile(r"@([#:]*\w+(?:(?:\#|::)\w+)*)")
_RUNS = re.compile(r"\(|__|\bimport\b|`")
# Words of no honest expression, should it be in a form that is not read as Python.
_DANGER = re.compile(
    r"__\w+__|(?<![.\w])(?:eval|exec)\s*\(|\b(?:os\.(?:system|popen|exec|spawn)|subprocess|builtins|pty\b"
    r"|importlib|socket\.|ctypes)|optional_import\(\s*[\"'](?:os|subprocess|builtins|sys|posix|pty|runpy)\b"
)
_IMPORT = re.compile(r"\s*(?:import|from)\s")
_SEPARATOR = re.compile(r"#|::")
_GIVEN = "import monai, torch, numpy, numpy as np"  # what MONAI's reader has at hand
_LOADING = "python_deserialization"  # of weights beside it, which are judged as files
_MOST = 5000
_LONGEST = 20_000
_COUNTED = (Severity.MEDIUM, Severity.HIGH, Severity.CRITICAL)


@dataclass(frozen=True, slots=True)
class Expression:
    path: tuple[str, ...]
    text: str


def is_expression(value: str) -> bool:
    """`${name: ...}` is a function of OmegaConf's, and judged as one."""
    is_short = value.startswith("$") and len(value) <= _LONGEST
    return is_short and not is_interpolation(value)


def evaluated(text: str, key: str) -> Iterator[Finding]:
    """Text that is handed to a function of the configuration's reader."""
    if _RUNS.search(text):
        for one in dict.fromkeys([text.strip(), unquoted(text.strip()), *arguments(text)[:20]]):
            yield from _judged(one, key)


def expression_findings(
    expressions: list[Expression], texts: Iterable[Expression]
) -> Iterator[Finding]:
    """All expressions of a configuration at once: one names the other by `@its::path`.

    `texts` are what else stands in it, of which those that are named matter.
    """
    if len(expressions) > _MOST:
        message = "has more expressions than are followed"
        yield Finding(RULE, Severity.MEDIUM, message, str(len(expressions)))
    named: set[str] = set()
    first, then = [], []
    for one in expressions[:_MOST]:
        text = one.text.strip()
        named |= {_name(_SEPARATOR.split(found)) for found in _REFERENCE.findall(text)}
        plain = _REFERENCE.sub(lambda found: _name(_SEPARATOR.split(found[1])), text)
        if _IMPORT.match(plain) and _parses(plain):
            first.append(plain)
        elif _parses(f"({plain}\n)"):
            then.append(f"{_name(one.path)} = ({plain}\n)")
        else:
            yield from _unread(text, "::".join(one.path))
    runs = bool(first) or any(_RUNS.search(line) for line in then)
    then += _references(texts, named)
    if runs:
        yield from _judged("\n".join([_GIVEN, *first, *then]), "")


def _references(texts: Iterable[Expression], named: set[str]) -> Iterator[str]:
    """What else stands in it: another name for a part, or a text that an expression names."""
    for one in texts:
        if other := _REFERENCE.fullmatch(one.text):
            yield f"{_name(one.path)} = {_name(_SEPARATOR.split(other[1]))}"
        elif _name(one.path) in named:
            yield f"{_name(one.path)} = {one.text!r}"


def _name(path: Iterable[str]) -> str:
    return "at_" + re.sub(r"\W", "_", "_".join(part for part in path if part))


def _parses(source: str) -> bool:
    try:
        ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return False
    return True


def _judged(source: str, key: str) -> Iterator[Finding]:
    is_told = False
    with suppress(SyntaxError, ValueError, RecursionError, MemoryError):
        for found in findings_of(source):
            is_ordinary = found.rule == _LOADING and found.severity is Severity.MEDIUM
            if found.severity in _COUNTED and not is_ordinary:
                is_told = True
                message = f"evaluates Python, which {found.message}"
                yield replace(found, rule=RULE, message=message, location=key)
    if not is_told:
        yield from _unread(source, key)


def _unread(text: str, key: str) -> Iterator[Finding]:
    if _RUNS.search(text) and _DANGER.search(text):
        message = "evaluates what names means to run programs, in a way that is not followed"
        yield Finding(RULE, Severity.MEDIUM, message, text[:200], key)
