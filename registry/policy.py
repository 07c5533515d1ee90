"""Admission and access as pure functions: values in, decision out. No query, no clock."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass, field, replace
from datetime import datetime

from registry.enums import Admission, Gate, GateMode, GateOutcome, Tier

UNWAIVABLE = frozenset({Gate.INTEGRITY, Gate.MALWARE})
NOT_ANSWERED = "Not answered yet."


@dataclass(frozen=True, slots=True)
class Answer:
    """What one gate said."""

    outcome: GateOutcome
    reason: str = ""


@dataclass(frozen=True, slots=True)
class Facts:
    """What a policy may look at besides the gates."""

    license_class: str = "unknown"
    size_bytes: int = 0
    formats: frozenset[str] = frozenset()
    extensions: frozenset[str] = frozenset()
    largest_file: int = 0
    held_back: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Rules:
    """A policy as a value: which gates count how, and which limits hold."""

    tier: Tier
    number: int
    gates: Mapping[str, str]
    limits: Mapping[str, object] = field(default_factory=dict)

    @property
    def name(self) -> str:
        return f"{self.tier.value} v{self.number}"


@dataclass(frozen=True, slots=True)
class Accepted:
    """A waiver: this gate's answer is accepted from this tier upwards until then."""

    gate: str
    tier: Tier
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class Reason:
    """One gate or limit as one policy took it."""

    gate: str
    outcome: str
    mode: str
    rule: str
    reason: str
    blocks: bool


@dataclass(frozen=True, slots=True)
class TierDecision:
    tier: str
    policy: str
    admits: bool
    reasons: tuple[Reason, ...]

    @property
    def blockers(self) -> tuple[Reason, ...]:
        return tuple(reason for reason in self.reasons if reason.blocks)


@dataclass(frozen=True, slots=True)
class Decision:
    """The admission of one version: held unless the policy of some tier admits it."""

    admission: str
    lowest_tier: str
    tiers: tuple[TierDecision, ...]

    def to_json(self) -> dict[str, object]:
        return asdict(self)


def decide_for_tier(
    rules: Rules,
    *,
    answers: Mapping[str, Answer],
    facts: Facts,
    waivers: Iterable[Accepted] = (),
    now: datetime,
) -> TierDecision:
    """Take every gate that the policy does not switch off; an absent answer is unknown."""
    reasons = [*_limit_reasons(rules, facts)]
    waived = {
        waiver.gate
        for waiver in waivers
        if waiver.expires_at > now
        and waiver.gate not in UNWAIVABLE
        and rules.tier in Tier.values[Tier.values.index(waiver.tier) :]
    }
    for gate, mode in rules.gates.items():
        if mode == GateMode.OFF:
            continue
        answer = answers.get(gate, Answer(GateOutcome.UNKNOWN, NOT_ANSWERED))
        reasons.append(_gate_reason(gate, mode, answer))
    if Gate.LICENSE in waived:
        waived.add("license_class")
    reasons = [_waive(reason) if reason.gate in waived else reason for reason in reasons]
    return TierDecision(
        tier=rules.tier.value,
        policy=rules.name,
        admits=not any(reason.blocks for reason in reasons),
        reasons=tuple(reasons),
    )


def _gate_reason(gate: str, mode: str, answer: Answer) -> Reason:
    blocks = mode == GateMode.ENFORCE and answer.outcome != GateOutcome.PASSED
    return Reason(
        gate=gate,
        outcome=str(answer.outcome),
        mode=mode,
        rule=f"gate {gate} must pass",
        reason=answer.reason,
        blocks=blocks,
    )


def _waive(reason: Reason) -> Reason:
    if not reason.blocks:
        return reason
    return Reason(
        gate=reason.gate,
        outcome=reason.outcome,
        mode=reason.mode,
        rule=reason.rule,
        reason=f"{reason.reason} Accepted by a curator's waiver.",
        blocks=False,
    )


def _limit_reasons(rules: Rules, facts: Facts) -> Iterable[Reason]:
    limits = rules.limits
    classes = limits.get("license_classes")
    if isinstance(classes, list) and facts.license_class not in classes:
        yield _limit(
            "license_class",
            f"license class in [{', '.join(classes)}]",
            f"The license class is {facts.license_class}.",
        )
    max_bytes = limits.get("max_bytes")
    if isinstance(max_bytes, int) and facts.size_bytes > max_bytes:
        yield _limit(
            "max_bytes",
            f"at most {max_bytes / 1e9:g} GB",
            f"The version has {facts.size_bytes / 1e9:.1f} GB.",
        )
    yield from _file_limits(limits, facts)


def _file_limits(limits: Mapping[str, object], facts: Facts) -> Iterable[Reason]:
    largest = limits.get("max_file_bytes")
    if isinstance(largest, int) and facts.largest_file > largest:
        yield _limit(
            "max_file_bytes",
            f"at most {largest / 1e9:g} GB in one file",
            f"The largest file has {facts.largest_file / 1e9:.1f} GB.",
        )
    refused = limits.get("formats_refused")
    if isinstance(refused, list) and (found := sorted(facts.formats & set(refused))):
        yield _limit(
            "formats_refused",
            f"no file in format {', '.join(refused)}",
            f"The version holds {', '.join(found)} files.",
        )
    endings = limits.get("extensions_refused")
    if isinstance(endings, list) and (found := sorted(facts.extensions & set(endings))):
        yield _limit(
            "extensions_refused",
            f"no file that ends in {', '.join(endings)}",
            f"The version holds {', '.join(found)} files.",
        )
    if limits.get("held_back_refused") is True and facts.held_back:
        more = f" and {len(facts.held_back) - 1} more" if len(facts.held_back) > 1 else ""
        yield _limit(
            "held_back_refused",
            "no file is held back",
            f"It could be had without {facts.held_back[0]}{more} alone.",
        )


def _limit(name: str, rule: str, reason: str) -> Reason:
    return Reason(
        gate=name,
        outcome=GateOutcome.FAILED.value,
        mode=GateMode.ENFORCE.value,
        rule=rule,
        reason=reason,
        blocks=True,
    )


def decide_admission(
    policies: Iterable[Rules],
    *,
    answers: Mapping[str, Answer],
    facts: Facts,
    waivers: Iterable[Accepted] = (),
    now: datetime,
) -> Decision:
    """Admit for the lowest tier whose policy is satisfied; hold when none is."""
    waivers = tuple(waivers)
    order = sorted(policies, key=lambda rules: Tier.values.index(rules.tier))
    decided = tuple(
        decide_for_tier(rules, answers=answers, facts=facts, waivers=waivers, now=now)
        for rules in order
    )
    lowest = next((one.tier for one in decided if one.admits), "")
    return Decision(
        admission=(Admission.ADMITTED if lowest else Admission.HELD).value,
        lowest_tier=lowest,
        tiers=decided,
    )


WAITS = Reason(
    gate="curator",
    outcome="waiting",
    mode=GateMode.ENFORCE.value,
    rule="a curator admits what the update rule brought",
    reason="Every gate that is required passed. It waits for a curator.",
    blocks=True,
)


NO_FILES = Reason(
    gate="files",
    outcome=GateOutcome.UNKNOWN.value,
    mode=GateMode.ENFORCE.value,
    rule="a version has files that were verified and scanned",
    reason="It has no files here, so nothing of it was verified or scanned.",
    blocks=True,
)


def held_whole(why: str) -> Reason:
    """Say that a curator wants nothing of a version served while a file of it is held back."""
    return Reason(
        gate="curator",
        outcome=GateOutcome.FAILED.value,
        mode=GateMode.ENFORCE.value,
        rule="a curator holds all of it while a file is held back",
        reason=why,
        blocks=True,
    )


def hold(decision: Decision, reason: Reason) -> Decision:
    """Hold what policy would admit, for this reason; what it refuses stays as it is."""
    tiers = tuple(
        replace(tier, admits=False, reasons=(*tier.reasons, reason)) if tier.admits else tier
        for tier in decision.tiers
    )
    return Decision(admission=Admission.HELD.value, lowest_tier="", tiers=tiers)
