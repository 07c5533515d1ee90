"""A plan counts what would move and says what is worth knowing; nothing happens by it."""

from __future__ import annotations

from datetime import UTC, datetime, time

import pytest

from downloads.planning.limits import limits_in_words
from downloads.planning.plan import XET_LIMIT, make_plan
from downloads.planning.selection import ALL, Selection, choose
from downloads.policy import MARGIN
from downloads.sharing import Limits
from tests.downloads.planning import listings as known

NOON = datetime(2026, 5, 1, 12, tzinfo=UTC)


def plan(paths, *, selection=ALL, stored=(), free=10**12, size=1000, sizes=None, policies=()):
    sizes = sizes or dict.fromkeys(paths, size)
    left_out = choose(sizes, selection, limits=policies)
    return make_plan(
        sizes, selection=selection, left_out=left_out, stored=frozenset(stored), free_bytes=free
    )


def select(**words):
    return Selection.read(**{"include": "", "exclude": "", "preset": "", **words})


def codes(found):
    return {note.code for note in found.notes}


def test_bytes_to_move_are_those_that_are_neither_stored_nor_left_out():
    found = plan(
        known.BERT, selection=select(preset="safetensors"), stored=["README.md", "vocab.txt"]
    )
    taken = sum(not why for why in choose(dict.fromkeys(known.BERT, 1), found.selection).values())
    assert (found.of("stored").files, found.taken.files) == (2, taken)
    assert found.of("move").size == (taken - 2) * 1000
    assert sum(one.files for one in found.left_out.values()) == len(known.BERT) - taken


def test_space_is_asked_for_what_moves_and_for_what_must_stay_free():
    found = plan(("a.gguf",), free=MARGIN + 1000)
    assert (found.needed_bytes, found.fits) == (MARGIN + 1000, True)
    short = plan(("a.gguf",), free=MARGIN + 999)
    assert (short.fits, codes(short)) == (False, {"no_space"})
    nothing = plan(("a.gguf",), stored=["a.gguf"], free=0)
    assert (nothing.needed_bytes, nothing.fits) == (0, True)


@pytest.mark.parametrize(
    ("paths", "selection", "expected"),
    [
        (known.BERT, ALL, {"mixed_formats"}),
        (known.BERT, select(preset="safetensors"), set()),
        (known.OLD_LLAMA, ALL, {"only_pickles"}),
        (known.BERT, select(include="pytorch_model.bin"), {"only_pickles"}),
        (known.BERT, select(include="*.json"), {"no_weights"}),
        (known.BERT, select(exclude="*.safetensor"), {"mixed_formats", "pattern_matches_nothing"}),
        (known.LLAMA, select(exclude="*-00003-*,original/"), {"parts_missing"}),
        (known.SENTENCES, select(preset="sentence-transformers"), {"custom_code"}),
        (known.TOKENIZER_ALONE, ALL, set()),
    ],
)
def test_what_is_worth_knowing_is_said(paths, selection, expected):
    assert codes(plan(paths, selection=selection)) == expected


def test_a_file_that_standard_clients_cannot_have_is_named():
    sizes = {"a.gguf": XET_LIMIT + 1, "b.gguf": XET_LIMIT}
    (note,) = plan((), sizes=sizes).notes
    assert note.code == "over_50_gb"
    assert "a.gguf" in note.text
    assert "b.gguf" not in note.text
    assert "without Xet" in note.text


def test_what_a_policy_refuses_stands_beside_what_was_not_selected():
    found = plan(
        (*known.TEXT, "model.safetensors", "a.exe", "b.bin"),
        selection=select(exclude="b.bin"),
        policies=[{"extensions_refused": [".exe"]}],
    )
    assert {reason: one.files for reason, one in found.left_out.items()} == {
        "pattern": 1,
        "policy: .exe": 1,
    }


def test_limits_are_told_with_what_they_mean():
    limits = {
        "": Limits(files=16, rate=1_000_000),
        "huggingface": Limits(files=4, quiet=(time(8), time(18)), quiet_rate=0),
    }
    words = limits_in_words(limits, "huggingface", title="The Hub", size=60_000_000, now=NOON)
    assert [text.replace("\xa0", " ") for text in words] == [
        "All sources together: at most 16 files at once, 1 MB in a second, so at least 1 min.",
        "The Hub: at most 4 files at once.",
        ("The Hub, quiet hours 08:00 to 18:00 UTC, nothing moves. They hold now, until 18:00."),
    ]
    assert limits_in_words(limits, "huggingface", title="The Hub", size=0, now=NOON) == ()
    assert (
        "at most 8 files"
        in limits_in_words({"": Limits(files=16)}, "disk", title="Disk", size=1, now=NOON)[1]
    )
