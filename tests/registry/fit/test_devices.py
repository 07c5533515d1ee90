"""Which devices hold a need, on how many, and what is said about it."""

from __future__ import annotations

from dataclasses import dataclass, replace

import pytest

from registry.fit.assumptions import GIB
from registry.fit.devices import place
from registry.fit.memory import Need
from registry.fit.shares import usable_bytes


@dataclass(frozen=True)
class Card:
    kind: str = "data-centre"
    memory_bytes: int = 80 * GIB
    max_count: int = 8
    name: str = "a card"


def need(weights=16, cache=0, **more):
    given = {"working": 0, "overhead": 0, "tokens": 8192, "missing": (), "notes": ()}
    given |= {"assumptions": (), "can_split": True, "heads": 32, "kv_heads": 8} | more
    return Need(weights=weights * GIB, cache=cache * GIB, **given)


@pytest.mark.parametrize(
    ("weights", "cache", "fits", "count"),
    [
        (60, 12, True, 1),
        (60, 13, True, 2),
        (140, 4, True, 2),
        (500, 8, True, 8),
        (580, 0, False, 8),
    ],
)
def test_the_smallest_number_that_holds_it(weights, cache, fits, count):
    found = place(need(weights, cache), Card())
    assert (found.fits, found.count) == (fits, count)
    assert found.usable == 72 * GIB
    assert (found.share <= 1) == fits


def test_what_each_keeps_for_itself_is_not_shared():
    own = need(160, 0, working=10 * GIB, overhead=GIB)
    assert place(own, Card()).used == 160 * GIB // 4 + 11 * GIB


@pytest.mark.parametrize(
    ("more", "cache"),
    [
        ({"kv_heads": 8}, 1),
        ({"kv_heads": 2}, 4),  # more devices than heads: each head is on four of them
        ({"kv_heads": None}, 8),
        ({"is_latent": True}, 8),
        ({"kv_heads": 12}, 8 * 2 / 12),  # two of twelve heads on the fullest
    ],
)
def test_the_cache_is_shared_by_heads(more, cache):
    assert need(0, 8, **more).on_each(8) == int(cache * GIB)


def test_only_language_models_are_split():
    found = place(need(100, can_split=False), Card())
    assert (found.fits, found.count) == (False, 1)


@pytest.mark.parametrize(
    ("heads", "note"),
    [(32, ""), (40, ""), (28, ""), (25, "its 25 heads do not divide by 2"), (None, "not known")],
)
def test_heads_that_do_not_divide_are_told(heads, note):
    found = place(need(100, heads=heads), Card())
    assert found.count == 2
    assert found.note == "" if not note else note in found.note


def test_nothing_fits_for_sure_while_a_part_is_missing():
    open_ = need(16, missing=("what its layers keep of each token",))
    assert place(open_, Card()).fits is None
    assert place(replace(open_, weights=900 * GIB), Card()).fits is False


@pytest.mark.parametrize(
    ("kind", "memory", "usable"),
    [
        ("consumer", 24, 21.6),
        ("cpu", 64, 51.2),
        ("apple", 16, 16 * 2 / 3),
        ("apple", 32, 32 * 2 / 3),
        ("apple", 36, 27),
        ("apple", 512, 384),
    ],
)
def test_not_all_memory_may_be_used(kind, memory, usable):
    assert usable_bytes(kind, memory * GIB) == pytest.approx(usable * GIB, abs=1)
