"""Walk a Python source piece by piece: each node with when it runs, and what it is a part of."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass

from scanning.scanners._code.places import Place, placed_statements

_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)


@dataclass(frozen=True, slots=True)
class Piece:
    """A node with when it runs, and what is asked of it."""

    node: ast.AST
    place: Place
    up: Piece | None = None
    field: str = ""  # of its parent
    typing: bool = False  # an annotation, a base class of an exception, an except clause

    @property
    def is_called(self) -> bool:
        return self.up is not None and isinstance(self.up.node, ast.Call) and self.field == "func"

    @property
    def is_part(self) -> bool:
        """A part of a longer name: `os` of `os.path`."""
        return (
            self.up is not None
            and isinstance(self.up.node, ast.Attribute | ast.Subscript)
            and self.field == "value"
        )


def pieces(tree: ast.Module, *, by_hand: bool) -> Iterator[Piece]:
    """Every piece of a source; `by_hand`: nothing of it runs unless a person starts it."""
    pending: list[Piece] = []
    for statement, place in placed_statements(tree):
        pending.append(Piece(statement, Place.SCRIPT if by_hand else place))
        while pending:
            piece = pending.pop()
            yield piece
            pending += _children(piece)


def _children(piece: Piece) -> Iterator[Piece]:
    node = piece.node
    if isinstance(node, ast.ClassDef):
        yield from _parts_of_class(node, piece)
        return
    if isinstance(node, _FUNCTIONS):
        yield from _parts_of_function(node, piece)
        return
    for name, value in ast.iter_fields(node):
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, ast.AST):
                typing = isinstance(node, ast.ExceptHandler) and name == "type"
                typing |= isinstance(node, ast.AnnAssign) and name == "annotation"
                typing |= piece.typing and not isinstance(node, ast.Call)
                yield Piece(one, piece.place, piece, name, typing)


def _parts_of_class(node: ast.ClassDef, piece: Piece) -> Iterator[Piece]:
    """A class's body runs when it is read, its methods when it is used."""
    reading = Place.SCRIPT if piece.place is Place.SCRIPT else Place.IMPORT
    for one in (*node.decorator_list, *node.bases, *(word.value for word in node.keywords)):
        yield Piece(one, reading, piece, "header")
    for statement in node.body:
        is_later = isinstance(statement, _FUNCTIONS)
        yield Piece(statement, piece.place if is_later else reading, piece, "body")


def _parts_of_function(
    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda, piece: Piece
) -> Iterator[Piece]:
    arguments, place = node.args, piece.place
    defaults = [*arguments.defaults, *(one for one in arguments.kw_defaults if one is not None)]
    for one in (*getattr(node, "decorator_list", []), *defaults):
        yield Piece(one, place, piece, "header")
    every = [*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs]
    every += [one for one in (arguments.vararg, arguments.kwarg) if one is not None]
    annotations = [one.annotation for one in every if one.annotation is not None]
    if returns := getattr(node, "returns", None):
        annotations.append(returns)
    yield from (Piece(one, place, piece, "annotation", typing=True) for one in annotations)
    body = node.body if isinstance(node.body, list) else [node.body]
    yield from (Piece(one, place, piece, "body") for one in body)
