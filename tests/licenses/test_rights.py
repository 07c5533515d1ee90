"""Permissions in place of a license: evidence, never an open door."""

from __future__ import annotations

import pytest

from licenses.analysis import Card, analyze
from licenses.detection.rights import read_rights
from licenses.policy import answer
from tests.licenses.papers import detect
from tests.licenses.texts import mit

OPEN = {
    "stated_by": "CivitAI",
    "commercial_use": ["Image", "RentCivit", "Rent", "Sell"],
    "derivatives": True,
    "no_credit": True,
    "different_license": True,
}
CLOSED = {**OPEN, "commercial_use": []}
MIT = {"LICENSE": mit().encode()}


@pytest.mark.parametrize(
    ("rights", "license_class", "said"),
    [
        (OPEN, "unknown", "commercial use: Image, RentCivit, Rent, Sell; derivatives: yes"),
        (CLOSED, "non-commercial", "commercial use: none; derivatives: yes"),
        ({**OPEN, "derivatives": False, "no_credit": False}, "unknown", "credit: no"),
        ({"different_license": False}, "unknown", "commercial use: not said"),
        ({**OPEN, "commercial_use": "Sell"}, "unknown", "commercial use: not said"),
        ({**CLOSED, "stated_by": 7, "derivatives": "x"}, "non-commercial", "derivatives: not said"),
    ],
)
def test_rights_are_kept_as_evidence_and_never_pass(rights, license_class, said):
    finding = detect(None, None, None, {}, rights)
    (evidence,) = finding.evidence
    assert finding.license_class.value == license_class
    assert said in evidence.quote
    assert finding.needs_review
    assert answer(finding).outcome == "unknown"


@pytest.mark.parametrize(
    "rights", [None, "all", [], {}, {"commercial_use": None}, {"commercial_use": 1, "no_credit": 0}]
)
def test_rights_that_say_nothing_are_none(rights):
    assert read_rights(rights) is None
    assert detect(None, None, None, {}, rights) == detect(None, None, None, {})


def test_a_stated_license_comes_before_rights():
    assert detect("mit", None, None, {}, CLOSED) == detect("mit", None, None, {})


def test_a_license_file_does_not_lift_what_rights_forbid():
    finding = detect(None, None, None, MIT, CLOSED)
    assert finding.conflicts == ("The card says non-commercial, the license file says MIT.",)
    assert finding.license_class.value == "non-commercial"
    assert answer(finding).outcome == "unknown"


def test_a_license_file_beside_open_rights_is_read_and_a_person_is_asked():
    finding = detect(None, None, None, MIT, OPEN)
    assert (finding.spdx, finding.needs_review) == ("MIT", True)
    assert answer(finding).outcome == "unknown"


def test_words_of_rights_are_made_fit_to_show():
    odd = {"stated_by": "a\x00b" + "c" * 999, "commercial_use": ["\u202ex" * 999] * 99}
    (evidence,) = read_rights(odd).evidence
    assert evidence.quote.isprintable()
    assert len(evidence.quote) <= 240
    assert len(evidence.path) < 300


@pytest.mark.parametrize("rights", [OPEN, CLOSED, {"x": ["y"]}, 7, None])
def test_a_child_answers_what_we_would_in_this_process(rights, tmp_path):
    card = Card(None, None, None, rights)
    assert analyze(card, MIT, scratch=tmp_path) == detect(None, None, None, MIT, rights)
