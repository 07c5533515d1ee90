"""The words of a refusal, case by case; then that rows are told by the case they are."""

from __future__ import annotations

import pytest

from core.errors import CancelledError, GateBlockedError, TierNotPermittedError
from registry import policy
from registry.enums import Gate, GateOutcome, ScanVerdict
from registry.seeds import seed
from registry.selectors.access import standing_of
from registry.services.curation import change_tier, withdraw
from registry.services.gates import decide, record_gate, record_scan_verdict
from registry.standing import Failure, Standing, reasons_in, refusal
from tests.registry.decided import decided, fresh, person

ALL = ("lite", "standard", "professional")
LICENSE = "Policy lite v1, license class in [permissive]: The license class is copyleft."
RUN = "00000000-0000-0000-0000-000000000001"


def standing(**values) -> Standing:
    usual = {"name": "a/b@1234567", "tier": "lite", "admission": "admitted", "scan_verdict": ""}
    return Standing(**usual | values)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        ({"admission": "pending"}, "is not admitted yet: its inspection has not finished."),
        (
            {"admission": "pending", "failure": Failure("x", "No space.", RUN)},
            "is not admitted: the last import failed: No space. Retry it, or ask for it again.",
        ),
        (
            {"admission": "pending", "failure": Failure(CancelledError.code, "", RUN)},
            "is not admitted: the last import was cancelled. Retry it, or ask for it again.",
        ),
        ({"admission": "held", "reasons": (LICENSE,)}, f"is held. {LICENSE}"),
        ({"scan_verdict": "unsafe", "reasons": ("It calls os.system.",)}, "is held. It calls"),
        ({"admission": "withdrawn"}, "was withdrawn."),
        ({"admission": "withdrawn", "reasons": ("It is bad.",)}, "was withdrawn. It is bad."),
        ({"tier": "standard", "reasons": (LICENSE,)}, f"is for tier standard and above. {LICENSE}"),
    ],
)
def test_each_case_has_its_words(values, said):
    error = refusal(standing(**values), tiers=["lite"])
    assert error is not None
    assert error.message.startswith(f"a/b@1234567 {said}")
    kind = TierNotPermittedError if values.get("tier") else GateBlockedError
    assert type(error) is kind
    assert error.details["reasons"] == list(values.get("reasons", ()))


def test_what_is_admitted_and_of_the_callers_tier_is_not_refused():
    assert refusal(standing(reasons=(LICENSE,)), tiers=["lite"]) is None


def tier(name, *reasons, admits=False) -> dict:
    said = [
        {"gate": gate, "rule": rule, "reason": reason, "blocks": blocks}
        for gate, rule, reason, blocks in reasons
    ]
    return {"tier": name, "policy": f"{name} v1", "admits": admits, "reasons": said}


CLASS = ("license_class", "license class in [x]", "It is y.", True)
MALWARE = ("malware", "gate malware must pass", "It calls.", True)
NOTED = ("metadata", "gate metadata must pass", "No card.", False)
CURATOR = (policy.WAITS.gate, policy.WAITS.rule, policy.WAITS.reason, True)
CHOSEN = ("A curator gave the model this tier.",)


@pytest.mark.parametrize(
    ("tiers", "values", "reasons"),
    [
        ([], {"admission": "held"}, ()),
        (
            [tier("lite", CLASS), tier("standard", MALWARE, NOTED)],
            {"admission": "held"},
            ("Policy standard v1, gate malware must pass: It calls.",),
        ),
        (
            [tier("lite", CLASS), tier("standard", CURATOR)],
            {"admission": "held"},
            (f"A curator admits what the update rule brought: {policy.WAITS.reason}",),
        ),
        # What some tier would have is not held for what the others refuse.
        ([tier("lite", CLASS), tier("standard", admits=True)], {"admission": "held"}, ()),
        (
            [tier("lite", CLASS), tier("standard", admits=True)],
            {"admission": "held", "unsafe": "It calls."},
            ("What a scan found unsafe is not given to anybody: It calls.",),
        ),
        (
            [tier("lite", CLASS)],
            {"admission": "held", "unsafe": "It calls."},
            (
                "Policy lite v1, license class in [x]: It is y.",
                "What a scan found unsafe is not given to anybody: It calls.",
            ),
        ),
        (
            [tier("lite", MALWARE)],
            {"admission": "held", "unsafe": "It calls."},
            ("Policy lite v1, gate malware must pass: It calls.",),
        ),
        # A withdrawal has nothing to do with what policies say.
        ([tier("lite", CLASS), tier("standard", admits=True)], {"admission": "withdrawn"}, ()),
        (
            [tier("lite", CLASS), tier("standard", admits=True)],
            {"admission": "withdrawn", "withdrawn": "Its authors asked for it."},
            ("The curator's reason: Its authors asked for it.",),
        ),
        (
            [tier("lite", CLASS), tier("standard", admits=True)],
            {"admission": "admitted"},
            ("Policy lite v1, license class in [x]: It is y.",),
        ),
        (
            [tier("lite", CLASS), tier("standard", admits=True)],
            {"admission": "admitted", "chosen": "A curator gave the model this tier."},
            CHOSEN,
        ),
    ],
)
def test_the_reasons_are_those_of_what_stands_in_the_way(tiers, values, reasons):
    assert reasons_in({"tiers": tiers}, **values) == reasons


@pytest.fixture
def told(db):
    seed()
    return lambda version: refusal(standing_of(version.model, version), tiers=ALL)


def test_a_withdrawal_is_not_explained_by_what_a_lower_tier_refuses(told):
    version = decided("copyleft")
    assert version.lowest_tier == "standard"
    withdraw(caller=person(role="curator"), version=version, reason="Its authors asked for it.")
    message = told(fresh(version)).message
    assert message.endswith("was withdrawn. The curator's reason: Its authors asked for it.")


def test_what_turned_unsafe_is_told_before_it_is_decided_again(told):
    version = decided("copyleft")
    record_gate(
        version=version, gate=Gate.MALWARE, outcome=GateOutcome.FAILED, reason="It calls os.system."
    )
    record_scan_verdict(version=version, verdict=ScanVerdict.UNSAFE)
    before = told(fresh(version))
    assert before.details["admission"] == "held"
    assert "It calls os.system." in before.message
    assert "license" not in before.message
    assert "It calls os.system." in told(fresh(decide(version=version))).message


def test_a_tier_above_what_policy_asks_is_said_to_be_a_curators(told):
    version = decided("copyleft")
    change_tier(caller=person(role="curator"), model=version.model, tier="professional")
    error = refusal(standing_of(fresh(version).model, version), tiers=["lite"])
    assert error.message.endswith(f"is for tier professional and above. {CHOSEN[0]}")
