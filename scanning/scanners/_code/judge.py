"""Say how much of a danger one call or one name is: by what it does and when it runs."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass, field

from scanning.scanners._code.asked import Asked
from scanning.scanners._code.belongings import is_home
from scanning.scanners._code.commands import is_install, known_commands, severity_of
from scanning.scanners._code.environment import (
    REACHING_ENVIRONMENT,
    goes_to_collector,
    sends_environment,
)
from scanning.scanners._code.fold import DECODERS
from scanning.scanners._code.given import (
    arguments,
    brings_bytes,
    is_compiled,
    is_hidden,
    is_plain,
    makes_code,
    reads_own_source,
    reads_text,
    table_of,
    takes_computed,
    texts,
)
from scanning.scanners._code.names import Names
from scanning.scanners._code.places import Place
from scanning.scanners._code.powers import Powers
from scanning.scanners._code.secrets_sent import ASKING_FOR_SECRETS, Secrets
from scanning.scanners._code.sinks import LOADED, Kind, sink
from scanning.scanners._code.trust import (
    TORCH_LOADERS,
    fetches_from_known,
    is_true,
    trusts_remote_code,
    trusts_tensors_only,
)
from scanning.scanners.base import Severity

LOW, MEDIUM, HIGH, CRITICAL = Severity.LOW, Severity.MEDIUM, Severity.HIGH, Severity.CRITICAL
_ORDER = list(Severity)
_ELSEWHERE = ("/", "~", "\\", "..", "C:")
_SEARCHES = frozenset({"gc.get_objects", "gc.get_referrers"})
_IMPORTED = frozenset({"importlib.import_module()", "builtins.__import__()"})
_TREES = frozenset({"shutil.rmtree", "os.removedirs"})
# By place: on import, in use, as a script.
_BASE: dict[Kind, tuple[Severity, Severity, Severity]] = {
    Kind.PROCESS: (HIGH, HIGH, MEDIUM),
    Kind.CODE: (HIGH, HIGH, MEDIUM),
    Kind.INSTALL: (HIGH, HIGH, MEDIUM),
    Kind.UNPICKLE: (MEDIUM, LOW, LOW),
    Kind.NETWORK: (MEDIUM, LOW, LOW),
    Kind.DELETE: (MEDIUM, LOW, LOW),
    Kind.NATIVE: (MEDIUM, LOW, LOW),
    Kind.IMPORT: (MEDIUM, LOW, LOW),
    Kind.ESCAPE: (MEDIUM, MEDIUM, LOW),
    Kind.FETCHED_CODE: (MEDIUM, MEDIUM, LOW),
    Kind.DESCRIPTOR: (HIGH, HIGH, MEDIUM),
    Kind.KEYS: (MEDIUM, MEDIUM, LOW),
    Kind.TEMPLATE: (LOW, LOW, LOW),
    Kind.CODE_TEMPLATE: (MEDIUM, MEDIUM, LOW),
}
_FED = frozenset({Kind.CODE, Kind.PROCESS, Kind.UNPICKLE, Kind.IMPORT})
_QUIET_CODE = frozenset({"types.FunctionType", "timeit.timeit", "timeit.Timer", "timeit.repeat"})
_FILE_LOADERS_WORDS = """
importlib.util.spec_from_file_location importlib.machinery.SourceFileLoader imp.load_source
"""
_FILE_LOADERS = frozenset(_FILE_LOADERS_WORDS.split())
_PARSERS = ("sympify", "parse_expr", "parsing.sympy_parser.parse_expr")
_EVALUATORS = frozenset({"builtins.eval", *(f"sympy.{one}" for one in _PARSERS)})
_NATIVE_CALLS_WORDS = """
system popen execve execl execlp execv execvp fork VirtualAlloc VirtualProtect mprotect
CreateThread CreateRemoteThread WinExec ShellExecuteA ShellExecuteW CreateProcessA
CreateProcessW URLDownloadToFileA URLDownloadToFileW WriteProcessMemory RtlMoveMemory
PyRun_SimpleString memfd_create dlopen
"""
_NATIVE_CALLS = frozenset(_NATIVE_CALLS_WORDS.split())
_UNSAFE_LOADERS = frozenset({"UnsafeLoader", "Loader", "FullLoader"})


@dataclass(frozen=True, slots=True)
class Judgement:
    kind: str
    severity: Severity
    message: str


@dataclass(slots=True)
class Judge:
    """Knows the names of one source, and which of them hold fetched or decoded bytes."""

    names: Names
    powers: Powers
    asked: Asked
    fetched: set[str] = field(default_factory=set)
    decoded: set[str] = field(default_factory=set)
    environment: set[str] = field(default_factory=set)
    secrets: Secrets = field(init=False)
    handles_secrets: bool = field(init=False)
    reaches_environment: bool = field(init=False)

    def __post_init__(self) -> None:
        self.secrets = Secrets(self.names)
        self.handles_secrets = self.asked.names_any(ASKING_FOR_SECRETS)
        self.reaches_environment = self.asked.names_any(REACHING_ENVIRONMENT)

    def call(self, node: ast.Call, place: Place) -> Iterator[Judgement]:
        name = self.names.called(node)
        found = sink(name) if name else None
        yield from self._secret(node, name)
        if found is None:
            yield from self._unnamed(node, name, place)
            return
        known, kind = found
        if (severity := self._severity(node, known, kind, place)) is not None:
            yield Judgement(*self._told(kind, name or known, node, severity))

    def handed(self, name: str, kind: Kind, place: Place) -> Judgement | None:
        """A dangerous function that is named and not called: somebody else will call it."""
        if kind is Kind.CODE and name in _QUIET_CODE:
            return None
        return Judgement(kind, _BASE[kind][place], f"hands on {name}")

    def holds(self, node: ast.AST) -> tuple[bool, bool]:
        """Whether an expression has what was fetched, and what was decoded, in it."""
        fetched = decoded = False
        for inner in ast.walk(node):
            if isinstance(inner, ast.Name):
                fetched |= inner.id in self.fetched
                decoded |= inner.id in self.decoded
            elif isinstance(inner, ast.Call) and (name := self.names.resolve(inner.func)):
                hit = sink(name)
                fetched |= hit is not None and hit[1] is Kind.NETWORK
                decoded |= name in DECODERS
        return fetched, decoded

    def _told(
        self, kind: Kind, name: str, node: ast.Call, severity: Severity
    ) -> tuple[str, Severity, str]:
        if kind in _FED and severity is CRITICAL:
            what = "fetched" if self.holds(node)[0] else "decoded"
            return (
                "python_obfuscated" if what == "decoded" else kind,
                severity,
                (f"gives what it {what} to {name}"),
            )
        return kind, severity, f"calls {name}"

    def _severity(self, node: ast.Call, known: str, kind: Kind, place: Place) -> Severity | None:
        base = _BASE[kind][place]
        if known in TORCH_LOADERS and trusts_tensors_only(node):
            return None
        if kind in _FED and any(any(self.holds(one)) for one in arguments(node)):
            return CRITICAL if kind is not Kind.IMPORT else HIGH
        if known in _FILE_LOADERS:
            return self._loads(node, base)
        special = _SPECIAL.get(kind)
        return special(self, node, known, base) if special else base

    def _process(self, node: ast.Call, known: str, base: Severity) -> Severity | None:
        lines = known_commands(node, self.names)
        if any(not line or is_install(line) for line in lines):
            return base
        return _lower(max(map(severity_of, lines), key=_ORDER.index), base)

    def _code(self, node: ast.Call, known: str, base: Severity) -> Severity | None:
        if known in _QUIET_CODE:
            return base if known.startswith("timeit.") and reads_text(node) else LOW
        if known == "builtins.compile":
            return _lower(MEDIUM, base)
        if known in _EVALUATORS and base is HIGH and not self._is_sly(node, known):
            return None if is_plain(self.names, node) else MEDIUM
        if known == "builtins.exec" and reads_own_source(self.names, node):
            return LOW
        return base

    def _is_sly(self, node: ast.Call, known: str) -> bool:
        is_own = known == "builtins.eval"
        return is_own and (is_hidden(node.func) or is_compiled(self.names, node))

    def _loads(self, node: ast.Call, base: Severity) -> Severity | None:
        """A file that is imported by its path: a Python file is looked at as well."""
        given = [*node.args[1:], *(one.value for one in node.keywords if one.arg != "name")]
        text = self.names.folder.text(given[0]) if given else None
        if text is None:
            return LOW
        is_here = not text.startswith(_ELSEWHERE)
        return None if is_here and text.endswith(".py") else base

    def _unpickle(self, node: ast.Call, known: str, base: Severity) -> Severity | None:
        given = {one.arg: one.value for one in node.keywords}
        if known == "numpy.load":
            allowed = node.args[2] if len(node.args) > 2 else given.get("allow_pickle")  # noqa: PLR2004
            return base if is_true(allowed) else None
        if known.startswith("yaml.load"):
            loader = given.get("Loader") or (node.args[1] if len(node.args) > 1 else None)
            name = (self.names.resolve(loader) or "" if loader else "").rpartition(".")[2]
            if name not in _UNSAFE_LOADERS - {"FullLoader"}:
                return None
        if known in {"yaml.full_load", "torch.jit.load"}:
            return LOW
        return HIGH if node.args and brings_bytes(self.names, node.args[0]) else base

    def _template(self, node: ast.Call, known: str, base: Severity) -> Severity | None:
        """Constant text of Jinja is looked at as a template of its own."""
        if any(self.holds(one)[0] for one in arguments(node)):
            return HIGH
        is_known = bool(node.args) and self.names.folder.text(node.args[0]) is not None
        return None if is_known and base is LOW else base

    def _network(self, node: ast.Call, known: str, base: Severity) -> Severity | None:
        if goes_to_collector(list(texts(self.names, node)), is_raw=known.startswith("socket.")):
            return HIGH
        if any(sends_environment(one, self.names, self.environment) for one in arguments(node)):
            return HIGH
        return base

    def _secret(self, node: ast.Call, name: str | None) -> Iterator[Judgement]:
        """A credential in an address, in data or in a name that is looked up."""
        if self.handles_secrets and name and (found := self.secrets.sent(node, name)):
            yield Judgement("python_secret_sent", found, "sends a credential of its reader's away")

    def _delete(self, node: ast.Call, known: str, base: Severity) -> Severity | None:
        given = arguments(node)[:1] if known in _TREES else []
        return HIGH if any(is_home(one, self.names) for one in given) else base

    def _escape(self, node: ast.Call, known: str, base: Severity) -> Severity | None:
        return HIGH if known in _SEARCHES and self.asked.is_asked() else base

    def _fetched_code(self, node: ast.Call, known: str, base: Severity) -> Severity | None:
        return LOW if fetches_from_known(self.names, node, known) else base

    def _import(self, node: ast.Call, known: str, base: Severity) -> Severity | None:
        if node.args and self.names.folder.text(node.args[0]) is not None:
            return None  # what is done with the module counts
        if self.asked.spells_module():
            return HIGH if self.asked.is_asked() else MEDIUM
        return LOW if known == "importlib.import_module" else base

    def _native(self, node: ast.Call, known: str, base: Severity) -> Severity | None:
        last = node.func.attr if isinstance(node.func, ast.Attribute) else ""
        return HIGH if last in _NATIVE_CALLS else base

    def _unnamed(self, node: ast.Call, name: str | None, place: Place) -> Iterator[Judgement]:
        """A function of which no name tells what it is."""
        yield from self._computed(node, name, place)
        if (found := self.asked.unknown(node, place)) is not None:
            message = f"calls {found[0]} of something unknown"
            yield Judgement("python_process", found[1], message)
        if makes_code(node, name):
            yield Judgement("python_code_execution", MEDIUM, "makes code of its parts")
        if trusts_remote_code(self.names, node):
            message = "runs the code of another repository (trust_remote_code)"
            yield Judgement("python_fetched_code", MEDIUM, message)

    def _computed(self, node: ast.Call, name: str | None, place: Place) -> Iterator[Judgement]:
        """A function that is itself computed: `getattr(os, x)(...)`, `table[x](...)`."""
        if name == "builtins.getattr()" and isinstance(node.func, ast.Call):
            of = self.names.resolve(node.func.args[0]) if node.func.args else None
            if of in LOADED:
                severity = HIGH if place is not Place.SCRIPT else MEDIUM
                yield Judgement("python_internals", severity, f"calls a computed name of {of}")
            elif of in _IMPORTED and place is Place.IMPORT:
                message = "calls a computed name of a computed module"
                yield Judgement("python_internals", MEDIUM, message)
        elif isinstance(node.func, ast.Subscript) and table_of(self.names, node.func) in LOADED:
            severity = HIGH if place is not Place.SCRIPT else MEDIUM
            yield Judgement("python_internals", severity, "calls a computed name of a module")
        elif name == "builtins.getattr" and takes_computed(self.names, node):
            severity = HIGH if self.asked.is_asked() else MEDIUM
            severity = severity if place is not Place.SCRIPT else LOW
            yield Judgement("python_internals", severity, "takes a computed name of a module")


_SPECIAL = {
    Kind.PROCESS: Judge._process,  # noqa: SLF001 its own table
    Kind.CODE: Judge._code,  # noqa: SLF001
    Kind.UNPICKLE: Judge._unpickle,  # noqa: SLF001
    Kind.NETWORK: Judge._network,  # noqa: SLF001
    Kind.FETCHED_CODE: Judge._fetched_code,  # noqa: SLF001
    Kind.ESCAPE: Judge._escape,  # noqa: SLF001
    Kind.DELETE: Judge._delete,  # noqa: SLF001
    Kind.IMPORT: Judge._import,  # noqa: SLF001
    Kind.NATIVE: Judge._native,  # noqa: SLF001
    Kind.TEMPLATE: Judge._template,  # noqa: SLF001
    Kind.CODE_TEMPLATE: Judge._template,  # noqa: SLF001
}


def _lower(one: Severity, other: Severity) -> Severity:
    return min(one, other, key=_ORDER.index)
