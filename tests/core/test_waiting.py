"""How much later than asked somebody comes back."""

from __future__ import annotations

import random

import pytest

from core.waiting import later_than


@pytest.mark.parametrize("asked", [0.0, 0.2, 7.0, 3600.0])
def test_nobody_comes_early_and_none_with_another(asked):
    dice = random.Random(3)  # noqa: S311 the same waits every time
    waits = [later_than(asked, dice.random) for _ in range(50)]
    assert len(set(waits)) == 50
    assert all(asked <= wait <= asked + 0.25 * max(asked, 1.0) for wait in waits)
