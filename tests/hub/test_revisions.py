from __future__ import annotations

import pytest

from hub import revisions

KNOWN = {"main": 1, "feature": 2, "feature/x": 3, "refs/pr/1": 4}


@pytest.mark.parametrize(
    ("rest", "found"),
    [
        ("main", (1, "")),
        ("main/a/b.txt", (1, "a/b.txt")),
        ("main/", (1, "")),
        ("main/main/a", (1, "main/a")),
        ("feature/x/a", (3, "a")),
        ("feature/y/a", (2, "y/a")),
        ("feature/xy", (2, "xy")),
        ("refs/pr/1/a/b", (4, "a/b")),
        ("mainly/a", None),
        ("refs/pr/2/a", None),
        ("", None),
    ],
)
def test_the_longest_known_revision_is_taken_off(rest, found):
    assert revisions.split(rest, KNOWN) == found


def test_the_message_names_what_was_meant_as_revision():
    assert revisions.unknown_name("nope/config.json") == "nope"
    assert revisions.unknown_name("refs/pr/7/config.json") == "refs/pr/7"
