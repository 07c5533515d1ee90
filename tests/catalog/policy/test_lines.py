from __future__ import annotations

import random

import pytest

from catalog.policy.lines import LONGEST, MOST_READ, MOST_SHOWN, compare_texts


def shown(before, after):
    marks = {"same": " ", "added": "+", "removed": "-", "gap": "~"}
    lines = compare_texts(before, after).lines
    return "|".join(f"{marks[line.kind]}{line.text}" for line in lines)


@pytest.mark.parametrize(
    ("before", "after", "expected"),
    [
        ("a", "a", ""),
        ("", "a\nb", "+a|+b"),
        ("a\nb", "", "-a|-b"),
        ("a\nb\nc", "a\nB\nc", " a|-b|+B| c"),
        ("1\n2\n3\n4\n5\nx", "1\n2\n3\n4\n5\ny", "~| 3| 4| 5|-x|+y"),
        ("x\n1\n2\n3\n4\n5", "y\n1\n2\n3\n4\n5", "-x|+y| 1| 2| 3|~"),
        ("x\n1\n2\n3\nz", "y\n1\n2\n3\nw", "-x|+y| 1| 2| 3|-z|+w"),
        ("a\nb", "a\nb\nb", " a| b|+b"),
    ],
)
def test_changed_lines_come_with_those_around_them(before, after, expected):
    assert shown(before, after) == expected


def test_lines_have_the_numbers_they_have_on_each_side():
    lines = compare_texts("a\nb\nc", "new\na\nb\nd").lines
    assert [(line.text, line.before, line.after) for line in lines] == [
        ("new", None, 1),
        ("a", 1, 2),
        ("b", 2, 3),
        ("c", 3, None),
        ("d", None, 4),
    ]


def test_added_and_removed_lines_are_counted():
    found = compare_texts("a\nb\nc", "a\nx\ny\nz")
    assert (found.added, found.removed, found.is_whole) == (3, 2, True)


def test_whatever_two_texts_hold_the_answer_is_in_bounds():
    dice = random.Random(5)  # noqa: S311 the same texts every time
    words = ["a", "b", "c" * 1000]
    texts = ["\n".join(dice.choice(words) for _ in range(MOST_READ * 2)) for _ in range(2)]
    found = compare_texts(*texts)
    assert len(found.lines) == MOST_SHOWN
    assert max(len(line.text) for line in found.lines) <= LONGEST + 1
    assert not found.is_whole


@pytest.mark.parametrize("seed", range(30))
def test_the_lines_turn_one_text_into_the_other(seed):
    dice = random.Random(seed)  # noqa: S311
    old = [dice.choice("abcd") for _ in range(dice.randrange(40))]
    new = [dice.choice("abcd") for _ in range(dice.randrange(40))]
    found = compare_texts("\n".join(old), "\n".join(new))
    for line in found.lines:
        if line.before is not None:
            assert old[line.before - 1] == line.text
        if line.after is not None:
            assert new[line.after - 1] == line.text
    added = {line.after for line in found.lines if line.kind == "added"}
    removed = {line.before for line in found.lines if line.kind == "removed"}
    kept_old = [text for n, text in enumerate(old, 1) if n not in removed]
    kept_new = [text for n, text in enumerate(new, 1) if n not in added]
    assert kept_old == kept_new
