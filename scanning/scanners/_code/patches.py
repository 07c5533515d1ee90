"""Variables, modules and functions that change what others run."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from scanning.scanners._code.names import Names
from scanning.scanners.base import Severity

_VARIABLES_WORDS = """
LD_PRELOAD LD_LIBRARY_PATH LD_AUDIT PYTHONPATH PYTHONSTARTUP PYTHONHOME
DYLD_INSERT_LIBRARIES BASH_ENV PROMPT_COMMAND GIT_SSH_COMMAND
"""
_VARIABLES = frozenset(_VARIABLES_WORDS.split())
_SETTERS = frozenset({"os.putenv", "os.environ.setdefault"})
_REPLACED = frozenset({"torch.load", "torch.serialization.load", "sys.meta_path"})
_BODIES = frozenset({"__code__", "func_code"})
# Modules that a reader goes on using after the import.
_SHARED_WORDS = """
os sys subprocess builtins json pickle requests urllib numpy torch transformers safetensors
huggingface_hub tokenizers
"""
_SHARED = frozenset(_SHARED_WORDS.split())


def patches(node: ast.AST, names: Names) -> Iterator[tuple[Severity, str]]:
    """What a call or an assignment changes for whoever comes after."""
    texts: list[str] = []
    if isinstance(node, ast.Call):
        texts = _variables_of(node, names)
    elif isinstance(node, ast.AugAssign):
        texts = _keys(node.value, names) if names.resolve(node.target) == "os.environ" else []
        yield from _replaced(node.target, names)
    elif isinstance(node, ast.Assign):
        for target in node.targets:
            yield from _replaced(target, names)
    for text in texts:
        if text in _VARIABLES:
            yield Severity.MEDIUM, f"sets the variable {text}"


def _variables_of(node: ast.Call, names: Names) -> list[str]:
    name = names.resolve(node.func)
    if name in _SETTERS and node.args:
        return [names.folder.text(node.args[0]) or ""]
    if name != "os.environ.update":
        return []
    given = [one.arg or "" for one in node.keywords]
    return [*given, *(key for one in node.args for key in _keys(one, names))]


def _keys(node: ast.expr, names: Names) -> list[str]:
    if not isinstance(node, ast.Dict):
        return []
    return [names.folder.text(key) or "" for key in node.keys if key is not None]


def _replaced(target: ast.expr, names: Names) -> Iterator[tuple[Severity, str]]:
    name = names.resolve(target) if not isinstance(target, ast.Name) else None
    of, _, last = (name or "").rpartition(".")
    if of == "os.environ" and last in _VARIABLES:
        yield Severity.MEDIUM, f"sets the variable {last}"
    elif isinstance(target, ast.Attribute) and target.attr in _BODIES:
        yield Severity.HIGH, "replaces the code of a function"
    elif (of == "builtins" and "()" not in last) or name in _REPLACED:
        yield Severity.MEDIUM, f"replaces {name}"
    elif isinstance(target, ast.Subscript) and names.resolve(target.value) == "sys.modules":
        key = names.folder.text(target.slice)
        if key in _SHARED:
            yield Severity.MEDIUM, f"replaces the module {key}"
