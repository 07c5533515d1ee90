"""Look through one Python source: every call, every dangerous name, every trick of hiding."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator

from scanning.scanners._code.asked import Asked
from scanning.scanners._code.belongings import own_files, walks_home
from scanning.scanners._code.environment import sends_environment
from scanning.scanners._code.judge import Judge, Judgement
from scanning.scanners._code.names import Names
from scanning.scanners._code.patches import patches
from scanning.scanners._code.pieces import Piece, pieces
from scanning.scanners._code.places import Place
from scanning.scanners._code.planted import held_templates, imported_names, planted
from scanning.scanners._code.powers import Powers, is_read, opens
from scanning.scanners._code.secrets_sent import secret_holders
from scanning.scanners._code.sinks import HANDED_ON, Kind, sink
from scanning.scanners.base import UNSAFE_SEVERITIES, Finding, Severity

MAX_SOURCE = 2 << 20
MAX_WORDS = 250_000
_WORD = re.compile(r"\w+|[^\w\s]")
_MAX_NESTED = 4  # exec("exec('...')")
_TAKEN_BUILTINS = frozenset({"__builtins__", "builtins", "__import__"})
_EXPRESSIONS = frozenset({"query", "eval"})  # of a table of pandas
_TAKEN_IN_TEXT = re.compile(r"__(?:import|builtins|class|globals|subclasses)__|@pd\.|@os\b")
_MAX_HELD = 4096
_SOURCES = frozenset({"stmt", "setup", "source", "code"})
_CALLS = re.compile(r"\b(?:__import__|exec|eval|system|popen|Popen|run|call|check_output)\s*\(")
_CLIMBING = "__subclasses__"
_ADDERS = frozenset({"update", "append", "extend"})
_OVERWRITING = frozenset({"unlink", "rmdir", "write_bytes", "write_text", "rename", "replace"})
_TARGETS = (ast.Name, ast.Tuple, ast.List)
_BIDI = re.compile("[\u202a-\u202e\u2066-\u2069]")


class TooMuchError(ValueError):
    """The source makes more work than is done for one; it is not known to its end."""


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
    asked = Asked(names, nodes)
    judge = Judge(names, Powers(names, asked), asked)
    _mark(judge, nodes)
    for piece in pieces(tree, by_hand=by_hand):
        found = [*_judged(piece, judge)]
        found += [Judgement(*one) for one in planted(piece.node, names, imported, piece.place)]
        for one in found:
            line = getattr(piece.node, "lineno", 0)
            evidence = f"line {line}: {ast.unparse(piece.node)[:160]}" if line else ""
            yield Finding(str(one.kind), one.severity, one.message, evidence, location)
        yield from held_templates(piece.node, names, location)
        yield from _nested(piece, names, location, depth)
        yield from _held_code(piece, judge, location, depth)
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
    held = [one for node in nodes for one in _holding(node)]
    for turn in range(2):
        if turn and not (judge.fetched or judge.decoded or judge.environment):
            break  # the second time only finds what is made of the first
        for target, value in held:
            fetched, decoded = judge.holds(value)
            whole = judge.reaches_environment and sends_environment(
                value, judge.names, judge.environment
            )
            for one in ast.walk(target):
                if isinstance(one, ast.Name):
                    judge.fetched |= {one.id} if fetched else set()
                    judge.decoded |= {one.id} if decoded else set()
                    judge.environment |= {one.id} if whole else set()
    if judge.handles_secrets:
        for _ in range(2):
            secret_holders(iter(held), judge.secrets)


def _holding(node: ast.AST) -> Iterator[tuple[ast.expr, ast.expr]]:
    if isinstance(node, ast.Assign):
        yield from ((one, node.value) for one in node.targets if isinstance(one, _TARGETS))
    elif isinstance(node, ast.AugAssign | ast.NamedExpr):
        yield node.target, node.value
    elif isinstance(node, ast.For | ast.comprehension):
        yield node.target, node.iter
    elif isinstance(node, ast.withitem) and node.optional_vars is not None:
        yield node.optional_vars, node.context_expr
    elif isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute):
        if node.func.attr in _ADDERS and isinstance(node.func.value, ast.Name):
            yield from ((node.func.value, one) for one in node.args)
    elif isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
        returned = (one for one in ast.walk(node) if isinstance(one, ast.Return))
        yield from ((ast.Name(node.name), one.value) for one in returned if one.value)


def _judged(piece: Piece, judge: Judge) -> Iterator[Judgement]:
    node = piece.node
    if (found := judge.powers.handed(piece)) is not None:
        yield Judgement("python_handed_on", found[1], f"hands on {found[0]}")
    if (found := judge.asked.named(piece)) is not None:
        yield Judgement("python_handed_on", found[1], f"names {found[0]} for others to call")
    for severity, message in own_files(piece, judge.names):
        yield Judgement("python_sensitive_path", severity, message)
    for severity, message in patches(node, judge.names, judge.asked.nodes):
        yield Judgement("python_patches", severity, message)
    if isinstance(node, ast.Call):
        yield from judge.call(node, piece.place)
        yield from _evaluated(node, judge)
    if isinstance(node, ast.Name | ast.Attribute | ast.Subscript | ast.Call):
        yield from _named(node, piece, judge)
    elif isinstance(node, ast.For) and walks_home(node, judge.names) and _deletes(node, judge):
        yield Judgement(Kind.DELETE, Severity.HIGH, "deletes what it finds in a home folder")


def _named(
    node: ast.Name | ast.Attribute | ast.Subscript | ast.Call, piece: Piece, judge: Judge
) -> Iterator[Judgement]:
    if isinstance(node, ast.Attribute) and node.attr == _CLIMBING and judge.asked.climbs(node):
        yield Judgement("python_internals", Severity.HIGH, "climbs to all classes")
    if isinstance(node, ast.Subscript) and _takes_builtins(node, judge):
        yield Judgement("python_internals", Severity.HIGH, "takes the builtins of a function")
    if piece.is_called or piece.typing or (piece.is_part and not opens(piece)):
        return
    if not is_read(node):
        return
    name = judge.names.resolve(node)
    hit = sink(name) if name else None
    if hit is None or hit[0] != name or hit[1] not in HANDED_ON or name == "builtins.compile":
        return
    if (handed := judge.handed(hit[0], hit[1], piece.place)) is not None:
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


def _evaluated(node: ast.Call, judge: Judge) -> Iterator[Judgement]:
    """Text that a table evaluates."""
    first = judge.names.folder.text(node.args[0]) if node.args else None
    is_evaluated = isinstance(node.func, ast.Attribute) and node.func.attr in _EXPRESSIONS
    if is_evaluated and _TAKEN_IN_TEXT.search(first or ""):
        message = "evaluates a text that reaches for Python's internals"
        yield Judgement("python_code_execution", Severity.HIGH, message)


def _deletes(node: ast.For, judge: Judge) -> bool:
    """Whether a loop deletes or overwrites."""
    for one in ast.walk(node):
        if not isinstance(one, ast.Call):
            continue
        hit = sink(judge.names.resolve(one.func) or "")
        last = one.func.attr if isinstance(one.func, ast.Attribute) else ""
        if (hit and hit[1] is Kind.DELETE) or last in _OVERWRITING:
            return True
    return False


def _nested(piece: Piece, names: Names, location: str, depth: int) -> Iterator[Finding]:
    """Constant text that is run as code is code, and so is an annotation in quotes."""
    if depth >= _MAX_NESTED:
        return
    inside = f"{location}!exec" if location else "exec"
    for text in _run_texts(piece, names):
        try:
            yield from findings_of(text, inside, depth + 1, names)
        except TooMuchError:
            raise
        except (SyntaxError, ValueError):
            if not piece.typing:
                message = "runs text that cannot be read as Python"
                yield Finding(
                    "python_code_execution", Severity.MEDIUM, message, text[:120], location
                )


def _held_code(piece: Piece, judge: Judge, location: str, depth: int) -> Iterator[Finding]:
    """Text that attacks once somebody runs it, such as annotations that are made of text."""
    node, up = piece.node, piece.up.node if piece.up else None
    if not (isinstance(node, ast.Constant) and isinstance(node.value, str)) or piece.typing:
        return
    if depth or isinstance(up, ast.Expr | None) or not _CALLS.search(node.value[:_MAX_HELD]):
        return
    try:
        found = [*findings_of(node.value[:_MAX_HELD], location, depth + 1, judge.names)]
    except (SyntaxError, ValueError):
        return
    if any(one.severity in UNSAFE_SEVERITIES for one in found):
        is_run = piece.place is not Place.SCRIPT and judge.asked.evaluates()
        severity = Severity.HIGH if is_run else Severity.MEDIUM
        message = "holds a text that would attack as code"
        evidence = f"line {node.lineno}: {node.value[:160]}"
        yield Finding("python_code_execution", severity, message, evidence, location)


def _run_texts(piece: Piece, names: Names) -> Iterator[str]:
    node = piece.node
    if piece.typing and isinstance(node, ast.Constant):
        if isinstance(node.value, str) and "(" in node.value:
            yield node.value
    elif isinstance(node, ast.Call) and (node.args or node.keywords):
        hit = sink(names.resolve(node.func) or "")
        if hit and hit[1] is Kind.CODE:
            is_timed = hit[0].startswith("timeit.")
            given = node.args[: 2 if is_timed else 1]
            given += [one.value for one in node.keywords if one.arg in _SOURCES]
            yield from filter(None, map(names.folder.text, given))
