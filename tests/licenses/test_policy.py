from __future__ import annotations

import pytest

from licenses.detection.classes import LicenseClass, most_lenient, strictest
from licenses.detection.finding import LicenseFinding
from licenses.policy import answer
from registry.enums import GateOutcome
from registry.enums import LicenseClass as StoredClass

CLEAR = {name: LicenseFinding("X", name, "high") for name in LicenseClass}
STRICT_TIER = frozenset({"permissive"})
WIDE_TIER = frozenset({"permissive", "copyleft", "restricted"})


@pytest.mark.parametrize(
    ("license_class", "allowed", "outcome"),
    [
        ("permissive", STRICT_TIER, "passed"),
        ("copyleft", STRICT_TIER, "failed"),
        ("copyleft", WIDE_TIER, "passed"),
        ("restricted", WIDE_TIER, "passed"),
        ("non-commercial", WIDE_TIER, "failed"),
        ("unknown", STRICT_TIER, "unknown"),
        ("unknown", frozenset(LicenseClass), "unknown"),
        ("permissive", frozenset(), "failed"),
    ],
)
def test_a_class_passes_only_where_it_is_allowed_and_unknown_never(license_class, allowed, outcome):
    assert answer(CLEAR[license_class], allowed).outcome == outcome


def test_without_a_tier_any_clear_license_passes():
    outcomes = {name: answer(finding).outcome for name, finding in CLEAR.items()}
    assert outcomes.pop("unknown") == "unknown"
    assert set(outcomes.values()) == {"passed"}


def test_a_refusal_names_the_license_its_class_and_what_is_allowed():
    reasons = answer(CLEAR["non-commercial"], WIDE_TIER).reasons
    assert reasons[0] == (
        "X is non-commercial; this tier allows only: copyleft, permissive, restricted."
    )


def test_what_needs_review_or_conflicts_does_not_pass():
    review = LicenseFinding("X", LicenseClass.PERMISSIVE, "low", needs_review=True)
    conflict = LicenseFinding("X", LicenseClass.PERMISSIVE, "high", conflicts=("They differ.",))
    assert answer(review, STRICT_TIER).outcome == "unknown"
    assert answer(conflict, STRICT_TIER).outcome == "unknown"
    assert answer(conflict, STRICT_TIER).reasons[0] == "They differ."


def test_classes_and_outcomes_are_the_words_of_the_schema():
    assert [str(one) for one in LicenseClass] == list(StoredClass.values)
    assert {"passed", "failed", "unknown"} <= set(GateOutcome.values)


def test_combining_nothing_is_unknown():
    assert strictest([]) is LicenseClass.UNKNOWN
    assert most_lenient([]) is LicenseClass.UNKNOWN
