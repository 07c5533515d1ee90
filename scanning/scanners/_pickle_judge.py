"""Turn what the machine reaches and calls into findings."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import BinaryIO, Self

from scanning.scanners._globals import Trust, call_trust, is_plausible, modern, trust
from scanning.scanners._kept import Kept
from scanning.scanners._pickle_arguments import (
    ENCODE,
    NESTED_LOADER,
    bytes_told,
    could_be_text,
    could_be_tuple,
    has_code,
    hides_names,
    is_plain_state,
    names_codec,
    names_place,
    special_state,
    texts_in,
)
from scanning.scanners._pickle_passing import (
    Passed,
    is_kept,
    outcome,
    passed_by,
    passes_on,
    state_of_parameter,
)
from scanning.scanners._pickle_reader import Blob, Op
from scanning.scanners._pickle_shapes import (
    forges_dtype,
    is_mapping,
    is_plain_object,
    is_pure_method,
    is_shared,
    is_unknown_script_class,
    runs_its_state,
)
from scanning.scanners._pickle_values import (
    MEMORY_KEYS,
    Call,
    Global,
    Value,
    render,
    render_call,
)
from scanning.scanners._tensors.paths import leads_away
from scanning.scanners.base import MAX_FINDINGS, Finding, Severity

_READING_TEXTS = "tokenizers.models"  # their vocabulary is a table, or the name of a file
_MAX_PASSED = 8
_GLOBAL_RULES = {
    Trust.DANGEROUS: ("pickle_dangerous_global", Severity.HIGH, "reaches {}, which runs code"),
    Trust.CODE: ("pickle_code_object", Severity.MEDIUM, "carries code: {}"),
    Trust.UNKNOWN: ("pickle_unknown_global", Severity.MEDIUM, "needs {}, which is not known safe"),
}
_CALL_RULES = {
    Trust.DANGEROUS: ("pickle_dangerous_call", Severity.CRITICAL, "calls {} when it is loaded"),
    Trust.CODE: ("pickle_code_object", Severity.MEDIUM, "builds code by {}"),
    Trust.UNKNOWN: ("pickle_unknown_call", Severity.MEDIUM, "calls {}, which is not known safe"),
}


@dataclass(slots=True)
class Judge:
    """Collects findings of one pickle. A speculative one believes only real-looking names."""

    location: str
    findings: Kept = field(default_factory=Kept)
    gaps: list[str] = field(default_factory=list)
    nested: list[tuple[int, bytes | Blob]] = field(default_factory=list)
    # What a pickle hands to torch.load and is an archive: for who can open archives.
    archives: list[tuple[str, BinaryIO]] = field(default_factory=list)
    is_speculative: bool = False
    # The bytes have a meaning of their own to their loader; only another one runs them like this,
    # and to it the names are mixed up: what is unknown is then no more than a note.
    is_side_path: bool = False
    reached_names: int = 0
    calls: int = 0
    odd_calls: int = 0
    inside: int = 0  # calls that other calls make

    def speculative(self) -> Self:
        """A judge for bytes that may not be a pickle at all; shares all but the gaps."""
        return type(self)(
            self.location, findings=self.findings, nested=self.nested, is_speculative=True
        )

    def side_path(self) -> Self:
        judge = self.speculative()
        judge.is_side_path = True
        return judge

    def silent(self) -> Self:
        """A judge whose findings nobody sees."""
        return type(self)(self.location)

    def gap(self, reason: str) -> None:
        if len(self.gaps) < MAX_FINDINGS:
            self.gaps.append(reason)

    def reached(self, found: Global, offset: int) -> None:
        if self.is_speculative and not is_plausible(found):
            return
        self.reached_names += 1
        rule = _GLOBAL_RULES.get(trust(found))
        self._by_rule(rule, str(found), f"offset {offset}: {found}")

    def computed_name(self, module: Value, name: Value, offset: int) -> None:
        # Bytes that are no pickle put anything there; a text that was computed comes of a call.
        if self.is_speculative and not (could_be_text(module) and could_be_text(name)):
            return
        evidence = f"offset {offset}: STACK_GLOBAL {render(module)} {render(name)}"
        self.add("pickle_computed_name", Severity.HIGH, "imports a name it computes", evidence)

    def extension(self, op_name: str, offset: int) -> None:
        message = "takes an object from the extension registry, whose content is not in the file"
        self.add("pickle_extension", Severity.MEDIUM, message, f"offset {offset}: {op_name}")

    def called(self, target: Value, arguments: Value, op: Op) -> None:
        self.calls += 1
        if not isinstance(target, Global):
            self._called_computed(target, arguments, op)
            return
        if self.is_speculative and not is_plausible(target):
            return
        new = modern(target)
        if new == NESTED_LOADER:
            self._load(arguments, op)
            return
        # Of names that are mixed up, what a function is called after tells nothing.
        is_mixed = self.is_side_path and trust(target) is Trust.UNKNOWN
        known = Trust.UNKNOWN if is_mixed else call_trust(target, op.name)
        if not isinstance(arguments, tuple) and could_be_tuple(arguments):
            message = "calls with arguments that it computes"
            self.add(
                "pickle_computed_call", Severity.HIGH, message, _shown(target, arguments, op)[1]
            )
        if known is Trust.ALLOWED:
            self._called_allowed(new, arguments, op)
            return
        shown, evidence = _shown(target, arguments, op)
        self.odd_calls += 1
        self._by_rule(_CALL_RULES[known], shown, evidence)
        if known is not Trust.DANGEROUS and has_code(arguments):
            message = f"hands commands or source to {target}"
            self.add("pickle_code_argument", Severity.HIGH, message, evidence)
        elif known is Trust.UNKNOWN and any(map(names_place, texts_in(arguments))):
            message = f"hands a file's name or an address to {target}"
            self.add("pickle_file_argument", Severity.HIGH, message, evidence)

    def _called_computed(self, target: Value, arguments: Value, op: Op) -> None:
        if self.is_speculative and not isinstance(target, Call):
            return
        self.odd_calls += 1
        severity = Severity.HIGH if op.name == "REDUCE" else Severity.MEDIUM
        if self.is_side_path and is_plain_object(target):
            severity = Severity.LOW  # an object of a known class, which nobody can call
        evidence = _shown(target, arguments, op)[1]
        self.add("pickle_computed_call", severity, "calls an object it computes", evidence)

    def _called_allowed(self, target: Global, arguments: Value, op: Op) -> None:
        if target == ENCODE and not names_codec(arguments):
            message = "asks for a codec by a name that is not a plain text encoding"
            self.add("pickle_codec", Severity.MEDIUM, message, _shown(target, arguments, op)[1])
        elif target.module == _READING_TEXTS and (paths := texts_in(arguments)):
            message = "hands a file's name to what reads it when it is constructed"
            severity = Severity.HIGH if any(map(leads_away, paths)) else Severity.MEDIUM
            self.add("pickle_file_argument", severity, message, _shown(target, arguments, op)[1])
        elif passed := passes_on(target, arguments):
            shown, evidence = _shown(target, arguments, op)
            known = call_trust(passed, op.name, is_later=is_kept(target))
            self._by_rule(_CALL_RULES.get(known), shown, evidence)
        elif inner := passed_by(target, arguments):
            self._called_inside(inner, op)
        elif (state := state_of_parameter(target, arguments)) is not None:
            self.built(Call(target, arguments), state, op.offset)

    def _called_inside(self, inner: Passed, op: Op) -> None:
        """A call that another one makes, and what it does to the result."""
        if self.inside >= _MAX_PASSED:
            self._called_computed(Call(inner.callee, inner.arguments), inner.arguments, op)
            return
        self.inside += 1
        self.called(inner.callee, inner.arguments, op._replace(name="REDUCE"))
        self.inside -= 1
        for state in inner.states:
            self.built(outcome(inner.callee, inner.arguments), state, op.offset)

    def bound(self, found: Call, offset: int) -> None:
        message = "keeps a method of an object, by which whoever calls it acts on that object"
        evidence = f"offset {offset}: {render(found)}"
        severity = Severity.LOW if is_pure_method(found) else Severity.MEDIUM
        self.add("pickle_bound_method", severity, message, evidence)

    def built(self, target: Value, state: Value, offset: int) -> None:
        evidence = f"offset {offset}: BUILD {render(target)} with {render(state)}"
        if isinstance(target, Global) or is_shared(target):
            message = "overwrites attributes of an imported object"
            self.add("pickle_build_on_import", Severity.HIGH, message, evidence)
        elif isinstance(target, Call):
            if special := special_state(state):
                self._special(special, evidence)
            if runs_its_state(target) and not is_plain_state(state):
                message = "computes a state, of which its class runs a part as source"
                self.add("pickle_computed_state", Severity.HIGH, message, evidence)
            elif hides_names(state) and not self.is_side_path:
                message = "computes the names of the attributes that it sets"
                self.add("pickle_computed_state", Severity.MEDIUM, message, evidence)
            if forges_dtype(target, state):
                message = "makes a type of numbers that stand for objects of Python"
                self.add("pickle_forged_dtype", Severity.HIGH, message, evidence)
            if is_unknown_script_class(target, state):
                self._by_rule(_CALL_RULES[Trust.UNKNOWN], render(target), evidence)

    def filled(self, target: Value, items: list[Value], offset: int) -> None:
        """Items put into something else than a list or a table of the pickle's own."""
        if isinstance(target, Global):
            message = "puts items into an imported object"
            evidence = f"offset {offset}: {render(target)}"
            self.add("pickle_build_on_import", Severity.HIGH, message, evidence)
        elif isinstance(target, Call) and not is_mapping(target):
            for key in items[::2]:
                if isinstance(key, str) and key in MEMORY_KEYS:
                    self._special(key, f"offset {offset}: {render(target)}[{key}]")

    def _special(self, key: str, evidence: str) -> None:
        is_hook = key.startswith("__") and key not in MEMORY_KEYS
        severity = Severity.MEDIUM if is_hook else Severity.HIGH
        message = f"sets the special attribute {key}"
        self.add("pickle_special_attribute", severity, message, evidence)

    def costly(self, message: str, evidence: str) -> None:
        self.add("pickle_exhaustion", Severity.MEDIUM, message, evidence)

    def asked_of_reader(self, name: str, offset: int) -> None:
        """A persistent object by a text, as no library of models writes one."""
        message = "asks a function of its reader's own for an object"
        self.add(
            "pickle_persistent_text", Severity.MEDIUM, message, f"offset {offset}: {name[:80]}"
        )

    def broke(self, fault: str, offset: int) -> None:
        """The stream ends in an error, which comes too late for what was called before it."""
        if self.odd_calls:
            message = "breaks off behind calls that a reader has made by then"
            self.add("pickle_broken", Severity.HIGH, message, f"offset {offset}: {fault}")

    def _load(self, arguments: Value, op: Op) -> None:
        given = arguments[0] if isinstance(arguments, tuple) and arguments else None
        if (content := bytes_told(given)) is not None:
            self.nested.append((op.offset, content))
        else:
            message = "loads another pickle from bytes it computes"
            evidence = f"offset {op.offset}: {op.name} {render(arguments)}"
            self.add("pickle_nested_load", Severity.HIGH, message, evidence)

    def _by_rule(self, rule: tuple[str, Severity, str] | None, shown: str, evidence: str) -> None:
        if rule is not None:
            name, severity, message = rule
            if self.is_side_path and severity is Severity.MEDIUM:
                severity = Severity.LOW
            self.add(name, severity, message.format(shown), evidence)

    def add(self, rule: str, severity: Severity, message: str, evidence: str) -> None:
        if self.is_speculative and not self.reached_names:
            return  # noise: opcodes by chance, no import behind them
        if self.findings.wants(severity, (rule, message)):
            finding = Finding(rule, severity, message, evidence, self.location)
            self.findings.add(finding, (rule, message))


def _shown(target: Value, arguments: Value, op: Op) -> tuple[str, str]:
    shown = render_call(target, arguments)
    return shown, f"offset {op.offset}: {op.name} {shown}"
