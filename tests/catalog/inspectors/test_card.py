from __future__ import annotations

import pytest

from catalog.inspectors.base import Problems
from catalog.inspectors.card import parse_card
from catalog.inspectors.front_matter import split


def read(text):
    problems = Problems()
    return parse_card(text, problems), problems.found


@pytest.mark.parametrize(
    "text",
    [
        "---\nlicense: mit\nlanguage: en\n---\nText.",
        "\ufeff---\nlicense: mit\nlanguage: en\n---\nText.",
        "---\r\nlicense: mit\r\nlanguage: en\r\n---\r\nText.",
        "--- \nlicense: 'mit'\nlanguage: [en]\n---  \n",
        "---\n# a comment\nlicense: mit\nlanguage:\n- en\n---",
        "\ufeff\n \r\n---\nlicense: mit\nlanguage: en\n---\n",
    ],
)
def test_a_head_is_read_however_it_is_written(text):
    card, problems = read(text)
    assert card.licenses == ("mit",)
    assert card.languages == ("en",)
    assert problems == []


def test_several_licenses_are_all_kept():
    card, problems = read("---\nlicense: [apache-2.0, cc-by-nc-4.0]\n---\n")
    assert card.licenses == ("apache-2.0", "cc-by-nc-4.0")
    assert card.data["license"] == ["apache-2.0", "cc-by-nc-4.0"]
    assert problems == []


def test_norwegian_is_a_language_and_a_date_a_text():
    card, problems = read("---\nlanguage: [no, on, y]\nmade: 2024-01-31\nv: 1.10\nn: 012\n---\n")
    assert card.languages == ("no", "on", "y")
    assert card.data["made"] == "2024-01-31"
    assert card.data["v"] == 1.1
    assert card.data["n"] == "012"
    assert problems == []


def test_a_field_given_twice_with_two_values_is_no_value():
    card, problems = read("---\nlicense: mit\ntags: [a]\nlicense: cc-by-nc-4.0\n---\n")
    assert card.licenses == ()
    assert card.tags == ("a",)
    assert problems == ["README.md: the card gives license twice"]


def test_a_double_inside_leaves_the_outside_alone():
    card, problems = read("---\nlicense: mit\nx:\n  license: a\n  license: b\n---\n")
    assert card.licenses == ("mit",)
    assert problems == ["README.md: the card gives license twice"]


def test_merged_fields_fill_what_a_card_does_not_say_itself():
    head = (
        "base: &base {license: mit, language: de}\n"
        "more: &more {language: en, library_name: timm}\n"
        "<<: [*base, *more]\nlicense: apache-2.0\n'<<': quoted\n"
    )
    found = split(f"---\n{head}---\n")
    assert found.problems == ()
    said = {name: found.data[name] for name in ("license", "language", "library_name", "<<")}
    assert said == {
        "license": "apache-2.0",
        "language": "de",
        "library_name": "timm",
        "<<": "quoted",
    }


def test_what_is_given_twice_comes_from_no_merge_either():
    found = split("---\n<<: {license: mit}\nlicense: apache-2.0\nlicense: bsd\n---\n")
    assert (found.data, found.problems) == ({}, ("the card gives license twice",))


def test_merging_ends_when_it_grows_too_large():
    many = ",".join(f"k{number}: 1" for number in range(2_000))
    found = split(f"---\na: &a {{{many}}}\nb: {{<<: [{','.join(['*a'] * 5_000)}]}}\n---\n")
    assert found.data == {}
    assert "merges too many values" in found.problems[0]


def test_a_field_given_twice_with_one_value_is_that_value():
    card, problems = read("---\nlicense: mit\nlicense: mit\n---\n")
    assert card.licenses == ("mit",)
    assert problems == []


@pytest.mark.parametrize(
    ("head", "words"),
    [
        ("a: [1\nb: }", "in line"),
        ("\tlicense: mit", "in line"),
        ("license: !!python/object/apply:os.system [true]", "constructor"),
        ("license: !!binary xyz=", "constructor"),
        ("- a\n- b", "holds no fields"),
        ("just text", "holds no fields"),
        ("a: " + "[" * 3000 + "]" * 3000, "nested too deeply"),
        (
            "a: &a [1]\nb: &b [*a,*a,*a,*a,*a,*a,*a,*a,*a,*a]\n"
            + "".join(
                f"{chr(99 + i)}: &{chr(99 + i)} [{','.join(['*' + chr(98 + i)] * 10)}]\n"
                for i in range(8)
            ),
            "unfolds to too many",
        ),
        ("a: &a [*a]", "recursive"),
        ("a: " + "x" * (1 << 20), "larger than a megabyte"),
        ("a: \x01", "characters that YAML does not allow"),
        ("? [a, b]\n: c\n? {d: e}\n: f", ""),
    ],
    ids=lambda v: v[:20] if isinstance(v, str) else v,
)
def test_a_hostile_head_is_a_problem_and_the_text_stays(head, words):
    front = split(f"---\n{head}\n---\nThe text below.")
    assert front.body.strip() == "The text below."
    if words:
        assert front.data == {}
        assert words in front.problems[0]


def test_a_head_without_an_end_is_no_head():
    card, problems = read("---\nlicense: mit\n\nText that goes on.")
    assert card.licenses == ()
    assert problems == ["README.md: the head of the card has no closing ---"]
    assert card.analysis.description is None  # too short to be one, and the fields are no text


@pytest.mark.parametrize(
    "head",
    ["license: mit\ntags:\n- poems\n  - rivers\n", "license: mit\n# Poems\n", "\n", ""],
)
def test_the_text_below_a_head_without_an_end_is_read(head):
    told = "A model that writes short poems about rivers."
    card, problems = read(f"---\n{head}\n{told}\n")
    assert card.analysis.description.text == told
    assert problems == ["README.md: the head of the card has no closing ---"]
    assert card.data == {}


def test_a_card_without_a_head_has_a_text():
    card, problems = read("# Title\n\nA model that writes short poems about rivers.\n")
    assert card.data == {}
    assert card.analysis.description.text == "A model that writes short poems about rivers."
    assert problems == []


@pytest.mark.parametrize("value", ["{a: b}", "[{a: b}]", "7", "true"])
def test_a_license_that_is_no_text_is_a_problem(value):
    card, problems = read(f"---\nlicense: {value}\n---\n")
    assert card.licenses == ()
    assert "license" in problems[0]


def test_a_text_alone_in_a_list_is_that_text():
    names = ("pipeline_tag", "library_name", "license_name", "license_link")
    head = "".join(f"{name}: [{name}]\n" for name in names)
    card, problems = read(f"---\n{head}base_model_relation: [merge]\n---\n")
    assert tuple(getattr(card, name) for name in names) == names
    assert card.relation == "merge"
    assert problems == []


@pytest.mark.parametrize("value", ["[a, b]", "{a: b}", "7"])
def test_a_field_of_one_text_that_is_none_is_named(value):
    card, problems = read(f"---\npipeline_tag: {value}\n---\n")
    assert card.pipeline_tag == ""
    assert problems == ["README.md: the field pipeline_tag is no text"]


def test_a_fault_is_told_by_its_line_in_the_file():
    assert split("---\na: b: c\n---\n").problems[0].endswith("in line 2")
    assert split("\n\n---\na: b: c\n---\n").problems[0].endswith("in line 4")
