"""Say what a name in a Python source stands for: `s` is os.system after `from os import system`."""

from __future__ import annotations

import ast
import builtins
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field

from scanning.scanners._code.fold import Folder
from scanning.scanners._code.sinks import SINKS

_BUILTIN_NAMES = frozenset(dir(builtins))
# Modules that others re-export (`shutil.os.system` is os.system).
_HOMES_WORDS = """
os posix nt subprocess builtins importlib pty socket ctypes runpy marshal pickle
"""
_HOMES = frozenset(_HOMES_WORDS.split())
_SAME_MODULE = {"_os": "os", "posix": "os", "nt": "os", "__builtins__": "builtins"}
_BY_NAME_WORDS = """
builtins.__import__ importlib.import_module importlib.__import__ pydoc.locate
pkgutil.resolve_name django.utils.module_loading.import_string sys.modules.get
sys.modules.__getitem__
"""
BY_NAME = frozenset(_BY_NAME_WORDS.split())
_PICKERS = frozenset({"operator.attrgetter()", "operator.methodcaller()"})
_GIVEN = {"__builtins__": "builtins", "get_ipython": "IPython.get_ipython"}  # without an import
_TABLES = frozenset({"builtins.vars", "builtins.globals", "builtins.locals"})
_MAX_DEPTH = 60
_ANYTHING = ast.Constant(None)


@dataclass(slots=True)
class Names:
    """Imports, aliases and constants of one source, without regard to the order of statements."""

    aliases: dict[str, str] = field(default_factory=dict)
    defined: set[str] = field(default_factory=set)
    stars: list[str] = field(default_factory=list)
    bound: dict[str, list[ast.expr]] = field(default_factory=dict)
    folder: Folder = field(init=False)
    _depth: int = 0

    def __post_init__(self) -> None:
        self.folder = Folder(self.resolve)

    @classmethod
    def of(cls, tree: ast.Module, nodes: Iterable[ast.AST], outer: Names | None = None) -> Names:
        """Read the names of a source; text that is run as code also has those around it."""
        names = cls(aliases=dict(outer.aliases), stars=list(outer.stars)) if outer else cls()
        names.defined = {one.name for one in tree.body if isinstance(one, _DEFINITIONS)}
        assigned: list[tuple[str, ast.expr]] = []
        for node in nodes:
            names.take_import(node)
            assigned += _assignments(node)
        names.take_constants(assigned)
        for _ in range(2):  # an alias of an alias
            for target, value in assigned:
                names.take_alias(target, value)
        return names

    def resolve(self, node: ast.AST) -> str | None:
        """Give the dotted name that an expression stands for, or None."""
        if self._depth > _MAX_DEPTH:
            return None
        self._depth += 1
        try:
            found = self._resolve(node)
        finally:
            self._depth -= 1
        return canonical(found) if found else None

    def called(self, node: ast.Call) -> str | None:
        """Give the name of what a call runs: `operator.methodcaller("system", x)(os)` too."""
        name = self.resolve(node.func)
        return self._picked(node) if name == "operator.methodcaller()" and node.args else name

    def _resolve(self, node: ast.AST) -> str | None:
        if isinstance(node, ast.Name):
            return self._name(node.id)
        if isinstance(node, ast.Attribute):
            return self._attribute(node)
        if isinstance(node, ast.Subscript):
            return self._item(node)
        if isinstance(node, ast.Call):
            return self._called(node)
        return self.resolve(node.value) if isinstance(node, ast.NamedExpr | ast.Await) else None

    def _name(self, name: str) -> str | None:
        if name in self.aliases:
            return self.aliases[name]
        if name in self.defined:
            return None
        for module in self.stars:
            if canonical(f"{module}.{name}") in SINKS:
                return f"{module}.{name}"
        if name in _GIVEN:
            return _GIVEN[name]
        return f"builtins.{name}" if name in _BUILTIN_NAMES else None

    def _attribute(self, node: ast.Attribute) -> str | None:
        of = self.resolve(node.value)
        if node.attr in {"__dict__", "__call__"} and of:
            return of
        return f"{of}.{node.attr}" if of else None

    def _item(self, node: ast.Subscript) -> str | None:
        of = self.resolve(node.value)
        key = self.folder.text(node.slice) if of else None
        if not of or not key:
            return None
        if of in {"sys.modules", *_TABLES}:
            return self._name(key) or key
        return f"{of}.{key}"

    def _called(self, node: ast.Call) -> str | None:
        of = self.resolve(node.func)
        if of == "builtins.getattr" and len(node.args) > 1:
            return self._got(node)
        if of in {"builtins.vars", "importlib.reload"} and node.args:
            return self.resolve(node.args[0])
        if of in _PICKERS and node.args:
            return self._picked(node)
        text = self.folder.text(node.args[0]) if of in BY_NAME and node.args else None
        if text:
            return _named_by(of or "", text, has_fromlist=len(node.args) > 3)  # noqa: PLR2004
        return f"{of}()" if of else None

    def _picked(self, node: ast.Call) -> str | None:
        """`operator.attrgetter("system")(os)`."""
        of, inner = self.resolve(node.args[0]), node.func
        text = self.folder.text(inner.args[0]) if isinstance(inner, ast.Call) and inner.args else ""
        return f"{of}.{text}" if of and text else None

    def _got(self, node: ast.Call) -> str | None:
        of, name = self.resolve(node.args[0]), self.folder.text(node.args[1])
        return f"{of}.{name}" if of and name else "builtins.getattr"

    def take_import(self, node: ast.AST) -> None:
        if isinstance(node, ast.Import):
            for one in node.names:
                top = one.name.partition(".")[0]
                self.aliases[one.asname or top] = one.name if one.asname else top
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            for one in node.names:
                if one.name == "*":
                    self.stars.append(node.module)
                else:
                    self.aliases[one.asname or one.name] = f"{node.module}.{one.name}"

    def take_constants(self, assigned: Iterable[tuple[str, ast.expr]]) -> None:
        for target, value in assigned:
            self.bound.setdefault(target, []).append(value)
        self.folder.constants = {
            target: values[0] for target, values in self.bound.items() if len(values) == 1
        }

    def take_alias(self, target: str, value: ast.expr) -> None:
        if target in self.aliases or isinstance(value, ast.Constant):
            return
        if (found := self.resolve(value)) and found != f"builtins.{target}":
            self.aliases[target] = found


_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def _named_by(of: str, text: str, *, has_fromlist: bool) -> str:
    """The module or function that a function gives for its name."""
    if of == "builtins.__import__" and not has_fromlist:
        return text.partition(".")[0]
    return text.replace(":", ".")


def canonical(name: str) -> str:
    """Give the name by its home: `shutil.os.system` and `posix.system` are `os.system`."""
    parts = [_SAME_MODULE.get(part, part) for part in name.split(".")]
    for index in range(len(parts) - 2, 0, -1):
        if parts[index] in _HOMES:
            return ".".join(parts[index:])
    return ".".join(parts)


def _assignments(node: ast.AST) -> Iterator[tuple[str, ast.expr]]:
    if isinstance(node, ast.Assign):
        for target in node.targets:
            yield from _pairs(target, node.value)
    elif isinstance(node, ast.AnnAssign | ast.NamedExpr) and node.value is not None:
        yield from _pairs(node.target, node.value)
    elif isinstance(node, ast.AugAssign) and isinstance(node.target, ast.Name):
        yield node.target.id, node.value  # a second binding: no constant any more
    elif isinstance(node, ast.For | ast.comprehension) and isinstance(node.target, ast.Name):
        yield node.target.id, node.iter
        yield node.target.id, node.iter
    elif isinstance(node, ast.arg):
        yield node.arg, _ANYTHING
        yield node.arg, _ANYTHING
    elif isinstance(node, ast.withitem) and isinstance(node.optional_vars, ast.Name):
        yield node.optional_vars.id, node.context_expr


def _pairs(target: ast.expr, value: ast.expr) -> Iterator[tuple[str, ast.expr]]:
    if isinstance(target, ast.Name):
        yield target.id, value
    elif isinstance(target, ast.Tuple) and isinstance(value, ast.Tuple):
        for one, other in zip(target.elts, value.elts, strict=False):
            if isinstance(one, ast.Name):
                yield one.id, other
