from __future__ import annotations

import textwrap

import pytest

from licenses.detection import fingerprints
from licenses.detection.catalog import licenses
from licenses.detection.classes import LicenseClass
from licenses.detection.fingerprints import drift_from, fingerprint
from licenses.detection.text import match_text, restricted_class
from licenses.detection.words import read_words
from tests.licenses.texts import installed_license, mit, spdx_text

OPEN = ["MIT", "Apache-2.0", "BSD-2-Clause", "BSD-3-Clause", "ISC", "MPL-2.0", "GPL-3.0-only"]
OTHER = ["CC-BY-4.0", "CC-BY-NC-4.0", "CC-BY-SA-4.0", "CC0-1.0", "Unlicense", "OFL-1.1", "WTFPL"]


@pytest.mark.parametrize("spdx", OPEN + OTHER)
def test_a_reference_text_is_exactly_itself(spdx):
    match = match_text(spdx_text(spdx))
    assert (match.state, match.ids) == ("exact", (spdx,))


@pytest.mark.parametrize(
    ("package", "spdx"),
    [
        ("websocket-client", "Apache-2.0"),
        ("huggingface-hub", "Apache-2.0"),
        ("execnet", "MIT"),
        ("django", "BSD-3-Clause"),
        ("pathspec", "MPL-2.0"),
    ],
)
def test_the_license_of_an_installed_package_is_recognized_word_for_word(package, spdx):
    match = match_text(installed_license(package).decode())
    assert (match.state, match.ids) == ("exact", (spdx,))


@pytest.mark.parametrize("spdx", ["MIT", "Apache-2.0", "BSD-3-Clause"])
def test_layout_markup_case_and_line_ends_do_not_matter(spdx):
    text = spdx_text(spdx)
    wrapped = "\r\n\r\n".join(textwrap.fill(part, 50) for part in text.split("\n\n"))
    quoted = "\n".join(f"# **{line}**" if line.strip() else line for line in text.split("\n"))
    for other in (wrapped, quoted, text.upper(), f"\ufeff\n\n{text}\n"):
        assert match_text(other).state == "exact"


@pytest.mark.parametrize(
    "holder",
    [
        "Copyright (c) 2024 The Example Authors",
        "Copyright © 2019-2024 Zoë Müller <z@example.org>. All rights reserved.",
        "Copyright (c) 2017 to present Example Inc. and individual contributors.",
        "(c) 2024 Example\nCopyright 2020 Another",
    ],
)
def test_copyright_lines_do_not_matter(holder):
    assert match_text(mit(holder)).state == "exact"


@pytest.mark.parametrize(
    "clause",
    [
        "This software may not be used for commercial purposes.",
        "Any commercial use is strictly prohibited without written permission.",
        "The Software is licensed for non-commercial use only.",
        "For research purposes only.",
        "You may use it for academic and research purposes only.",
        "This work is provided solely for personal or educational use.",
    ],
)
@pytest.mark.parametrize("place", ["end", "start", "middle", "copyright line"])
def test_mit_with_a_ban_on_commercial_use_is_non_commercial_and_quotes_the_clause(clause, place):
    match = match_text(_placed(clause, place))
    assert match.state == "modified"
    assert match.ids == ("MIT",)
    assert restricted_class(match) is LicenseClass.NON_COMMERCIAL
    quotes = " ".join(found.quote for found in match.restrictions)
    assert clause.rstrip(".").split()[-1] in quotes


def _placed(clause: str, place: str) -> str:
    text = mit()
    if place == "end":
        return f"{text}\n{clause}\n"
    if place == "start":
        return text.replace("Permission is hereby", f"{clause}\n\nPermission is hereby")
    if place == "middle":
        return text.replace("The above copyright", f"{clause}\n\nThe above copyright")
    return mit(f"Copyright (c) 2024 The Example Authors. {clause}")


@pytest.mark.parametrize(
    ("old", "new", "word"),
    [
        ("free of charge", "for a charge", "for a"),
        ("free of charge, to any person", "free of charge, to any student", "student"),
        ("use, copy, modify, merge,", "use, copy,", "modify merge"),
        ("publish, distribute, sublicense, and/or sell", "publish, distribute", "sublicense"),
        ("WITHOUT WARRANTY", "WITH WARRANTY", "with"),
        ("to deal", "to d\u0435al", "d\u0435al"),
        ("WITHOUT WARRANTY", "WITHOUT SOME WARRANTY", "some"),
    ],
)
def test_any_changed_word_makes_a_text_modified_and_is_named(old, new, word):
    text = _unwrapped(mit())
    assert old in text
    assert match_text(text).state == "exact"
    match = match_text(text.replace(old, new))
    assert match.state == "modified"
    assert any(word in found.words for found in match.differences)


def _unwrapped(text: str) -> str:
    return "\n\n".join(" ".join(part.split()) for part in text.split("\n\n"))


def test_a_changed_word_is_shown_with_its_line():
    match = match_text(mit().replace("free of charge", "free of hats"))
    added = next(found for found in match.differences if found.kind == "added")
    assert added.lines == (5, 5)
    assert "free of hats" in added.quote


def test_an_invisible_character_does_not_hide_a_ban():
    match = match_text(f"{mit()}\nNot for com\u200bmercial use.\n")
    assert restricted_class(match) is LicenseClass.NON_COMMERCIAL


def test_a_use_restriction_is_recognized_as_restricted():
    match = match_text(f"{mit()}\nThe Software shall not be used for military purposes.\n")
    assert restricted_class(match) is LicenseClass.RESTRICTED


def test_a_name_in_the_place_for_one_is_no_change_but_a_condition_there_is():
    text = _unwrapped(spdx_text("BSD-3-Clause"))
    named = text.replace("name of the copyright holder nor", "name of Example Corp. nor")
    assert named != text
    assert match_text(named).state == "exact"
    slipped = text.replace("holder nor", "holder, not for commercial use, nor")
    assert match_text(slipped).state == "modified"


def test_permission_for_commercial_and_non_commercial_use_is_no_ban():
    match = match_text("Anyone may use this for any purpose, commercial or non-commercial.")
    assert match.state == "unmatched"
    assert match.restrictions == ()


def test_apache_without_its_appendix_is_apache():
    text = spdx_text("Apache-2.0")
    cut = text[: text.index("APPENDIX")]
    assert match_text(cut).state == "exact"


def test_two_whole_licenses_in_one_file_are_both_found():
    match = match_text(f"{spdx_text('Apache-2.0')}\n\n{mit()}")
    assert (match.state, match.ids) == ("exact", ("Apache-2.0", "MIT"))


def test_two_licenses_with_a_clause_between_them_are_not_clean():
    between = "Neither may be used in production by anyone who is not a paying customer of ours."
    match = match_text(f"{spdx_text('Apache-2.0')}\n\n{between}\n\n{mit()}")
    assert match.state == "modified"


@pytest.mark.parametrize(
    ("text", "spdx"),
    [
        ("MIT\n", "MIT"),
        ("SPDX-License-Identifier: Apache-2.0", "Apache-2.0"),
        ("MIT License", "MIT"),
    ],
)
def test_a_file_that_only_names_its_license_is_named_not_exact(text, spdx):
    match = match_text(text)
    assert (match.state, match.ids) == ("named", (spdx,))


@pytest.mark.parametrize("text", ["", " \n", "\x00\x01", "Do as you like.", "7 " * 5000, "# " * 99])
def test_a_text_that_is_no_license_matches_nothing(text):
    assert match_text(text).state == "unmatched"


@pytest.mark.parametrize(
    "words",
    ["the ", "not ", "neither the name of ", "1. a. i. ", "only research ", "; 1.1 ", "(c) "],
)
def test_a_hostile_text_of_the_largest_size_is_answered(words):
    assert match_text((words * 262_144)[:262_144]).state == "unmatched"


@pytest.mark.parametrize(
    ("title", "spdx"),
    [
        ("META LLAMA 3 COMMUNITY LICENSE AGREEMENT", "LicenseRef-Llama-3"),
        ("FAIR Noncommercial Research License", "LicenseRef-FAIR-NC"),
    ],
)
def test_a_model_license_without_reference_is_known_by_title_only(title, spdx):
    match = match_text(f"{title}\n\nYou agree to what follows, whatever it may say. " * 3)
    assert (match.state, match.ids) == ("titled", (spdx,))


PINNED = ("c6b0a948526f", "c9e6b7ff2a9e")

OWN = """EXAMPLE YARD MODEL AGREEMENT

1. Grant. You are granted a license to run the Materials on any machine that you own.

2. Scale. If the products have more than 700 million monthly active users, ask for a license.

3. Notice. You shall retain the notice in all copies that you hand on to others."""


@pytest.mark.parametrize(
    ("changed", "foreign", "clean"),
    [
        (OWN, 0, True),
        (OWN.upper().replace("\n\n", "\r\n\r\n"), 0, True),
        (OWN.replace("700 million", "100 million"), 1, False),
        (OWN + "\n\n4. More. You shall pay a fee each month.", 1, False),
        (OWN.rsplit("\n\n", 1)[0], 0, False),
        ("\n\n".join(reversed(OWN.split("\n\n"))), None, False),
    ],
)
def test_digests_of_sentences_show_any_changed_added_or_missing_one(changed, foreign, clean):
    drift = drift_from(read_words(changed), (fingerprint(OWN),))
    assert drift.is_none is clean
    assert foreign is None or len(drift.foreign) == foreign


def test_a_model_license_with_a_changed_threshold_is_modified_and_quotes_it(monkeypatch):
    known = {"LicenseRef-Llama-3.1": (fingerprint(_titled(OWN)),)}
    monkeypatch.setattr("licenses.detection.text.known_fingerprints", lambda: known)
    assert match_text(_titled(OWN)).state == "exact"
    match = match_text(_titled(OWN).replace("700", "70"))
    assert match.state == "modified"
    assert "70 million" in match.differences[0].quote
    assert match.differences[0].lines == (5, 5)
    assert restricted_class(match) is LicenseClass.RESTRICTED


def _titled(text: str) -> str:
    return text.replace("EXAMPLE YARD MODEL AGREEMENT", "LLAMA 3.1 COMMUNITY LICENSE AGREEMENT")


def test_every_held_digest_belongs_to_a_license_with_a_title_to_find_it_by():
    for spdx, forms in fingerprints.known_fingerprints().items():
        assert licenses()[spdx].titles
        assert all(len(form) > 10 for form in forms)


def test_a_change_to_how_words_are_read_asks_for_new_digests():
    spoken = "1. Sub-licence (a) the Materials,\n2. as of 2024; see https://www.gnu.org/x for more."
    assert fingerprint(spoken) == PINNED, "make licenses/data/fingerprints.json again"
