"""The memo of a machine, and of one that looks ahead."""

from __future__ import annotations

from typing import Protocol

from scanning.scanners._pickle_values import Value

# The C unpickler has a table of places up to twice the largest number.
FARTHEST_MEMO = 1 << 24


class Memo(Protocol):
    """What opcodes ask of a memo: none forgets an entry, and nobody walks through it."""

    def __getitem__(self, key: int, /) -> Value: ...
    def __setitem__(self, key: int, value: Value, /) -> None: ...
    def __contains__(self, key: object, /) -> bool: ...
    def __len__(self) -> int: ...


class Overlay:
    """A memo that goes on from another without changing or copying it."""

    def __init__(self, below: Memo) -> None:
        self.below = below
        self.own: dict[int, Value] = {}
        self.size = len(below)

    def __getitem__(self, key: int) -> Value:
        return self.own[key] if key in self.own else self.below[key]

    def __setitem__(self, key: int, value: Value) -> None:
        if key not in self:
            self.size += 1
        self.own[key] = value

    def __contains__(self, key: object) -> bool:
        return key in self.own or key in self.below

    def __len__(self) -> int:
        return self.size
