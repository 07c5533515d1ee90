"""Judge the functions that configuration asks a library to call."""

from __future__ import annotations

import builtins
import re
from collections.abc import Iterator

from scanning.scanners._code.names import canonical
from scanning.scanners._code.sinks import SINKS, Kind
from scanning.scanners._globals_dangerous import is_dangerous
from scanning.scanners.base import Finding, Rule, Severity

TARGET_RULES = {
    "config_target": Rule(
        "Configuration calls a function", "https://cwe.mitre.org/data/definitions/470.html"
    ),
}
# `()` is what a configuration of `logging` calls.
TARGET_KEYS = frozenset({"_target_", "__target__", "target", "class_path", "()"})
_CALLED = TARGET_KEYS - {"target"}  # whose value is surely a function's name
_CALL = re.compile(r"\(|__\w+__")
_NAME = re.compile(r"[A-Za-z_]\w*(?:[.:][A-Za-z_]\w*)+\Z")
_SPACED = re.compile(r"\s*([.:])\s*")
_BUILTINS = frozenset({"eval", "exec", "compile", "__import__", "execfile"})
# Packages of the standard library that nobody has one of his own instead of.
_STANDARD_WORDS = """
asyncio concurrent ctypes dbm distutils email encodings ensurepip http idlelib importlib lib2to3
logging multiprocessing pip setuptools sqlite3 subprocess unittest urllib venv wsgiref xmlrpc
"""
_STANDARD = frozenset(_STANDARD_WORDS.split())
_HARMLESS_SINKS = frozenset({Kind.NETWORK, Kind.DELETE})


def target_findings(value: object, key: str) -> Iterator[Finding]:
    """A function that runs anything is unsafe; a class of some package is what targets are for."""
    if isinstance(value, str) and value.startswith("$") and key in _CALLED:
        value = _of_expression(value)  # MONAI evaluates it and calls what comes of it
    if isinstance(value, str) and key in _CALLED:
        value = _SPACED.sub(r"\1", value.strip())
        value = f"builtins.{value}" if value in _BUILTINS else value  # as pydoc finds it
    if not isinstance(value, str) or not _NAME.match(value):
        if key in _CALLED and isinstance(value, str) and _CALL.search(value):
            message = "asks for something to be called that is no name"
            yield Finding("config_target", Severity.MEDIUM, message, value[:200], key)
        return
    module, _, name = value.replace(":", ".").rpartition(".")
    if is_target_dangerous(module, name):
        message = f"asks for {value} to be called, which can run anything"
        yield Finding("config_target", Severity.HIGH, message, value[:200], key)


def _of_expression(value: str) -> str:
    name = value[1:].strip()
    return f"builtins.{name}" if hasattr(builtins, name) else name


def is_target_dangerous(module: str, name: str) -> bool:
    if module.startswith("torch.ops.") and name != "load_library":
        return False  # an operator, as torch.export writes them
    if module == "hydra.utils":
        return False  # judged by what it is given
    kind = SINKS.get(canonical(f"{module}.{name}"))
    if kind is not None and kind not in _HARMLESS_SINKS:
        return True
    # A package's own `test.Net` or `code.Net` is no module of the standard library.
    is_own = module.partition(".")[0] not in _STANDARD
    is_class = name[:1].isupper() and "." in module and is_own
    return is_dangerous(module, name) and not is_class
