"""Who may have the bytes of a version as it stands, and why not."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final

from core.errors import CancelledError, GateBlockedError, ModelyardError, TierNotPermittedError
from registry import policy
from registry.enums import Admission, Gate, ScanVerdict, Tier

_OF_NO_POLICY: Final = frozenset({policy.WAITS.gate, policy.NO_FILES.gate})


def tier_needed(*, model_tier: str, lowest_tier: str, chosen_by_curator: bool) -> str:
    """Say which tier a version asks for: its model's, or more where its own policies say so.

    A curator's choice is about the head; `chosen_by_curator` is false for every other version.
    """
    if chosen_by_curator or not lowest_tier:
        return model_tier
    return Tier.highest(model_tier, lowest_tier)


@dataclass(frozen=True, slots=True)
class Failure:
    """Why an import ended without a decision, and the run in which it did."""

    code: str
    reason: str
    run: str

    @classmethod
    def from_row(cls, kept: Mapping[str, str]) -> Failure | None:
        """Read what a version keeps; None while its last import did not fail."""
        return cls(kept["code"], kept["reason"], kept["run"]) if kept else None

    @property
    def sentence(self) -> str:
        if self.code == CancelledError.code:
            return "the last import was cancelled."
        return f"the last import failed: {self.reason}"


@dataclass(frozen=True, slots=True)
class Standing:
    """What of a version and its model decides whether bytes may leave the yard.

    `reasons` are sentences about what stands in the way: see `reasons_in`.
    """

    name: str
    tier: str
    admission: str
    scan_verdict: str
    reasons: tuple[str, ...] = ()
    failure: Failure | None = None


def reasons_in(
    decision: Mapping[str, Any],
    *,
    admission: str,
    withdrawn: str = "",
    unsafe: str = "",
    chosen: str = "",
) -> tuple[str, ...]:
    """Say in sentences what stands in the way of a version, each with the rule that it breaks.

    Of the tiers that refuse it, the one that comes nearest to having it speaks. What some tier
    admits is not held for what the others refuse. `withdrawn` is what the curator said who did
    that; `unsafe` what a scan found, decided upon or not; `chosen` who gave the model a tier above
    what policy asks for.
    """
    tiers = decision.get("tiers") or []
    refused = [tier for tier in tiers if not tier["admits"]]
    if admission == Admission.ADMITTED:
        return (chosen,) if chosen else _blocking(refused)
    if admission == Admission.WITHDRAWN:
        return (f"The curator's reason: {withdrawn}",) if withdrawn else ()
    if admission != Admission.HELD:
        return ()
    if len(refused) < len(tiers):
        refused = []
    if not unsafe or _blocks(refused, Gate.MALWARE):
        return _blocking(refused)
    return (*_blocking(refused), f"What a scan found unsafe is not given to anybody: {unsafe}")


def _blocking(refused: Sequence[Mapping[str, Any]]) -> tuple[str, ...]:
    return tuple(
        _sentence(tier["policy"], reason)
        for tier in refused[-1:]
        for reason in tier["reasons"]
        if reason["blocks"]
    )


def _blocks(refused: Sequence[Mapping[str, Any]], gate: str) -> bool:
    reasons = refused[-1]["reasons"] if refused else []
    return any(reason["blocks"] and reason["gate"] == gate for reason in reasons)


def _sentence(named: str, reason: Mapping[str, Any]) -> str:
    rule: str = reason["rule"]
    if reason["gate"] in _OF_NO_POLICY:
        return f"{rule[:1].upper()}{rule[1:]}: {reason['reason']}"
    return f"Policy {named}, {rule}: {reason['reason']}"


def check_bytes(standing: Standing, *, tiers: Iterable[str]) -> None:
    """Return quietly when a caller of these tiers may have the bytes; raise the reason if not."""
    if error := refusal(standing, tiers=tiers):
        raise error


def refusal(standing: Standing, *, tiers: Iterable[str]) -> ModelyardError | None:
    """Say why a caller of these tiers may not have the bytes, or None when they may."""
    why = " ".join(standing.reasons)
    details = {"admission": standing.admission, "reasons": list(standing.reasons)}
    if standing.admission == Admission.PENDING:
        return _pending(standing, details)
    if standing.admission == Admission.WITHDRAWN:
        return GateBlockedError(f"{standing.name} was withdrawn. {why}".strip(), **details)
    if standing.admission != Admission.ADMITTED or standing.scan_verdict == ScanVerdict.UNSAFE:
        return GateBlockedError(f"{standing.name} is held. {why}".strip(), **details)
    if standing.tier not in set(tiers):
        text = f"{standing.name} is for tier {standing.tier} and above. {why}".strip()
        return TierNotPermittedError(text, needs_tier=standing.tier, **details)
    return None


def _pending(standing: Standing, details: Mapping[str, object]) -> ModelyardError:
    failure = standing.failure
    if failure is None:
        why = " ".join(standing.reasons) or "its inspection has not finished."
        text = f"{standing.name} is not admitted yet: {why}"
        return GateBlockedError(text, **details)
    text = f"{standing.name} is not admitted: {failure.sentence} Retry it, or ask for it again."
    return GateBlockedError(text, **details, import_error=failure.code, workflow_id=failure.run)
