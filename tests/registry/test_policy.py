"""The table of cases is the specification of admission."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from core.errors import GateBlockedError, TierNotPermittedError
from registry import policy
from registry.enums import Gate, GateOutcome, Tier
from registry.policy import Accepted, Answer, Facts, Rules
from registry.standing import Standing, check_bytes, tier_needed

NOW = datetime(2026, 11, 21, tzinfo=UTC)
ENFORCED = {"integrity": "enforce", "malware": "enforce", "license": "enforce", "metadata": "audit"}
POLICIES = [
    Rules(Tier.LITE, 1, ENFORCED, {"license_classes": ["permissive"], "max_bytes": 1000}),
    Rules(Tier.STANDARD, 1, ENFORCED, {"license_classes": ["permissive", "restricted"]}),
    Rules(Tier.PROFESSIONAL, 1, ENFORCED, {}),
]
PASSED = {gate: Answer(GateOutcome.PASSED) for gate in ENFORCED}
PERMISSIVE = Facts(license_class="permissive", size_bytes=10)


def decide(answers=PASSED, facts=PERMISSIVE, waivers=(), policies=POLICIES):
    return policy.decide_admission(policies, answers=answers, facts=facts, waivers=waivers, now=NOW)


def with_answer(gate, outcome, reason=""):
    return {**PASSED, gate: Answer(outcome, reason)}


@pytest.mark.parametrize(
    ("answers", "facts", "admission", "lowest"),
    [
        (PASSED, PERMISSIVE, "admitted", "lite"),
        (PASSED, Facts("restricted", 10), "admitted", "standard"),
        (PASSED, Facts("non-commercial", 10), "admitted", "professional"),
        (PASSED, Facts("permissive", 1001), "admitted", "standard"),
        (with_answer("metadata", GateOutcome.FAILED), PERMISSIVE, "admitted", "lite"),
        (with_answer("malware", GateOutcome.FAILED), PERMISSIVE, "held", ""),
        (with_answer("malware", GateOutcome.UNKNOWN), PERMISSIVE, "held", ""),
        (with_answer("integrity", GateOutcome.UNKNOWN), PERMISSIVE, "held", ""),
        (with_answer("license", GateOutcome.UNKNOWN), PERMISSIVE, "held", ""),
        ({}, PERMISSIVE, "held", ""),
    ],
)
def test_the_lowest_tier_whose_policy_is_satisfied(answers, facts, admission, lowest):
    decision = decide(answers, facts)
    assert (decision.admission, decision.lowest_tier) == (admission, lowest)


def test_without_a_policy_nothing_is_admitted():
    assert decide(policies=[]).admission == "held"


def test_a_gate_without_an_answer_says_that_it_was_not_asked():
    reasons = decide({}).tiers[0].blockers
    assert {reason.reason for reason in reasons} == {"Not answered yet."}


def test_every_no_names_rule_and_policy():
    decision = decide(facts=Facts("restricted", 10))
    (blocker,) = decision.tiers[0].blockers
    assert decision.tiers[0].policy == "lite v1"
    assert blocker.gate == "license_class"
    assert blocker.rule == "license class in [permissive]"
    assert blocker.reason == "The license class is restricted."


def test_a_refused_format_is_named():
    rules = [Rules(Tier.LITE, 2, {}, {"formats_refused": ["pickle"]})]
    decision = decide(facts=Facts("permissive", 1, frozenset({"pickle"})), policies=rules)
    assert decision.tiers[0].blockers[0].reason == "The version holds pickle files."


def test_a_gate_that_is_off_is_not_asked():
    rules = [Rules(Tier.LITE, 1, {"malware": "off"}, {})]
    assert decide({}, policies=rules).admission == "admitted"


def waiver(gate, tier=Tier.LITE, days=1):
    return Accepted(gate=gate, tier=tier, expires_at=NOW + timedelta(days=days))


@pytest.mark.parametrize(
    ("accepted", "lowest"),
    [
        (waiver("license"), "lite"),
        (waiver("license", Tier.STANDARD), "standard"),
        (waiver("license", days=-1), ""),
        (waiver("malware"), ""),
    ],
)
def test_a_waiver_counts_for_its_gate_tier_and_time(accepted, lowest):
    answers = with_answer("license", GateOutcome.UNKNOWN)
    decision = decide(answers, Facts("unknown", 10), waivers=[accepted])
    assert decision.lowest_tier == lowest


@pytest.mark.parametrize("gate", [Gate.MALWARE, Gate.INTEGRITY])
def test_nobody_can_waive_malware_or_integrity(gate):
    answers = with_answer(gate, GateOutcome.FAILED)
    assert decide(answers, waivers=[waiver(gate)]).admission == "held"


def test_the_order_of_policies_does_not_matter():
    assert decide(policies=POLICIES[::-1]).lowest_tier == "lite"


def standing(**values):
    given = {"name": "a/b@1", "tier": "lite", "admission": "admitted", "scan_verdict": "clean"}
    return Standing(**{**given, **values})


def test_an_admitted_version_of_the_callers_tier_may_leave():
    check_bytes(standing(), tiers=["lite"])


@pytest.mark.parametrize("admission", ["pending", "held", "withdrawn", "no such word"])
def test_nothing_else_leaves(admission):
    with pytest.raises(GateBlockedError) as caught:
        check_bytes(standing(admission=admission, reasons=("because",)), tiers=Tier.values)
    assert caught.value.details["admission"] == admission


def test_unsafe_never_leaves_whatever_was_decided():
    with pytest.raises(GateBlockedError):
        check_bytes(standing(scan_verdict="unsafe"), tiers=Tier.values)


def test_a_lower_tier_is_told_which_one_it_needs():
    with pytest.raises(TierNotPermittedError) as caught:
        check_bytes(standing(tier="standard"), tiers=["lite"])
    assert caught.value.details["needs_tier"] == "standard"


def test_a_caller_without_a_tier_gets_nothing():
    with pytest.raises(TierNotPermittedError):
        check_bytes(standing(), tiers=[])


@pytest.mark.parametrize(
    ("model_tier", "lowest", "by_curator", "needed"),
    [
        ("lite", "lite", False, "lite"),
        ("lite", "standard", False, "standard"),
        ("professional", "lite", False, "professional"),
        ("lite", "standard", True, "lite"),
        ("professional", "", False, "professional"),
    ],
)
def test_an_older_version_keeps_the_tier_of_its_own_decision(
    model_tier, lowest, by_curator, needed
):
    tier = tier_needed(model_tier=model_tier, lowest_tier=lowest, chosen_by_curator=by_curator)
    assert tier == needed


@pytest.mark.parametrize(
    ("limits", "facts", "gate"),
    [
        ({"max_file_bytes": 10}, Facts(largest_file=11), "max_file_bytes"),
        (
            {"extensions_refused": [".exe"]},
            Facts(extensions=frozenset({".exe"})),
            "extensions_refused",
        ),
    ],
)
def test_a_limit_of_single_files_holds_a_version(limits, facts, gate):
    rules = [Rules(Tier.LITE, 2, {}, limits)]
    refused = policy.decide_admission(rules, answers={}, facts=facts, now=NOW)
    assert refused.admission == "held"
    assert [reason.gate for reason in refused.tiers[0].blockers] == [gate]
    within = Facts(largest_file=10, extensions=frozenset({".json"}))
    decided = policy.decide_admission(rules, answers={}, facts=within, now=NOW)
    assert decided.admission == "admitted"
