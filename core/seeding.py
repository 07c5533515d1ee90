"""Seeders: functions that apps register to install their default rows, each safe to run again."""

from __future__ import annotations

from collections.abc import Callable, Iterator

_seeders: dict[str, Callable[[], None]] = {}


def register(name: str, seeder: Callable[[], None]) -> None:
    _seeders[name] = seeder


def run_seeders() -> Iterator[str]:
    for name, seeder in _seeders.items():
        seeder()
        yield name
