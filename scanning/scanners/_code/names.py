"""Say what a name in a Python source stands for: `s` is os.system after `from os import system`."""

from __future__ import annotations

import ast
import builtins
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache

from scanning.scanners._code.fold import Folder
from scanning.scanners._code.sinks import SINKS, power

_BUILTIN_NAMES = frozenset(dir(builtins))
# Modules that others re-export (`shutil.os.system` is os.system).
_HOMES_WORDS = """
os posix nt subprocess builtins importlib pty socket ctypes runpy marshal pickle
"""
_HOMES = frozenset(_HOMES_WORDS.split())
_SAME_MODULE = {"_os": "os", "posix": "os", "nt": "os", "__builtins__": "builtins"}
_BY_NAME_WORDS = """
builtins.__import__ importlib.import_module importlib.__import__ pydoc.locate
pkgutil.resolve_name werkzeug.utils.import_string
django.utils.module_loading.import_string
sys.modules.get sys.modules.__getitem__
"""
BY_NAME = frozenset(_BY_NAME_WORDS.split())
_PICKERS = frozenset({"operator.attrgetter()", "operator.methodcaller()"})
_GIVEN = {"__builtins__": "builtins", "get_ipython": "IPython.get_ipython"}  # without an import
_TABLES = frozenset({"sys.modules", "builtins.vars()", "builtins.globals()", "builtins.locals()"})
_SCOPES = frozenset({"__globals__", "f_globals", "f_locals", "f_builtins", "func_globals"})
_ITEM_METHODS = frozenset({"get", "pop", "setdefault", "__getitem__"})
_MAX_DEPTH = 60
_MAX_TEXT = 1000
_ANYTHING = ast.Constant(None)


@dataclass(slots=True)
class Names:
    """Imports, aliases and constants of one source, without regard to the order of statements."""

    aliases: dict[str, str] = field(default_factory=dict)
    defined: set[str] = field(default_factory=set)
    stars: list[str] = field(default_factory=list)
    bound: dict[str, list[ast.expr]] = field(default_factory=dict)
    doubtful: dict[str, str] = field(default_factory=dict)  # two dangers by one name
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
        binding: Counter[str] = Counter()
        for node in nodes:
            names.take_import(node)
            assigned += _assignments(node)
            binding.update(_binds(node))
        names.take_constants(assigned, binding)
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
        if node.attr == "__self__" and of and (of in SINKS or of.startswith("builtins.")):
            return of.rpartition(".")[0] if of[-1] != ")" else None  # `print.__self__`
        return f"{of}.{node.attr}" if of else None

    def _item(self, node: ast.Subscript) -> str | None:
        return self._taken(node.value, node.slice)

    def _taken(self, table: ast.expr, index: ast.expr) -> str | None:
        """`sys.modules["os"]`, `globals()["os"]`, `f.__globals__["os"]`, `vars(os)["system"]`."""
        of = self.resolve(table)
        is_scope = isinstance(table, ast.Attribute) and table.attr in _SCOPES
        if of is None and not is_scope:
            return None
        key = self.folder.text(index)
        if is_scope or of in _TABLES:
            return (self._name(key) or key) if key else f"{of or 'builtins.globals()'}[]"
        return f"{of}.{key}" if key else None

    def _called(self, node: ast.Call) -> str | None:
        of = self.resolve(node.func)
        if of == "builtins.getattr" and len(node.args) > 1:
            return self._got(node)
        if isinstance(node.func, ast.Attribute) and node.args:
            if node.func.attr in _ITEM_METHODS and self.is_table(node.func.value):
                return self._taken(node.func.value, node.args[0])
            if node.func.attr == "load_module":
                of = "importlib.import_module"
        return self._made(of, node) if of else None

    def _made(self, of: str, node: ast.Call) -> str | None:
        first = node.args[0] if node.args else _keyword(node, "name")
        if first is None:
            return f"{of}()"
        if of in {"builtins.vars", "importlib.reload"}:
            return self.resolve(first)
        if of in _PICKERS:
            return self._picked(node)
        text = self.folder.text(first) if of in {*BY_NAME, "builtins.eval"} else None
        if text and of == "builtins.eval":
            return self._evaluated(text)
        has_fromlist = len(node.args) > 3  # noqa: PLR2004
        return _named_by(of, text, has_fromlist=has_fromlist) if text else f"{of}()"

    def _evaluated(self, text: str) -> str | None:
        """`eval("os")`."""
        try:
            return self.resolve(ast.parse(text[:_MAX_TEXT], mode="eval").body)
        except (SyntaxError, ValueError):
            return "builtins.eval()"

    def is_table(self, node: ast.expr) -> bool:
        """`vars(os)`, `os.__dict__`, `f.__globals__`, `sys.modules`."""
        if isinstance(node, ast.Attribute) and node.attr in {*_SCOPES, "__dict__"}:
            return True
        is_vars = isinstance(node, ast.Call) and self.resolve(node.func) == "builtins.vars"
        return is_vars or self.resolve(node) in _TABLES

    def _picked(self, node: ast.Call) -> str | None:
        """`operator.attrgetter("system")(os)`."""
        of, inner = self.resolve(node.args[0]), node.func
        text = self.folder.text(inner.args[0]) if isinstance(inner, ast.Call) and inner.args else ""
        return f"{of}.{text}" if of and text else None

    def _got(self, node: ast.Call) -> str | None:
        of, name = self.resolve(node.args[0]), self.folder.text(node.args[1])
        return f"{of}.{name}" if of and name else "builtins.getattr()"

    def take_import(self, node: ast.AST) -> None:
        if isinstance(node, ast.Import):
            for one in node.names:
                top = one.name.partition(".")[0]
                self._take(one.asname or top, one.name if one.asname else top)
        elif isinstance(node, ast.ImportFrom):
            home = "." * bool(node.level) + (node.module or "")
            for one in node.names:
                if one.name == "*":
                    self.stars.append(home)
                else:
                    self._take(one.asname or one.name, f"{home}.{one.name}")

    def _take(self, target: str, name: str) -> None:
        """Of two things by one name the more dangerous one counts, whichever comes first."""
        name, old = canonical(name), self.aliases.get(target)
        if old is None or power(name) >= power(old):
            self.aliases[target] = name
        if old not in {None, name} and power(name) == power(old or "") > 1:
            self.doubtful[target] = name

    def take_constants(
        self, assigned: Iterable[tuple[str, ast.expr]], binding: Mapping[str, int]
    ) -> None:
        for target, value in assigned:
            self.bound.setdefault(target, []).append(value)
        self.folder.constants = {
            target: values[0]
            for target, values in self.bound.items()
            if len(values) == 1 and binding[target] == 1
        }

    def take_alias(self, target: str, value: ast.expr) -> None:
        if isinstance(value, ast.Constant):
            return
        found = self.resolve(value)
        if found is None or found == f"builtins.{target}":
            return
        if target not in self.aliases or power(found) > power(self.aliases[target]):
            self.aliases[target] = found


_DEFINITIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)


def _named_by(of: str, text: str, *, has_fromlist: bool) -> str:
    """The module or function that a function gives for its name."""
    if of == "builtins.__import__" and not has_fromlist:
        return text.partition(".")[0]
    return text.replace(":", ".")


@lru_cache(maxsize=8192)
def canonical(name: str) -> str:
    """Give the name by its home: `shutil.os.system` and `posix.system` are `os.system`."""
    parts = [_SAME_MODULE.get(part, part) for part in name.split(".")]
    for index in range(len(parts) - 2, 0, -1):
        if parts[index] in _HOMES:
            return ".".join(parts[index:])
    return ".".join(parts)


def _keyword(node: ast.Call, name: str) -> ast.expr | None:
    return next((one.value for one in node.keywords if one.arg == name), None)


def _binds(node: ast.AST) -> list[str]:
    """Every name that a node binds, whatever way."""
    if isinstance(node, ast.Name):
        return [] if isinstance(node.ctx, ast.Load) else [node.id]
    if isinstance(node, ast.alias):
        return [node.asname or node.name.partition(".")[0]]
    found = getattr(node, _BINDING.get(type(node), ""), None)
    return [found] if found else []


_BINDING: Mapping[type[ast.AST], str] = {
    ast.arg: "arg",
    ast.FunctionDef: "name",
    ast.AsyncFunctionDef: "name",
    ast.ClassDef: "name",
    ast.ExceptHandler: "name",
    ast.MatchAs: "name",
    ast.MatchStar: "name",
    ast.MatchMapping: "rest",
}


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
