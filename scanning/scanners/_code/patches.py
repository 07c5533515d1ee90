"""Variables, modules and functions that change what others run."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from scanning.scanners._code.names import Names
from scanning.scanners._code.planted import is_brought
from scanning.scanners.base import Severity

_VARIABLES_WORDS = """
LD_PRELOAD LD_LIBRARY_PATH LD_AUDIT PYTHONPATH PYTHONSTARTUP PYTHONHOME
DYLD_INSERT_LIBRARIES BASH_ENV PROMPT_COMMAND GIT_SSH_COMMAND PYTHONBREAKPOINT
GIT_EXTERNAL_DIFF PAGER GIT_PAGER EDITOR VISUAL GIT_EDITOR BROWSER
"""
_VARIABLES = frozenset(_VARIABLES_WORDS.split())
# What they name is loaded or run by the next program that starts.
_RUN = frozenset({"LD_PRELOAD", "LD_AUDIT", "DYLD_INSERT_LIBRARIES", "PYTHONSTARTUP", "BASH_ENV"})
_TOOLS_WORDS = "PYTHONBREAKPOINT PAGER GIT_PAGER EDITOR VISUAL GIT_EDITOR BROWSER"
_TOOLS = frozenset(_TOOLS_WORDS.split())
_PLAIN_WORDS = "0 1 cat less more nano vi vim emacs code true false none firefox chromium"
_PLAIN_VALUES = frozenset(_PLAIN_WORDS.split()) | {""}
_SETTERS = frozenset({"os.putenv", "os.environ.setdefault"})
_REPLACED = frozenset({"torch.load", "torch.serialization.load", "sys.meta_path"})
_BODIES = frozenset({"__code__", "func_code"})
# Modules that a reader goes on using after the import.
_SHARED_WORDS = """
os sys subprocess builtins json pickle requests urllib numpy torch transformers safetensors
huggingface_hub tokenizers
"""
_SHARED = frozenset(_SHARED_WORDS.split())


def patches(node: ast.AST, names: Names, nodes: list[ast.AST]) -> Iterator[tuple[Severity, str]]:
    """What a call or an assignment changes for whoever comes after."""
    given: list[tuple[str, ast.expr | None]] = []
    if isinstance(node, ast.Call):
        given = _variables_of(node, names)
    elif isinstance(node, ast.AugAssign):
        given = _pairs(node.value, names) if names.resolve(node.target) == "os.environ" else []
        yield from _replaced(node.target, names)
        given += _variable(node.target, node.value, names)
    elif isinstance(node, ast.Assign):
        for target in node.targets:
            yield from _replaced(target, names)
            given += _variable(target, node.value, names)
    for text, value in given:
        if text in _VARIABLES and not (text in _TOOLS and _is_plain(value, names)):
            yield _of_variable(text, value, names, nodes), f"sets the variable {text}"


def _of_variable(text: str, value: ast.expr | None, names: Names, nodes: list[ast.AST]) -> Severity:
    """High where the program brings the file that is to be run."""
    if text == "PYTHONBREAKPOINT":
        return Severity.MEDIUM if _ends(value, names, "set_trace") else Severity.HIGH
    brings = text in _RUN and value is not None and is_brought(value, names, nodes)
    return Severity.HIGH if brings else Severity.MEDIUM


def _is_plain(value: ast.expr | None, names: Names) -> bool:
    return value is not None and names.folder.text(value) in _PLAIN_VALUES


def _ends(value: ast.expr | None, names: Names, end: str) -> bool:
    return value is not None and (names.folder.text(value) or "").endswith(end)


def _variable(target: ast.expr, value: ast.expr, names: Names) -> list[tuple[str, ast.expr | None]]:
    name = names.resolve(target) if isinstance(target, ast.Subscript) else None
    of, _, last = (name or "").rpartition(".")
    return [(last, value)] if of == "os.environ" else []


def _variables_of(node: ast.Call, names: Names) -> list[tuple[str, ast.expr | None]]:
    name = names.resolve(node.func)
    if name in _SETTERS and node.args:
        return [(names.folder.text(node.args[0]) or "", node.args[1] if node.args[1:] else None)]
    if name != "os.environ.update":
        return []
    given: list[tuple[str, ast.expr | None]] = [(one.arg or "", one.value) for one in node.keywords]
    return [*given, *(pair for one in node.args for pair in _pairs(one, names))]


def _pairs(node: ast.expr, names: Names) -> list[tuple[str, ast.expr | None]]:
    if not isinstance(node, ast.Dict):
        return []
    pairs = zip(node.keys, node.values, strict=True)
    return [(names.folder.text(key) or "", value) for key, value in pairs if key is not None]


def _replaced(target: ast.expr, names: Names) -> Iterator[tuple[Severity, str]]:
    name = names.resolve(target) if not isinstance(target, ast.Name) else None
    of, _, last = (name or "").rpartition(".")
    if isinstance(target, ast.Attribute) and target.attr in _BODIES:
        yield Severity.HIGH, "replaces the code of a function"
    elif (of == "builtins" and "()" not in last) or name in _REPLACED:
        yield Severity.MEDIUM, f"replaces {name}"
    elif isinstance(target, ast.Subscript) and names.resolve(target.value) == "sys.modules":
        key = names.folder.text(target.slice)
        if key in _SHARED:
            yield Severity.MEDIUM, f"replaces the module {key}"
