from __future__ import annotations

import pytest

from catalog.policy.changes import NOTHING, Side, Text, compare, sentence, without_lines
from catalog.policy.files import File


def side(**values):
    given = {
        "number": 1,
        "commit": "a" * 40,
        "model_type": "llm",
        "license_spdx": "MIT",
        "license_class": "permissive",
        "config": {},
        "files": [],
    }
    return Side(**{**given, **values})


def said(before, after):
    return sentence(compare(before, after)).replace("\u00a0", " ")


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ({}, {}, NOTHING),
        ({}, {"config": {"dtype": ""}}, NOTHING),
        (
            {"config": {"sha": "a", "files": ["a"], "tokenizer": {"chat_template": "a"}}},
            {"config": {"sha": "b", "files": ["b"], "tokenizer": {"chat_template": "b"}}},
            NOTHING,
        ),
        (
            {"config": {"context_length": 4096}},
            {"config": {"context_length": 8192}},
            "Context length 4096 → 8192.",
        ),
        (
            {},
            {"license_spdx": "", "license_class": "unknown"},
            "License MIT → none; license class permissive → unknown.",
        ),
        (
            {},
            {"config": {"a": 1, "b": 2, "c": 3, "d": 4, "e": 5}},
            "A none → 1; b none → 2; c none → 3; 2 more fields of the configuration.",
        ),
        (
            {"texts": [Text("chat_template", "t.jinja", "a")]},
            {"texts": [Text("chat_template", "t.jinja", "b")]},
            "Chat template changed.",
        ),
        (
            {"files": [File("README.md", 4, git_oid="1"), File("x", 9, git_oid="2")]},
            {"files": [File("README.md", 5, git_oid="3"), File("y", 9, git_oid="2")]},
            "README.md changed, y renamed (5 B new).",
        ),
        (
            {},
            {"files": [File(f"f{n}", 1000, git_oid=f"{n}") for n in range(5)]},
            "5 files added (5 kB new).",
        ),
    ],
)
def test_a_sentence_says_what_is_new_the_weightiest_first(before, after, expected):
    assert said(side(**before), side(**after)) == expected


def test_a_text_that_moved_is_compared_with_itself():
    old = side(texts=[Text("license", "LICENSE", "free\n")])
    new = side(texts=[Text("license", "LICENSE.md", "free\n")])
    (text,) = compare(old, new).texts
    assert (text.state, text.path_before, text.path_after) == ("same", "LICENSE", "LICENSE.md")


def test_several_texts_of_a_kind_are_matched_by_path():
    old = side(texts=[Text("license", "LICENSE", "a"), Text("license", "NOTICE", "b")])
    new = side(texts=[Text("license", "LICENSE", "c")])
    found = {text.path_before: text.state for text in compare(old, new).texts}
    assert found == {"LICENSE": "changed", "NOTICE": "removed"}


def test_texts_that_one_side_did_not_keep_are_unknown_and_not_in_the_sentence():
    changes = compare(side(keeps_texts=False), side(texts=[Text("card", "README.md", "x")]))
    assert {text.state for text in changes.texts} == {"unknown"}
    assert sentence(changes) == NOTHING


def test_lines_can_be_left_out_and_the_change_stays():
    old, new = side(texts=[Text("card", "R", "a")]), side(texts=[Text("card", "R", "b")])
    (text,) = without_lines(compare(old, new)).texts
    assert (text.state, text.change, text.is_hidden) == ("changed", None, True)


def test_long_and_many_values_are_cut():
    config = {f"field{n}": "x" * 5000 for n in range(1000)}
    fields = compare(side(), side(config=config)).fields
    assert len(fields) == 200
    assert all(len(str(field.after)) < 250 for field in fields)
