"""What a call is given, and in what way its function is named."""

from __future__ import annotations

import ast
from collections.abc import Iterator

from scanning.scanners._code.fold import Unknown
from scanning.scanners._code.names import Names
from scanning.scanners._code.sinks import LOADED

_REMOTE = ("http://", "https://", "ftp://", "s3://")
_CODE_PARTS = frozenset({"co_code", "co_consts", "co_names"})
_PARTS_OF_CODE = 12
_BUILDING = ("!!python/", '"py/')  # texts that a loader builds objects from


def arguments(node: ast.Call) -> list[ast.expr]:
    return [*node.args, *(one.value for one in node.keywords)]


def brings_bytes(names: Names, node: ast.expr) -> bool:
    """Constant bytes, or an address to fetch them from."""
    try:
        found = names.folder.value(node)
    except Unknown:
        return False
    is_text = isinstance(found, str)
    builds = is_text and any(one in found for one in _BUILDING)
    return isinstance(found, bytes) or builds or (is_text and found.startswith(_REMOTE))


def texts(names: Names, node: ast.Call) -> Iterator[str]:
    for one in arguments(node):
        if (text := names.folder.text(one)) is not None:
            yield text
        else:
            yield from (
                inner.value
                for inner in ast.walk(one)
                if isinstance(inner, ast.Constant) and isinstance(inner.value, str)
            )


def reads_text(node: ast.Call) -> bool:
    """Text that is read from somewhere, to be run."""
    inner = (
        one.func
        for given in arguments(node)
        for one in ast.walk(given)
        if isinstance(one, ast.Call)
    )
    return any(isinstance(one, ast.Attribute) and one.attr.startswith("read") for one in inner)


def is_hidden(function: ast.expr) -> bool:
    """`__builtins__["eval"]`, `print.__self__.eval`: nobody writes so who has nothing to hide."""
    return any(
        isinstance(one, ast.Subscript | ast.Call)
        or (isinstance(one, ast.Attribute) and one.attr.startswith("__"))
        for one in ast.walk(function)
    )


def is_compiled(names: Names, node: ast.Call) -> bool:
    """`eval(compile(text, name, "exec"))`."""
    made = node.args[0] if node.args else None
    if not isinstance(made, ast.Call) or len(made.args) < 3:  # noqa: PLR2004
        return False
    is_exec = names.folder.text(made.args[2]) == "exec"
    return is_exec and names.resolve(made.func) == "builtins.compile"


def is_plain(names: Names, node: ast.Call) -> bool:
    """Constant text, looked at as code of its own."""
    return bool(node.args) and names.folder.text(node.args[0]) is not None


def reads_own_source(names: Names, node: ast.Call) -> bool:
    """`exec(open("version.py").read())`: that file is looked at as well."""
    texts = [one.value for one in ast.walk(node) if isinstance(one, ast.Constant)]
    opens = [
        one
        for one in ast.walk(node)
        if isinstance(one, ast.Call) and names.resolve(one.func) == "builtins.open"
    ]
    return bool(opens) and any(isinstance(one, str) and one.endswith(".py") for one in texts)


def table_of(names: Names, node: ast.Subscript) -> str | None:
    """The module of which something is taken by a name that is computed: `vars(os)[x]`."""
    is_known = names.folder.text(node.slice) is not None
    return None if is_known else names.resolve(node.value)


def makes_code(node: ast.Call, name: str | None) -> bool:
    """`f.__code__.replace(co_code=...)`, `type(f.__code__)(0, 0, ...)`."""
    if any(one.arg in _CODE_PARTS for one in node.keywords):
        return True
    return name == "builtins.type()" and len(node.args) >= _PARTS_OF_CODE


def takes_computed(names: Names, node: ast.Call) -> bool:
    if len(node.args) < 2 or names.resolve(node.args[0]) not in LOADED:  # noqa: PLR2004
        return False
    return names.folder.text(node.args[1]) is None
