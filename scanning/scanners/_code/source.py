"""Look through one Python source: every call, every dangerous name, every trick of hiding."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass

from scanning.scanners._code.judge import Judge, Judgement
from scanning.scanners._code.names import Names
from scanning.scanners._code.places import Place, placed_statements
from scanning.scanners._code.planted import held_templates, imported_names, planted
from scanning.scanners._code.sinks import HANDED_ON, Kind, sink
from scanning.scanners.base import Finding, Severity

MAX_SOURCE = 2 << 20
MAX_WORDS = 250_000
_WORD = re.compile(r"\w+|[^\w\s]")
_MAX_NESTED = 4  # exec("exec('...')")
_HIDDEN_SUBCLASSES = frozenset({"__class__", "__mro__", "__base__", "__bases__"})
_TAKEN_BUILTINS = frozenset({"__builtins__", "builtins", "__import__"})
_PLANTED = re.compile(
    r"\.ssh/(id_|authorized_keys)|/etc/(passwd|shadow|sudoers|cron|ld\.so\.preload)|\.aws/credentials"
    r"|\.bashrc|\.bash_profile|\.zshrc|\.profile\b|\.git/hooks|/\.netrc|\.kube/config|\.docker/config"
    r"|sitecustomize\.py|usercustomize\.py|\.pypirc|/proc/self/mem|/proc/\d+/|Login Data\b"
    r"|huggingface/token|CurrentVersion\\\\?Run|Start Menu.{1,40}Startup",
    re.IGNORECASE,
)
_VARIABLES_WORDS = """
LD_PRELOAD LD_LIBRARY_PATH LD_AUDIT PYTHONPATH PYTHONSTARTUP PYTHONHOME
DYLD_INSERT_LIBRARIES BASH_ENV PROMPT_COMMAND GIT_SSH_COMMAND
"""
_VARIABLES = frozenset(_VARIABLES_WORDS.split())
_SETTERS = frozenset({"os.putenv", "os.environ.setdefault"})
_EXPRESSIONS = frozenset({"query", "eval"})  # of a table of pandas
_TAKEN_IN_TEXT = re.compile(r"__(?:import|builtins|class|globals|subclasses)__|@pd\.|@os\b")
_REPLACED = frozenset({"torch.load", "torch.serialization.load", "sys.meta_path"})
_OPENERS = frozenset({"builtins.open", "io.open", "os.open", "pathlib.Path", "os.path.expanduser"})
_FUNCTIONS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.Lambda)
_BIDI = re.compile("[\u202a-\u202e\u2066-\u2069]")


class TooMuchError(ValueError):
    """The source makes more work than is done for one; it is not known to its end."""


@dataclass(frozen=True, slots=True)
class Piece:
    """A node with when it runs, and what is asked of it."""

    node: ast.AST
    place: Place
    called: bool = False  # its parent calls it
    typing: bool = False  # an annotation, a base class of an exception, an except clause


def findings_of(
    source: str | bytes,
    location: str = "",
    depth: int = 0,
    outer: Names | None = None,
    *,
    by_hand: bool = False,
) -> Iterator[Finding]:
    """Findings of a source; SyntaxError or ValueError when it is no Python of ours.

    `by_hand`: nothing of it runs unless a person starts it, as in a notebook.
    """
    _check_size(source)
    tree = ast.parse(source)
    nodes = list(ast.walk(tree))
    names = Names.of(tree, nodes, outer)
    imported = imported_names(nodes, names)
    judge = Judge(names)
    _mark(judge, nodes)
    for piece in _pieces(tree, by_hand=by_hand):
        found = [*_judged(piece, judge)]
        if isinstance(piece.node, ast.Call):
            found += [Judgement(*one) for one in planted(piece.node, names, imported, piece.place)]
        for one in found:
            line = getattr(piece.node, "lineno", 0)
            evidence = f"line {line}: {ast.unparse(piece.node)[:160]}" if line else ""
            yield Finding(str(one.kind), one.severity, one.message, evidence, location)
        yield from held_templates(piece.node, names, location)
        if isinstance(piece.node, ast.Call):
            yield from _nested(piece, names, location, depth)
    if names.folder.is_spent:
        raise TooMuchError("more expressions than are worked out")


def _check_size(source: str | bytes) -> None:
    """A tree takes about a kilobyte for each word, whatever the length of the source."""
    text = source.decode("latin-1") if isinstance(source, bytes) else source
    if sum(1 for _ in _WORD.finditer(text)) > MAX_WORDS:
        raise TooMuchError("more code than is followed")


def hidden_direction(text: str) -> Finding | None:
    """Characters that make a reader see other code than runs (CVE-2021-42574)."""
    if match := _BIDI.search(text):
        message = "has characters that reverse what a reader sees"
        return Finding("python_hidden_text", Severity.MEDIUM, message, f"character {match.start()}")
    return None


def _mark(judge: Judge, nodes: list[ast.AST]) -> None:
    """Note the names that hold fetched or decoded bytes; twice, for names made of such names."""
    assigned = [node for node in nodes if isinstance(node, ast.Assign | ast.withitem)]
    for _ in range(2):
        for node in assigned:
            value = node.value if isinstance(node, ast.Assign) else node.context_expr
            targets = node.targets if isinstance(node, ast.Assign) else [node.optional_vars]
            fetched, decoded = judge.holds(value)
            for target in targets:
                if isinstance(target, ast.Name):
                    judge.fetched |= {target.id} if fetched else set()
                    judge.decoded |= {target.id} if decoded else set()


def _pieces(tree: ast.Module, *, by_hand: bool) -> Iterator[Piece]:
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
        yield from _parts_of_class(node, piece.place)
        return
    if isinstance(node, _FUNCTIONS):
        yield from _parts_of_function(node, piece.place)
        return
    for name, value in ast.iter_fields(node):
        for one in value if isinstance(value, list) else [value]:
            if isinstance(one, ast.AST):
                called = isinstance(node, ast.Call) and name == "func"
                typing = isinstance(node, ast.ExceptHandler) and name == "type"
                typing |= isinstance(node, ast.AnnAssign) and name == "annotation"
                typing |= isinstance(node, ast.Attribute | ast.Subscript) and name == "value"
                typing |= piece.typing and not isinstance(node, ast.Call)
                yield Piece(one, piece.place, called, typing)


def _parts_of_class(node: ast.ClassDef, place: Place) -> Iterator[Piece]:
    """A class's body runs when it is read, its methods when it is used."""
    reading = Place.SCRIPT if place is Place.SCRIPT else Place.IMPORT
    for one in (*node.decorator_list, *node.bases, *(word.value for word in node.keywords)):
        yield Piece(one, reading)
    for statement in node.body:
        yield Piece(statement, place if isinstance(statement, _FUNCTIONS) else reading)


def _parts_of_function(
    node: ast.FunctionDef | ast.AsyncFunctionDef | ast.Lambda, place: Place
) -> Iterator[Piece]:
    arguments = node.args
    defaults = [*arguments.defaults, *(one for one in arguments.kw_defaults if one is not None)]
    for one in (*getattr(node, "decorator_list", []), *defaults):
        yield Piece(one, place)
    every = (*arguments.posonlyargs, *arguments.args, *arguments.kwonlyargs)
    annotations = [one.annotation for one in every if one.annotation is not None]
    if returns := getattr(node, "returns", None):
        annotations.append(returns)
    yield from (Piece(one, place, typing=True) for one in annotations)
    body = node.body if isinstance(node.body, list) else [node.body]
    yield from (Piece(one, place) for one in body)


def _judged(piece: Piece, judge: Judge) -> Iterator[Judgement]:
    node = piece.node
    if isinstance(node, ast.Call):
        yield from judge.call(node, piece.place)
        yield from _sensitive(node, judge, piece.place)
    elif isinstance(node, ast.Name | ast.Attribute | ast.Subscript):
        yield from _named(node, piece, judge)
    elif isinstance(node, ast.Assign | ast.AugAssign):
        yield from _planted(node, judge)


def _named(
    node: ast.Name | ast.Attribute | ast.Subscript, piece: Piece, judge: Judge
) -> Iterator[Judgement]:
    if isinstance(node, ast.Attribute) and node.attr == "__subclasses__":
        chain = {one.attr for one in ast.walk(node) if isinstance(one, ast.Attribute)}
        if chain & _HIDDEN_SUBCLASSES:
            yield Judgement("python_internals", Severity.HIGH, "climbs to all classes")
    if isinstance(node, ast.Subscript) and _takes_builtins(node, judge):
        yield Judgement("python_internals", Severity.HIGH, "takes the builtins of a function")
    if piece.called or piece.typing or not isinstance(node.ctx, ast.Load):
        return
    name = judge.names.resolve(node)
    hit = sink(name) if name else None
    if hit and hit[0] == name and hit[1] in HANDED_ON and hit[0] != "builtins.compile":
        handed = judge.handed(name or "", hit[1], piece.place)
        if handed is not None and isinstance(node, ast.Name | ast.Attribute | ast.Subscript):
            yield handed


def _takes_builtins(node: ast.Subscript, judge: Judge) -> bool:
    """`f.__globals__["__builtins__"]` and the like."""
    of = node.value
    if not (
        isinstance(of, ast.Attribute)
        and of.attr in {"__globals__", "__dict__", "f_globals", "f_builtins"}
    ):
        return False
    if of.attr == "f_builtins":
        return True
    return judge.names.folder.text(node.slice) in _TAKEN_BUILTINS


def _sensitive(node: ast.Call, judge: Judge, place: Place) -> Iterator[Judgement]:
    """Keys, shell profiles and hooks of the reader's own."""
    name = judge.names.resolve(node.func)
    first = judge.names.folder.text(node.args[0]) if node.args else None
    if name in _SETTERS and first in _VARIABLES:
        yield Judgement("python_patches", Severity.MEDIUM, f"sets the variable {first}")
    is_evaluated = isinstance(node.func, ast.Attribute) and node.func.attr in _EXPRESSIONS
    if is_evaluated and _TAKEN_IN_TEXT.search(first or ""):
        message = "evaluates a text that reaches for Python's internals"
        yield Judgement("python_code_execution", Severity.HIGH, message)
    if name not in _OPENERS:
        return
    for one in node.args:
        texts = [x.value for x in ast.walk(one) if isinstance(x, ast.Constant)]
        folded = judge.names.folder.text(one)
        if any(isinstance(text, str) and _PLANTED.search(text) for text in [*texts, folded]):
            severity = Severity.MEDIUM if place is Place.SCRIPT else Severity.HIGH
            yield Judgement("python_sensitive_path", severity, "opens a reader's own secrets")


def _planted(node: ast.Assign | ast.AugAssign, judge: Judge) -> Iterator[Judgement]:
    """Variables and functions that change what other programs run."""
    targets = node.targets if isinstance(node, ast.Assign) else [node.target]
    for target in targets:
        name = judge.names.resolve(target) if not isinstance(target, ast.Name) else None
        of, _, last = (name or "").rpartition(".")
        if of == "os.environ" and last in _VARIABLES:
            yield Judgement("python_patches", Severity.MEDIUM, f"sets the variable {last}")
        elif of == "builtins" or name in _REPLACED:
            yield Judgement("python_patches", Severity.MEDIUM, f"replaces {name}")


def _nested(piece: Piece, names: Names, location: str, depth: int) -> Iterator[Finding]:
    """Constant text that is run as code is code."""
    node = piece.node
    hit = sink(names.resolve(node.func) or "") if isinstance(node, ast.Call) else None
    if hit is None or hit[1] is not Kind.CODE or depth >= _MAX_NESTED:
        return
    assert isinstance(node, ast.Call)  # noqa: S101 by `hit`
    for one in node.args[:1]:
        text = names.folder.text(one)
        if not text:
            continue
        try:
            inside = f"{location}!exec" if location else "exec"
            yield from findings_of(text, inside, depth + 1, names)
        except TooMuchError:
            raise
        except (SyntaxError, ValueError):
            message = "runs text that cannot be read as Python"
            yield Finding("python_code_execution", Severity.MEDIUM, message, text[:120], location)
