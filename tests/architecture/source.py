"""The project's own files, for the tests that read them as text."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from functools import cache
from importlib import import_module
from pathlib import Path

APPS = (
    "core",
    "registry",
    "downloads",
    "licenses",
    "scanning",
    "leaderboards",
    "serving",
    "catalog",
    "experiments",
    "hub",
    "config",
)
FILES = [p for app in APPS for p in sorted(Path(app).rglob("*.py")) if "migrations" not in p.parts]
TESTS = [p for folder in ("tests", "bench") for p in sorted(Path(folder).rglob("*.py"))]
TEMPLATES = sorted(Path("templates").rglob("*.html"))


@cache
def tree(path: Path) -> ast.Module:
    return ast.parse(path.read_text(), filename=str(path))


def calls(name: str) -> Iterator[tuple[Path, ast.Call]]:
    """Every call of a function or method of this name, anywhere in the apps."""
    for path in FILES:
        for node in ast.walk(tree(path)):
            if isinstance(node, ast.Call) and called(node) == name:
                yield path, node


def called(node: ast.Call) -> str:
    if isinstance(node.func, ast.Attribute):
        return node.func.attr
    return node.func.id if isinstance(node.func, ast.Name) else ""


def module_of(path: Path) -> str:
    return ".".join(path.with_suffix("").parts).removesuffix(".__init__")


def import_all() -> None:
    """Import every module of every app, so that no class hides in one nobody has needed yet."""
    for path in FILES:
        if path.name != "__main__.py" and "commands" not in path.parts:
            import_module(module_of(path))
