"""Modules that can run anything, used as values: from there on no name tells what they are.

Following values through containers, arguments and attributes always ends somewhere. So what counts
is that such a module is handed on at all, and what unknown objects of the source are asked to do.
"""

from __future__ import annotations

import ast
from dataclasses import dataclass

from scanning.scanners._code.asked import Asked, lessened
from scanning.scanners._code.names import Names, canonical
from scanning.scanners._code.pieces import Piece
from scanning.scanners._code.places import Place
from scanning.scanners._code.sinks import HANDED_ON, POWERS, SINKS, Kind
from scanning.scanners.base import Severity

_SERIOUS = frozenset({*HANDED_ON, Kind.IMPORT, Kind.NATIVE, Kind.DESCRIPTOR, Kind.ESCAPE})
_MORE = {"builtins": {"getattr", "__import__", "open"}, "sys": {"modules", "_getframe"}}
# Whoever is given a module by these only asks about it.
_ASKING_WORDS = """
getattr hasattr isinstance issubclass type id repr str print dir vars bool callable
"""
_ASKING = frozenset(f"builtins.{one}" for one in _ASKING_WORDS.split()) | {"importlib.reload"}
_PLAIN_DUNDERS_WORDS = "__name__ __file__ __version__ __doc__ __path__ __package__ __dict__"
_PLAIN_DUNDERS = frozenset(_PLAIN_DUNDERS_WORDS.split())
_TABLE_METHODS = frozenset({"get", "values", "items", "pop", "popitem", "copy", "setdefault"})
_VALUES = (ast.Name, ast.Attribute, ast.Subscript, ast.Call, ast.NamedExpr)
_IDLE = (ast.Expr, ast.Delete, ast.If, ast.While, ast.Assert, ast.FormattedValue, ast.Compare)


def _tails() -> dict[str, set[str]]:
    """What each module is asked for by who means harm."""
    tails: dict[str, set[str]] = {one: set(_MORE.get(one, ())) for one in POWERS}
    for name in (one for one, kind in SINKS.items() if kind in _SERIOUS):
        for module, known in tails.items():
            if name.startswith(f"{module}."):
                known.add(name.removeprefix(f"{module}.").partition(".")[0])
    return tails


_TAILS = _tails()


@dataclass(frozen=True, slots=True)
class Powers:
    """What of one source is handed on."""

    names: Names
    asked: Asked

    def handed(self, piece: Piece) -> tuple[str, Severity] | None:
        """What a piece hands on, and how bad that is."""
        node = piece.node
        if isinstance(node, ast.alias):
            return self._doubted(node, piece.place)
        if not isinstance(node, _VALUES) or _is_plain(piece):
            return None
        name = self.names.resolve(node)
        if name == "builtins.getattr":
            return self._getter(piece, name)
        if name not in POWERS or not self._is_handed(piece, name):
            return None
        severity = Severity.HIGH if self.asked.is_asked(_TAILS[name]) else Severity.MEDIUM
        return name, lessened(severity, piece.place)

    def _doubted(self, node: ast.alias, place: Place) -> tuple[str, Severity] | None:
        """One name for two of them."""
        name = self.names.doubtful.get(node.asname or node.name.partition(".")[0])
        if name is None:
            return None
        return name, lessened(Severity.HIGH if self.asked.is_asked() else Severity.MEDIUM, place)

    def _getter(self, piece: Piece, name: str) -> tuple[str, Severity] | None:
        """`reduce(getattr, ["os", "system"], x)`: common, and harmless without such words."""
        is_led = isinstance(piece.node, ast.Name)
        if is_led and self.asked.spells_module() and self.asked.is_asked():
            return name, lessened(Severity.HIGH, piece.place)
        return None

    def _is_handed(self, piece: Piece, name: str) -> bool:
        parent = piece.up.node if piece.up else None
        if parent is None or isinstance(parent, (*_IDLE, ast.UnaryOp)):
            return False
        if isinstance(parent, ast.Attribute):
            return opens(piece)
        if isinstance(parent, ast.Subscript) and piece.field == "value":
            return self.names.resolve(parent) is None
        if isinstance(parent, ast.Call):
            return self.names.resolve(parent.func) not in _ASKING
        is_test = isinstance(parent, ast.IfExp) and piece.field == "test"
        return not is_test and not self._is_alias(piece, name)

    def _is_alias(self, piece: Piece, name: str) -> bool:
        """`o = os`: a name that is followed, where nobody reaches it as an attribute."""
        parent = piece.up.node if piece.up else None
        outer = piece.up.up.node if piece.up and piece.up.up else None
        if not isinstance(piece.node, ast.expr) or self.names.is_table(piece.node):
            return False
        if isinstance(parent, ast.Assign):
            targets = parent.targets
        elif isinstance(parent, ast.AnnAssign | ast.NamedExpr):
            targets = [parent.target]
        else:
            return False
        return not isinstance(outer, ast.ClassDef) and all(
            isinstance(one, ast.Name) and canonical(self.names.aliases.get(one.id, "")) == name
            for one in targets
        )


def _is_plain(piece: Piece) -> bool:
    """Written to, called, a part of a longer name, or there for who reads types."""
    is_start = piece.is_part and isinstance(piece.node, ast.Name) and not opens(piece)
    return piece.typing or piece.is_called or is_start or not is_read(piece.node)


def is_read(node: ast.AST) -> bool:
    return isinstance(getattr(node, "ctx", None), ast.Load | None)


def opens(piece: Piece) -> bool:
    """`vars(os).values()`, `os.__dict__.get(...)`, `os.system.__get__(...)`."""
    node, parent = piece.node, piece.up.node if piece.up else None
    if not isinstance(parent, ast.Attribute):
        return False
    is_table = isinstance(node, ast.Call) or (
        isinstance(node, ast.Attribute) and node.attr == "__dict__"
    )
    is_dunder = parent.attr.startswith("__") and parent.attr not in _PLAIN_DUNDERS
    return is_dunder or (is_table and parent.attr in _TABLE_METHODS)
