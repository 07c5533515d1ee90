"""Turn what the machine reaches and calls into findings."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Self

from scanning.scanners._globals import Trust, call_trust, is_plausible, modern, trust
from scanning.scanners._pickle_reader import Blob, Op
from scanning.scanners._pickle_values import Bag, Call, Global, Value, render, render_call
from scanning.scanners.base import MAX_FINDINGS, Finding, Severity

_NESTED_LOADER = Global("torch.storage", "_load_from_bytes")
_ENCODE = Global("_codecs", "encode")
_CODECS = frozenset({"latin1", "latin-1", "utf-8", "utf8", "ascii", "raw_unicode_escape"})
_CODEC_INDEX = 1

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
    findings: dict[tuple[str, str], Finding] = field(default_factory=dict)
    gaps: list[str] = field(default_factory=list)
    nested: list[tuple[int, bytes | Blob]] = field(default_factory=list)
    is_speculative: bool = False
    reached_names: int = 0
    calls: int = 0

    def speculative(self) -> Self:
        """A judge for bytes that may not be a pickle at all; shares findings, not gaps."""
        return type(self)(self.location, findings=self.findings, is_speculative=True)

    def gap(self, reason: str) -> None:
        if len(self.gaps) < MAX_FINDINGS:
            self.gaps.append(reason)

    def reached(self, found: Global, offset: int) -> None:
        if self.is_speculative and not is_plausible(found):
            return
        self.reached_names += 1
        if modern(found) == _NESTED_LOADER:
            return
        rule = _GLOBAL_RULES.get(trust(found))
        self._by_rule(rule, str(found), f"offset {offset}: {found}")

    def computed_name(self, module: Value, name: Value, offset: int) -> None:
        evidence = f"offset {offset}: STACK_GLOBAL {render(module)} {render(name)}"
        self._add("pickle_computed_name", Severity.HIGH, "imports a name it computes", evidence)

    def extension(self, op_name: str, offset: int) -> None:
        message = "takes an object from the extension registry, whose content is not in the file"
        self._add("pickle_extension", Severity.MEDIUM, message, f"offset {offset}: {op_name}")

    def called(self, target: Value, arguments: Value, op: Op) -> None:
        self.calls += 1
        shown = render_call(target, arguments)
        evidence = f"offset {op.offset}: {op.name} {shown}"
        if not isinstance(target, Global):
            severity = Severity.HIGH if op.name == "REDUCE" else Severity.MEDIUM
            self._add("pickle_computed_call", severity, "calls an object it computes", evidence)
        elif self.is_speculative and not is_plausible(target):
            return
        elif modern(target) == _NESTED_LOADER:
            self._load(arguments, op.offset, evidence)
        elif modern(target) == _ENCODE:
            self._encode(arguments, evidence)
        else:
            self._by_rule(_CALL_RULES.get(call_trust(target, op.name)), shown, evidence)

    def built(self, target: Value, state: Value, offset: int) -> None:
        evidence = f"offset {offset}: BUILD {render(target)} with {render(state)}"
        if isinstance(target, Global):
            message = "overwrites attributes of an imported object"
            self._add("pickle_build_on_import", Severity.HIGH, message, evidence)
        for part in state if isinstance(state, tuple) else (state,):
            if isinstance(part, Bag) and part.dunder and isinstance(target, Call):
                message = f"sets the special attribute {part.dunder}"
                self._add("pickle_special_attribute", Severity.MEDIUM, message, evidence)

    def _load(self, arguments: Value, offset: int, evidence: str) -> None:
        content = arguments[0] if isinstance(arguments, tuple) and arguments else None
        if isinstance(content, bytes | Blob):
            self.nested.append((offset, content))
        else:
            message = "loads another pickle from bytes it computes"
            self._add("pickle_nested_load", Severity.HIGH, message, evidence)

    def _encode(self, arguments: Value, evidence: str) -> None:
        codec = "utf-8"
        if isinstance(arguments, tuple) and len(arguments) > _CODEC_INDEX:
            codec = arguments[_CODEC_INDEX] if isinstance(arguments[_CODEC_INDEX], str) else ""
        if codec.lower() not in _CODECS:
            message = "asks for a codec by a name that is not a plain text encoding"
            self._add("pickle_codec", Severity.MEDIUM, message, evidence)

    def _by_rule(self, rule: tuple[str, Severity, str] | None, shown: str, evidence: str) -> None:
        if rule is not None:
            name, severity, message = rule
            self._add(name, severity, message.format(shown), evidence)

    def _add(self, rule: str, severity: Severity, message: str, evidence: str) -> None:
        if self.is_speculative and not self.reached_names:
            return  # noise: opcodes by chance, no import behind them
        # The unsafe ones are always kept: a flood of harmless findings must not push them out.
        room = len(self.findings) < MAX_FINDINGS or severity in {Severity.HIGH, Severity.CRITICAL}
        if room and len(self.findings) < 2 * MAX_FINDINGS:
            finding = Finding(rule, severity, message, evidence, self.location)
            self.findings.setdefault((rule, message), finding)
