"""What pages show of gates and decisions: finished values, so that templates decide nothing."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from registry.enums import Admission, Tier
from registry.models import GateResult, ModelVersion

_TABS = {"malware": "scan", "license": "license", "license_class": "license", "integrity": "files"}
_ORDER = ("source", "integrity", "malware", "license", "metadata")


def tab_url(gate: str, model_url: str) -> str:
    """The tab of the model page that holds the evidence of a gate."""
    tab = _TABS.get(gate)
    return f"{model_url}{tab}/" if tab else ""


def gate_rows(gates: Iterable[GateResult], model_url: str) -> list[dict[str, str]]:
    """Every gate in its order; one without an answer waits."""
    answers = {gate.gate: gate for gate in gates}
    rows = []
    for name in _ORDER:
        answer = answers.get(name)
        rows.append(
            {
                "name": name,
                "outcome": answer.outcome if answer else "",
                "mode": answer.mode if answer else "enforce",
                "reason": answer.reason if answer else "",
                "url": tab_url(name, model_url) if answer else "",
            }
        )
    return rows


def tier_decision(version: ModelVersion | None, tier: str | None) -> dict[str, Any]:
    """The stored decision as one tier's policy took it; empty while nothing is decided."""
    tiers = (version.decision.get("tiers") or []) if version else []
    return next((one for one in tiers if one["tier"] == tier), {})


def blocking(version: ModelVersion | None, tier: str | None, model_url: str) -> dict[str, Any]:
    """What says no for this tier: policy, tier and each rule with its reason."""
    decision = tier_decision(version, tier)
    reasons = [
        {**reason, "url": tab_url(reason["gate"], model_url)}
        for reason in decision.get("reasons", [])
        if reason["blocks"]
    ]
    return {"policy": decision.get("policy", ""), "tier": tier or "", "reasons": reasons}


def outlook(tiers: Iterable[dict[str, Any]], *, likely: bool = False) -> list[dict[str, object]]:
    """One line per tier: what it gets (or would get) and by which rule."""
    rows: list[dict[str, object]] = []
    for one in tiers:
        first = next((reason for reason in one["reasons"] if reason["blocks"]), None)
        rule = first["rule"] if first else ""
        rows.append(
            {
                "tier": one["tier"],
                "admission": "admitted" if one["admits"] else "held",
                "likely": likely,
                "likely_word": "likely admitted" if one["admits"] else "would be held",
                "policy": one["policy"],
                "rule": rule,
                "reason": first["reason"] if first else "Every required gate passes.",
            }
        )
    return rows


def stamp_line(version: ModelVersion | None) -> str:
    if version is None or version.admission == Admission.PENDING:
        failed = version is not None and version.failure
        return "the last import failed" if failed else "gates still to answer"
    when = f"{version.decided_at:%-d %b %Y}" if version.decided_at else ""
    if version.admission == Admission.ADMITTED:
        above = "" if version.lowest_tier == Tier.PROFESSIONAL else " and above"
        return f"{version.lowest_tier}{above} · {when}"
    return (
        f"by policy · {when}" if version.admission == Admission.HELD else f"by a curator · {when}"
    )


def decision_line(version: ModelVersion | None) -> str:
    """Who decided, in a few words."""
    if version is None or not version.decision.get("tiers"):
        return ""
    tiers = version.decision["tiers"]
    admitting = next((one for one in tiers if one["admits"]), None)
    if admitting:
        return f"Policy {admitting['policy']}: every required gate passed"
    return f"No policy admits it, not even {tiers[-1]['policy']}"
