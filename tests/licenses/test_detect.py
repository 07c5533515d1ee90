from __future__ import annotations

import json
from dataclasses import asdict

import pytest

from licenses.detection.classes import LicenseClass
from licenses.detection.names import MAX_FILES, MAX_TEXT, is_license_file
from licenses.policy import answer
from tests.licenses.papers import detect
from tests.licenses.texts import installed_license, mit, spdx_text

MIT = mit().encode()
APACHE = spdx_text("Apache-2.0").encode()
PERMISSIVE = frozenset({"permissive"})


def test_card_and_file_that_agree_pass_with_the_lines_as_evidence():
    finding = detect("mit", None, None, {"LICENSE": MIT})
    assert (finding.spdx, finding.license_class, finding.confidence) == (
        "MIT",
        LicenseClass.PERMISSIVE,
        "high",
    )
    assert {line.source for line in finding.evidence} == {"card", "file"}
    file = next(line for line in finding.evidence if line.source == "file")
    assert (file.path, file.lines) == ("LICENSE", (5, 18))
    assert file.quote.startswith("Permission is hereby granted")
    assert answer(finding, PERMISSIVE).outcome == "passed"
    assert finding.obligations == ("include-license", "include-copyright")


def test_nothing_stated_is_unknown_and_says_so():
    finding = detect(None, None, None, {})
    assert (finding.spdx, finding.license_class) == ("NONE", LicenseClass.UNKNOWN)
    assert finding.reasons == ("The model states no license.",)
    assert answer(finding, frozenset(LicenseClass)).outcome == "unknown"


def test_a_card_alone_is_believed_with_medium_confidence():
    finding = detect("apache-2.0", None, None, {})
    assert (finding.spdx, finding.confidence) == ("Apache-2.0", "medium")
    assert answer(finding, PERMISSIVE).outcome == "passed"


def test_a_file_alone_decides():
    finding = detect(None, None, None, {"LICENSE": installed_license("huggingface-hub")})
    assert (finding.spdx, finding.confidence) == ("Apache-2.0", "high")
    assert answer(finding, PERMISSIVE).outcome == "passed"


def test_card_and_file_that_differ_are_a_conflict_that_never_passes():
    finding = detect("mit", None, None, {"LICENSE": APACHE})
    assert finding.conflicts == ("The card says MIT, the license file says Apache-2.0.",)
    assert answer(finding, frozenset(LicenseClass)).outcome == "unknown"


def test_in_a_conflict_the_stricter_class_counts_whoever_says_it():
    noncommercial = spdx_text("CC-BY-NC-4.0").encode()
    for card, file in (("mit", noncommercial), ("cc-by-nc-4.0", MIT)):
        finding = detect(card, None, None, {"LICENSE": file})
        assert finding.license_class is LicenseClass.NON_COMMERCIAL
        assert finding.conflicts


@pytest.mark.parametrize("card", ["mit", None, "other", ["mit"]])
def test_mit_with_a_ban_on_commercial_use_is_never_mit(card):
    text = MIT + b"\nThis model may not be used for commercial purposes.\n"
    finding = detect(card, None, None, {"LICENSE": text})
    assert finding.spdx == "LicenseRef-Modified-MIT"
    assert finding.license_class is LicenseClass.NON_COMMERCIAL
    assert answer(finding, PERMISSIVE).outcome != "passed"
    assert answer(finding, frozenset(LicenseClass)).outcome == "unknown"
    clause = next(line for line in finding.evidence if line.says == "forbids commercial use")
    assert clause.quote == "This model may not be used for commercial purposes."
    assert clause.lines == (20, 20)


def test_a_change_that_nothing_recognizes_needs_a_person():
    finding = detect("mit", None, None, {"LICENSE": MIT.replace(b"free of", b"out of")})
    assert finding.license_class is LicenseClass.UNKNOWN
    assert finding.needs_review
    assert any(line.says == "added: out" for line in finding.evidence)
    assert any(line.says == "removed: free" for line in finding.evidence)


def test_a_file_of_a_choice_settles_the_choice():
    finding = detect("MIT OR Apache-2.0", None, None, {"LICENSE": APACHE})
    assert (finding.spdx, finding.conflicts) == ("Apache-2.0", ())
    assert answer(finding, PERMISSIVE).outcome == "passed"


def test_the_card_tells_or_later_where_the_text_cannot():
    text = spdx_text("GPL-3.0-only").encode()
    finding = detect("GPL-3.0-or-later", None, None, {"COPYING": text})
    assert (finding.spdx, finding.conflicts) == ("GPL-3.0-or-later", ())


def test_several_names_on_the_card_all_apply():
    finding = detect(["mit", "cc-by-nc-4.0"], None, None, {})
    assert finding.spdx == "MIT AND CC-BY-NC-4.0"
    assert finding.license_class is LicenseClass.NON_COMMERCIAL


def test_all_files_apply_and_a_stricter_one_is_a_conflict_with_the_card():
    files = {"LICENSE": MIT, "weights/LICENSE": spdx_text("CC-BY-NC-4.0").encode()}
    finding = detect("mit", None, None, files)
    assert finding.license_class is LicenseClass.NON_COMMERCIAL
    assert finding.conflicts


@pytest.mark.parametrize(
    ("name", "link", "license_class"),
    [
        ("llama3.1", "LICENSE", "restricted"),
        ("flux-1-dev-non-commercial-license", None, "non-commercial"),
        (None, "https://www.apache.org/licenses/LICENSE-2.0", "permissive"),
        ("my-own", "https://www.apache.org/licenses/LICENSE-2.0", "unknown"),
        (None, "https://evil.example/LICENSE-2.0", "unknown"),
        (None, None, "unknown"),
    ],
)
def test_other_leaves_the_answer_to_license_name_and_link(name, link, license_class):
    assert detect("other", name, link, {}).license_class == license_class


def test_the_file_that_the_card_links_counts_whatever_it_is_called():
    finding = detect("mit", None, "legal.md", {"legal.md": APACHE, "other.md": APACHE})
    assert [line.path for line in finding.evidence if line.source == "file"] == ["legal.md"]
    assert finding.conflicts


def test_a_notice_that_grants_nothing_does_not_spoil_the_answer():
    notice = b"Example Model\nThis product includes parts made by the Example Foundation.\n" * 4
    finding = detect("apache-2.0", None, None, {"LICENSE": APACHE, "NOTICE": notice})
    assert (finding.spdx, finding.needs_review) == ("Apache-2.0", False)
    assert any(line.path == "NOTICE" for line in finding.evidence)


def test_a_notice_that_restricts_does():
    notice = b"Example Model\nNot to be used for any commercial purpose whatsoever.\n"
    finding = detect("apache-2.0", None, None, {"LICENSE": APACHE, "NOTICE": notice})
    assert answer(finding, PERMISSIVE).outcome == "unknown"


@pytest.mark.parametrize(
    "card", [7, True, 1.5, {"a": "b"}, [1], ["mit", None], ["mit"] * 500, b"x"]
)
def test_a_card_field_that_is_no_name_is_unknown_with_a_reason(card):
    finding = detect(card, None, None, {})
    assert finding.license_class is LicenseClass.UNKNOWN
    assert finding.reasons == ("The card's license field is not a name or a list of names.",)


@pytest.mark.parametrize("empty", [None, "", [], " \n", [""], "\x00"])
def test_an_empty_card_field_states_nothing(empty):
    assert detect(empty, None, None, {}).spdx == "NONE"


@pytest.mark.parametrize("other", [3, {}, [], True, "\x00", "x" * 100_000])
def test_odd_license_names_and_links_do_no_harm(other):
    finding = detect("other", other, other, {"LICENSE": MIT})
    assert finding.spdx == "MIT"


@pytest.mark.parametrize("card", [None, "other", "unknown"])
def test_a_card_that_leaves_it_open_leaves_it_to_the_file(card):
    finding = detect(card, None, None, {"LICENSE": MIT})
    assert (finding.spdx, answer(finding, PERMISSIVE).outcome) == ("MIT", "passed")


@pytest.mark.parametrize("card", ["my-own-terms", {"a": 1}, ["mit", "my-own-terms"], 7])
def test_a_card_that_says_something_unknown_needs_a_person_beside_a_known_file(card):
    finding = detect(card, None, None, {"LICENSE": MIT})
    assert finding.spdx == "MIT"
    assert answer(finding, PERMISSIVE).outcome == "unknown"


def test_a_name_of_its_own_on_the_card_needs_a_person_beside_a_known_file():
    finding = detect("other", "my-own-terms", "LICENSE", {"LICENSE": MIT})
    assert answer(finding, PERMISSIVE).outcome == "unknown"


@pytest.mark.parametrize(
    ("card", "held", "outcome"),
    [
        ("bsd", "BSD-3-Clause", "passed"),
        ("cc", "CC-BY-4.0", "passed"),
        ("cc-by", "CC-BY-NC-4.0", "unknown"),
        ("bsd", "MIT", "unknown"),
    ],
)
def test_a_family_on_the_card_agrees_with_its_members_unless_they_are_stricter(card, held, outcome):
    finding = detect(card, None, None, {"LICENSE": spdx_text(held).encode()})
    assert finding.spdx == held
    assert answer(finding, PERMISSIVE).outcome == outcome


@pytest.mark.parametrize(
    ("content", "why"),
    [
        (b"", "LICENSE is empty."),
        (b" \n\t", "LICENSE is empty."),
        (b"\x89PNG\x00\x00", "LICENSE is not text and was not read."),
        (MIT + b" " * MAX_TEXT, "LICENSE is larger than 256 KiB and was not read."),
    ],
)
def test_a_license_file_that_cannot_be_read_never_passes(content, why):
    finding = detect("mit", None, None, {"LICENSE": content})
    assert why in finding.reasons
    assert answer(finding, frozenset(LicenseClass)).outcome == "unknown"


def test_latin_1_and_utf_16_are_read():
    text = mit("Copyright (c) 2024 Jos\xe9 N\xfa\xf1ez")
    for content in (text.encode("latin-1"), text.encode("utf-16"), text.encode("utf-8-sig")):
        assert detect("mit", None, None, {"LICENSE": content}).confidence == "high"


def test_more_files_than_are_read_need_a_person():
    files = {f"{at:03}/LICENSE": b"MIT" for at in range(MAX_FILES + 1)}
    finding = detect("mit", None, None, files)
    assert finding.needs_review
    assert answer(finding, frozenset(LicenseClass)).outcome == "unknown"


def test_a_finding_can_be_stored_as_json_whatever_the_input_held():
    hostile = "\x00\ud800\x1b[31m"
    finding = detect(hostile, hostile, hostile, {f"{hostile}/LICENSE": b"\x1b[2J" + MIT})
    text = json.dumps(asdict(finding), ensure_ascii=False)
    text.encode()
    assert not any(sign in json.dumps(asdict(finding)) for sign in (r"\u0000", r"\u001b", r"\ud8"))


@pytest.mark.parametrize(
    ("path", "is_one"),
    [
        ("LICENSE", True),
        ("license.md", True),
        ("LICENCE.txt", True),
        ("LICENSE-MODEL", True),
        ("MODEL_LICENSE", True),
        ("THIRD-PARTY-LICENSES.txt", True),
        ("COPYING.LESSER", True),
        ("NOTICE", True),
        ("sub/dir/UNLICENSE", True),
        ("USE_POLICY.md", True),
        ("LICENSE.py", False),
        ("license.json", False),
        ("README.md", False),
        ("licensed_words.txt", False),
        ("model.safetensors", False),
        ("x" * 5000 + "-LICENSE", False),
    ],
)
def test_license_files_are_known_by_name(path, is_one):
    assert is_license_file(path) is is_one
