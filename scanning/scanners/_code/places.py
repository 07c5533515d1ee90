"""Say when a piece of Python runs: on import, when the model is used, or only as a script."""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator
from enum import IntEnum

_NAMED = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


class Place(IntEnum):
    """The larger runs for fewer readers."""

    IMPORT = 0
    USE = 1
    SCRIPT = 2


def placed_statements(tree: ast.Module) -> Iterator[tuple[ast.stmt, Place]]:
    """Every top-level statement with its place."""
    guarded = [one for one in tree.body if _is_guard(one)]
    named: dict[str, ast.stmt] = {one.name: one for one in tree.body if isinstance(one, _NAMED)}
    loose = [one for one in tree.body if not _is_guard(one) and not isinstance(one, _NAMED)]
    on_import = _reached(named, _called(loose, named))
    on_use = _reached(named, _used(named, loose, guarded=bool(guarded)))
    for one in tree.body:
        name = one.name if isinstance(one, _NAMED) else ""
        yield one, _place(one, name, on_import, on_use)


def _place(one: ast.stmt, name: str, on_import: set[str], on_use: set[str]) -> Place:
    if _is_guard(one):
        return Place.SCRIPT
    if not name or name in on_import:
        return Place.IMPORT
    return Place.USE if name in on_use or isinstance(one, ast.ClassDef) else Place.SCRIPT


def _is_guard(one: ast.stmt) -> bool:
    """`if __name__ == "__main__":` with nothing to run otherwise."""
    if not isinstance(one, ast.If) or one.orelse or not isinstance(one.test, ast.Compare):
        return False
    test = one.test
    sides = [test.left, *test.comparators]
    return (
        [type(op) for op in test.ops] == [ast.Eq]
        and any(isinstance(side, ast.Name) and side.id == "__name__" for side in sides)
        and any(isinstance(side, ast.Constant) and side.value == "__main__" for side in sides)
    )


def _used(named: dict[str, ast.stmt], loose: Iterable[ast.stmt], *, guarded: bool) -> set[str]:
    """Without a guard, whatever is defined is there to be used by others."""
    if not guarded:
        return set(named)
    classes = {name for name, one in named.items() if isinstance(one, ast.ClassDef)}
    return classes | _called(loose, named)


def _called(statements: Iterable[ast.stmt], named: dict[str, ast.stmt]) -> set[str]:
    found = (node for one in statements for node in ast.walk(one))
    names = {node.id for node in found if isinstance(node, ast.Name)} & named.keys()
    headers = (_header(one) for one in named.values())
    inner = (node for nodes in headers for one in nodes for node in ast.walk(one))
    return names | ({node.id for node in inner if isinstance(node, ast.Name)} & named.keys())


def _header(one: ast.stmt) -> list[ast.expr]:
    """What runs when the definition is read: decorators."""
    return list(getattr(one, "decorator_list", []))


def _reached(named: dict[str, ast.stmt], start: set[str]) -> set[str]:
    reached, pending = set(start), list(start)
    while pending:
        for node in ast.walk(named[pending.pop()]):
            if isinstance(node, ast.Name) and node.id in named and node.id not in reached:
                reached.add(node.id)
                pending.append(node.id)
    return reached
