"""What objects that nothing is known of are asked to do, and which names stand in texts."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from scanning.scanners._code.names import Names, canonical
from scanning.scanners._code.pieces import Piece
from scanning.scanners._code.places import Place
from scanning.scanners._code.sinks import HANDED_ON, SINKS
from scanning.scanners.base import Severity

# Names of functions that start programs or run code, and are hardly ever anything else.
_TELLING_WORDS = """
system popen popen2 popen3 popen4 startfile posix_spawn posix_spawnp Popen check_call
check_output getoutput getstatusoutput fork_exec create_subprocess_shell create_subprocess_exec
subprocess_shell subprocess_exec run_path run_module execfile runsource runcode exec_command
run_cell_magic spawnl spawnle spawnlp spawnlpe spawnv spawnve spawnvp spawnvpe execl execle execlp
execlpe execv execve execvp execvpe
"""
_TELLING = frozenset(_TELLING_WORDS.split())
_HARMLESS = frozenset({"platform.system"})
_REFLECTED = re.compile(
    r"(import_module|__import__|globals|locals|vars|load_module|locate|resolve_name|import_string|_importer)"
    r"\(\)|sys\.modules\b|\[\]"
)
# What gives an object of which no name tells what it is.
_REFLECTING_WORDS = """
__globals__ f_globals f_locals f_builtins func_globals __subclasses__ module_from_spec _importer
get_objects get_referrers getattr_static load_module
"""
_REFLECTING = frozenset(_REFLECTING_WORDS.split())
_BY_TEXT_WORDS = """
sys.modules logging.config.dictConfig logging.config.fileConfig hydra.utils.instantiate
hydra.utils.get_method hydra.utils.get_class hydra.utils.call pydoc.locate pkgutil.resolve_name
django.utils.module_loading.import_string
"""
_BY_TEXT = frozenset(_BY_TEXT_WORDS.split())
_EVALUATING_WORDS = """
get_type_hints ForwardRef _eval_type get_annotations make_dataclass create_model __annotations__
"""
_EVALUATING = frozenset(_EVALUATING_WORDS.split())
_PICKING = frozenset({"reduce", "getattr"})
_RUNNING = frozenset({"eval", "exec"})
_ROOTWARDS = frozenset({"__class__", "__mro__", "__base__", "__bases__", "mro"})
_ROOTS = frozenset({"builtins.object", "builtins.type"})
_SPELLED = frozenset({"os", "posix", "nt", "subprocess", "builtins", "pty", "runpy", "ctypes"})
_FOLDED = (ast.Constant, ast.BinOp, ast.Call, ast.Subscript, ast.JoinedStr)
_DOTTED = re.compile(r"[\w.\[\]{}:!]{1,200}\Z")
_QUOTED = re.compile(r"""["'](\w{1,40})["']""")  # in JSON
_PART = re.compile(r"\w+")
_OWN = frozenset({"self", "cls"})
_MAX_TEXT = 200


@dataclass(slots=True)
class Asked:
    """Reads a source's attributes and texts when first asked; most sources never need it."""

    names: Names
    nodes: list[ast.AST]
    _words: frozenset[str] | None = None
    _texts: tuple[set[str], set[str]] | None = None
    _does_reflect: bool | None = None
    _all: frozenset[str] | None = None

    def unknown(self, node: ast.Call, place: Place) -> tuple[str, Severity] | None:
        """What a call asks of an object that nothing is known of, and how bad that is."""
        last = getattr(node.func, "attr", getattr(node.func, "id", ""))
        if (home := _home(node.func)) is not None:
            return home, lessened(Severity.HIGH, place)
        if not (node.args or node.keywords) or self._is_own(node.func):
            return None
        name = self.names.resolve(node.func) or ""
        of, _, known = name.rpartition(".")
        if _TELLING.isdisjoint({last, known}) or name in _HARMLESS:
            return None
        is_reflected = bool(_REFLECTED.search(of)) or self.reflects()
        return known or last, lessened(Severity.HIGH if is_reflected else Severity.MEDIUM, place)

    def named(self, piece: Piece) -> tuple[str, Severity] | None:
        """A dangerous function by its name in a text, for others to look it up."""
        node, up = piece.node, piece.up.node if piece.up else None
        if not (isinstance(node, ast.Constant) and isinstance(node.value, str)):
            return None
        kind = SINKS.get(canonical(node.value.replace(":", "."))) if "." in node.value else None
        if kind not in HANDED_ON or isinstance(up, ast.Compare | ast.Expr | None):
            return None
        severity = Severity.HIGH if self.reflects() else Severity.MEDIUM
        return node.value, lessened(severity, piece.place)

    def is_asked(self, of: Iterable[str] = ()) -> bool:
        """Whether an unknown object is asked for what only a powerful module has."""
        if self._words is None:
            self._words = frozenset({*self._attributes(), *self._parts()})
        return not self._words.isdisjoint(_TELLING.union(of))

    def spells_module(self) -> bool:
        """Whether a text is a powerful module's name, to be imported by a computed one."""
        return any(
            text in _SPELLED or not _SPELLED.isdisjoint(_QUOTED.findall(text))
            for text in self._spelled()[0]
        )

    def reflects(self) -> bool:
        """Whether the source takes objects out of places where they have no name."""
        if self._does_reflect is None:
            self._does_reflect = self._seen() >= _PICKING or any(
                getattr(node, "attr", "") in _REFLECTING or self.names.resolve(node) in _BY_TEXT
                for node in self.nodes
                if isinstance(node, ast.Attribute | ast.Name)
            )
        return self._does_reflect

    def evaluates(self) -> bool:
        """Whether the source has texts worked out: annotations, or whatever it is given."""
        return not self._seen().isdisjoint(_EVALUATING) or any(
            isinstance(one, ast.Name) and one.id in _RUNNING for one in self.nodes
        )

    def names_any(self, words: frozenset[str]) -> bool:
        """Whether one of these stands anywhere in the source as a name or an attribute."""
        return not self._seen().isdisjoint(words)

    def climbs(self, node: ast.Attribute) -> bool:
        """Whether `__subclasses__` is asked of the class of all classes, however it is come by."""
        chain = {one.attr for one in ast.walk(node) if isinstance(one, ast.Attribute)}
        if chain & _ROOTWARDS or self.names.resolve(node.value) in _ROOTS:
            return True
        return not self._seen().isdisjoint(_ROOTWARDS - {"__class__"})

    def _seen(self) -> frozenset[str]:
        """Every name and every attribute of the source."""
        if self._all is None:
            self._all = frozenset(
                one.attr
                if isinstance(one, ast.Attribute)
                else one.id
                if isinstance(one, ast.Name)
                else one.name
                for one in self.nodes
                if isinstance(one, ast.Attribute | ast.Name | ast.alias)
            )
        return self._all

    def _is_own(self, function: ast.expr) -> bool:
        """A function or a method of this source's own."""
        if isinstance(function, ast.Name):
            return function.id in self.names.defined
        of = function.value if isinstance(function, ast.Attribute) else None
        return isinstance(of, ast.Name) and of.id in _OWN

    def _attributes(self) -> Iterator[str]:
        """Names that are taken from something that is no known function's home, or from nowhere."""
        for node in self.nodes:
            if isinstance(node, ast.Name) and node.id in _TELLING and not self._is_own(node):
                yield node.id
            if isinstance(node, ast.Attribute) and isinstance(node.ctx, ast.Load):
                name = self.names.resolve(node)
                if name not in SINKS and name not in _HARMLESS:
                    yield node.attr

    def _parts(self) -> Iterator[str]:
        spelled, compared = self._spelled()
        for text in spelled | compared:
            yield from _PART.findall(text) if _DOTTED.match(text) else _QUOTED.findall(text)

    def _spelled(self) -> tuple[set[str], set[str]]:
        """Every constant text that is not for people, put together or not; those compared apart."""
        if self._texts is None:
            aside = {id(one.value) for one in self.nodes if isinstance(one, ast.Expr)}
            sides = [one for one in self.nodes if isinstance(one, ast.Compare)]
            compared = {id(one) for side in sides for one in ast.walk(side)}
            self._texts = (set(), set())
            for node in self.nodes:
                text = None
                if isinstance(node, _FOLDED) and id(node) not in aside:
                    text = self.names.folder.text(node)
                if text and len(text) <= _MAX_TEXT:
                    self._texts[id(node) in compared].add(text)
        return self._texts


def _home(function: ast.expr) -> str | None:
    """`x.os.system`: whatever `x` is."""
    of = function.value if isinstance(function, ast.Attribute) else None
    if not isinstance(function, ast.Attribute) or not isinstance(of, ast.Attribute):
        return None
    name = canonical(f"{of.attr}.{function.attr}")
    return name if SINKS.get(name) in HANDED_ON and of.attr in _SPELLED else None


def lessened(severity: Severity, place: Place) -> Severity:
    """Who starts a script by hand has looked at it, or should have."""
    if place is not Place.SCRIPT:
        return severity
    return Severity.MEDIUM if severity is Severity.HIGH else Severity.LOW
