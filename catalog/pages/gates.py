"""What pages show of gates and decisions: finished values, so that templates decide nothing."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from core.wording import listed
from registry.enums import Admission, GateMode, GateOutcome, Tier
from registry.models import GateResult, ModelVersion
from registry.policy import NOT_ANSWERED, UNWAIVABLE
from registry.services.gates import active_rules

_TABS = {"malware": "scan", "license": "license", "license_class": "license", "integrity": "files"}
_ORDER = ("source", "integrity", "malware", "license", "metadata")
# Limits stand behind the gate that they are about.
_RANK = {
    name: rank
    for rank, name in enumerate(
        (
            *(*_ORDER[:3], "formats_refused", "extensions_refused", "license", "license_class"),
            *("metadata", "max_file_bytes", "max_bytes"),
        )
    )
}
_LIMITS = {
    "formats_refused": "the limit of formats",
    "extensions_refused": "the limit of file endings",
    "max_file_bytes": "the limit of file size",
    "max_bytes": "the limit of size",
}
LICENSE_ALONE = frozenset({"license", "license_class"})


def tab_url(gate: str, model_url: str) -> str:
    """The tab of the model page that holds the evidence of a gate."""
    tab = _TABS.get(gate)
    return f"{model_url}{tab}/" if tab else ""


def gates_of(
    version: ModelVersion | None, tier: str | None, model_url: str
) -> list[dict[str, str]]:
    """Every gate of a version; until it is decided, as the policy of this tier would take it."""
    if version is None:
        return gate_rows((), model_url)
    modes = {} if version.decision else _modes_now(tier)
    return gate_rows(version.gates.all(), model_url, modes)


def _modes_now(tier: str | None) -> Mapping[str, str]:
    return next((rules.gates for rules in active_rules() if rules.tier == tier), {})


def gate_rows(
    gates: Iterable[GateResult], model_url: str, modes: Mapping[str, str] | None = None
) -> list[dict[str, str]]:
    """Every gate in its order; one without an answer waits. `modes` come before those kept."""
    answers = {gate.gate: gate for gate in gates}
    rows = []
    for name in _ORDER:
        answer = answers.get(name)
        rows.append(
            {
                "name": name,
                "outcome": answer.outcome if answer else "",
                "mode": (modes or {}).get(name) or (answer.mode if answer else "enforce"),
                "reason": answer.reason if answer else "",
                "url": tab_url(name, model_url) if answer else "",
            }
        )
    return rows


def passed(rows: Iterable[Mapping[str, str]], gate: str) -> bool:
    return any(row["name"] == gate and row["outcome"] == GateOutcome.PASSED for row in rows)


def tier_decision(version: ModelVersion | None, tier: str | None) -> dict[str, Any]:
    """The stored decision as one tier's policy took it; empty while nothing is decided."""
    tiers = (version.decision.get("tiers") or []) if version else []
    return next((one for one in tiers if one["tier"] == tier), {})


def blocking(version: ModelVersion | None, tier: str | None, model_url: str) -> dict[str, Any]:
    """What says no for this tier: policy, tier and each rule with its reason."""
    decision = tier_decision(version, tier)
    found = _sorted_blockers(decision)
    return {
        "policy": decision.get("policy", ""),
        "tier": tier or "",
        "reasons": [{**reason, "url": tab_url(reason["gate"], model_url)} for reason in found],
        "never": listed(
            [_LIMITS.get(reason["gate"], reason["gate"]) for reason in found if _is_final(reason)]
        ),
    }


def _sorted_blockers(decision: Mapping[str, Any]) -> list[dict[str, Any]]:
    """What says no, in the order of the gates; those that have not answered are one, the last."""
    reasons = [reason for reason in decision.get("reasons", []) if reason["blocks"]]
    reasons.sort(key=lambda reason: _RANK.get(reason["gate"], len(_RANK)))
    waiting = [reason for reason in reasons if reason["reason"] == NOT_ANSWERED]
    if len(waiting) < 2:  # noqa: PLR2004 one needs no list
        return reasons
    names = listed([reason["gate"] for reason in waiting])
    together = {**waiting[0], "gate": names, "rule": f"gates {names} must pass"}
    return [*(reason for reason in reasons if reason not in waiting), together]


def _is_final(reason: Mapping[str, Any]) -> bool:
    """Whether no curator may accept it: a limit, or an answer of a gate that is never waived."""
    gate = reason["gate"]
    if gate in _LIMITS:
        return True
    return gate in UNWAIVABLE and reason["reason"] != NOT_ANSWERED


def outlook(tiers: Iterable[dict[str, Any]], *, likely: bool = False) -> list[dict[str, object]]:
    """One line per tier: what it gets (or would get) and by which rule."""
    rows: list[dict[str, object]] = []
    for one in tiers:
        first = next(iter(_sorted_blockers(one)), None)
        words = ("likely admitted", "would be held") if likely else ("", "")
        rows.append(_outlook_row(one, first, words, "Every required gate passes."))
    return rows


def license_outlook(tiers: Iterable[dict[str, Any]]) -> list[dict[str, object]]:
    """One line per tier: what its policy says to the license, whatever other gates say."""
    rows: list[dict[str, object]] = []
    for one in tiers:
        asked = [reason for reason in one["reasons"] if reason["gate"] in LICENSE_ALONE]
        first = next(iter(_sorted_blockers({"reasons": asked})), None)
        rows.append(_outlook_row(one, first, ("accepted", "not accepted"), _why_accepted(asked)))
    return rows


def _why_accepted(asked: list[dict[str, Any]]) -> str:
    """Why a license stands in nobody's way: it passed, was waived, is only noted, or not asked."""
    if not asked:
        return "Its license is not asked for."
    other = next((one for one in asked if one["outcome"] != GateOutcome.PASSED), None)
    if other is None:
        return "Its license is one of those that this tier accepts."
    noted = " Noted, does not block." if other["mode"] == GateMode.AUDIT else ""
    return f"{other['reason']}{noted}"


def _outlook_row(
    one: Mapping[str, Any], first: Mapping[str, Any] | None, words: tuple[str, str], good: str
) -> dict[str, object]:
    return {
        "tier": one["tier"],
        "admission": "held" if first else "admitted",
        "word": words[1] if first else words[0],
        "policy": one["policy"],
        "rule": first["rule"] if first else "",
        "reason": f"{(first['reason'] if first else good).rstrip('.')}.",
    }


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
