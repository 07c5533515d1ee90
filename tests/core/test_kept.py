from __future__ import annotations

from core.kept import Kept


def test_the_oldest_entry_makes_room_for_a_new_one():
    kept: Kept[str, int] = Kept(2)
    kept.put("a", 1)
    kept.put("b", 2)
    kept.put("a", 3)
    assert (kept.get("a"), kept.get("b"), len(kept)) == (3, 2, 2)
    kept.put("c", 4)
    assert (kept.get("a"), kept.get("b"), kept.get("c"), len(kept)) == (None, 2, 4, 2)
    kept.drop("b")
    kept.drop("b")
    assert (kept.get("b"), kept.get("c"), len(kept)) == (None, 4, 1)
