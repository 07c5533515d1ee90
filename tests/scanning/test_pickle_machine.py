"""The machine against Python's own unpickler, on streams that were shuffled at random."""

from __future__ import annotations

import io
import pickle as stdlib_pickle
import random

import pytest

from scanning.scanners._pickle_judge import Judge
from scanning.scanners._pickle_stream import examine_pickles
from tests.scanning.pickles import CLEAN, EVIL, EVIL_4, call, pickle, stack_global, text

SEEDS = [
    CLEAN,
    EVIL,
    EVIL_4,
    b"(S'true'\nios\nsystem\n.",
    b"(cos\nsystem\nS'true'\no.",
    pickle(text("os") + b"\x94", text("system") + b"\x94", b"00h\x00h\x01\x93)R"),
    pickle(b"](", call("a.b", "C", b"K\x01"), stack_global("d", "E"), b")\x81}b", b"e"),
    stdlib_pickle.dumps({"a": [(1, 2), {3}], "b": {"c": None}}),
    stdlib_pickle.dumps({"a": [(1, 2), {3}], "b": {"c": None}}, protocol=0),
]
OPCODES = [bytes([code]) for code in b"cioRb0120(tlesuaN)}]\x93\x94\x85\x86\x87\x81."]


class Inert:
    """Takes whatever an unpickler does to an object."""

    def __init__(self, *args: object, **kwargs: object) -> None: ...
    def __call__(self, *args: object) -> Inert:
        return Inert()

    def __setstate__(self, state: object) -> None: ...
    def __setitem__(self, key: object, value: object) -> None: ...
    def append(self, value: object) -> None: ...
    def add(self, value: object) -> None: ...


class Asking(stdlib_pickle._Unpickler):
    """Python's unpickler, which notes the names it would import and gets something inert."""

    names: set[tuple[str, str]]

    def find_class(self, module: str, name: str) -> type:
        self.names.add((module, name))
        return type("Stand", (Inert,), {})


def asked_by_python(content: bytes) -> set[tuple[str, str]]:
    unpickler = Asking(io.BytesIO(content), fix_imports=False)
    unpickler.names = set()
    try:
        unpickler.load()
    except Exception:  # noqa: BLE001 a shuffled stream may raise anything, after it asked
        return unpickler.names
    return unpickler.names


def reached_by_machine(content: bytes) -> set[tuple[str, str]]:
    names: set[tuple[str, str]] = set()

    class Noting(Judge):
        def reached(self, found, offset):
            names.add((found.module, found.name))

    examine_pickles(io.BytesIO(content), Noting(""))
    return names


def shuffled(pick: random.Random) -> bytes:
    content = bytearray(pick.choice(SEEDS))
    for _ in range(pick.choice([0, 1, 2, 4, 8])):
        at = pick.randrange(len(content) + 1)
        if pick.random() < 0.3:
            del content[at : at + pick.randrange(1, 5)]
        elif pick.random() < 0.7:
            content[at:at] = pick.choice(OPCODES)
        else:
            other = pick.choice(SEEDS)
            start = pick.randrange(len(other))
            content[at:at] = other[start : start + pick.randrange(1, 30)]
    return bytes(content)


@pytest.mark.parametrize("seed", range(4))
def test_every_name_that_python_would_import_is_reached(seed):
    pick = random.Random(seed)  # noqa: S311 repeatable, no secret
    asked = 0
    for _ in range(500):
        content = shuffled(pick)
        names = asked_by_python(content)
        asked += len(names)
        assert names <= reached_by_machine(content), content
    assert asked > 100
