"""Pickles composed at random: what fires is unsafe, and what was changed and fires is not clean."""

from __future__ import annotations

import random
from pathlib import Path

import pytest

from scanning.scanners import Verdict, scanners
from tests.scanning.firing import which_fire
from tests.scanning.gadgets import GADGETS, content, mutated

NEEDS_MORE = {"rebuild", "torch bytes", "numpy"}  # of libraries that a child does not load


@pytest.fixture(scope="module")
def composed(tmp_path_factory):
    """(gadget, path) of three files for every gadget, and which of them fire."""
    folder = tmp_path_factory.mktemp("composed")
    pick = random.Random(5)  # noqa: S311 repeatable, no secret
    files = []
    for number, gadget in enumerate(list(GADGETS) * 3):
        kind, data = content(pick, gadget)
        path = folder / f"{number}.{kind}"
        path.write_bytes(data)
        files.append((gadget, kind, path))
    loadable = [(kind, path) for gadget, kind, path in files if gadget not in NEEDS_MORE]
    return files, which_fire(loadable)


def verdict_of(options, path: Path) -> Verdict:
    return scanners.get("pickle_ops")(options).scan(path, path).verdict


def test_every_gadget_fires_in_one_file_at_least(composed):
    files, fired = composed
    seen = {gadget for gadget, _, path in files if str(path) in fired}
    assert seen | NEEDS_MORE == set(GADGETS)


def test_what_fires_is_unsafe(composed, options):
    files, fired = composed
    missed = [
        (gadget, path.name, path.read_bytes()[:200])
        for gadget, _, path in files
        if (str(path) in fired or gadget in NEEDS_MORE)
        and verdict_of(options, path) is not Verdict.UNSAFE
    ]
    assert missed == []


def test_changed_files_neither_crash_an_engine_nor_fire_where_they_are_clean(
    composed, options, tmp_path
):
    files, _ = composed
    pick = random.Random(6)  # noqa: S311
    others = [path.read_bytes() for _, _, path in files]
    clean = []
    for number in range(300):
        _, kind, path = pick.choice(files)
        changed = tmp_path / f"{number}"
        changed.write_bytes(mutated(pick, path.read_bytes(), others))
        if verdict_of(options, changed) is Verdict.CLEAN:
            clean.append((kind, changed))
    assert which_fire(clean) == set()
