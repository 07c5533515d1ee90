"""The memo of a machine that looks ahead."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping

from scanning.scanners._pickle_values import Value


class Overlay(MutableMapping[int, Value]):
    """A memo that goes on from another without changing or copying it."""

    def __init__(self, below: MutableMapping[int, Value]) -> None:
        self.below = below
        self.own: dict[int, Value] = {}
        self.size = len(below)

    def __getitem__(self, key: int) -> Value:
        return self.own[key] if key in self.own else self.below[key]

    def __setitem__(self, key: int, value: Value) -> None:
        if key not in self:
            self.size += 1
        self.own[key] = value

    def __delitem__(self, key: int) -> None:
        raise NotImplementedError  # no opcode forgets

    def __contains__(self, key: object) -> bool:
        return key in self.own or key in self.below

    def __iter__(self) -> Iterator[int]:
        raise NotImplementedError  # nobody walks through a memo

    def __len__(self) -> int:
        return self.size
