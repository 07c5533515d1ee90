"""One readable stream out of many log files: each line behind the name of its program."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Iterable
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, TextIO

WIDTH = 16
COLORS = (36, 32, 33, 35, 34, 96, 92, 93, 95, 94)
LARGEST_PIECE = 1 << 20


class Console:
    """Prints prefixed lines; goes silent, not wrong, when the terminal is gone."""

    def __init__(self, stream: TextIO | None = None) -> None:
        self.stream = stream or sys.stdout
        self.colored = self.stream.isatty()
        self.gone = False

    def say(self, line: str, *, name: str = "yard") -> None:
        """Print one message, each of its lines behind the prefix."""
        for part in line.splitlines() or [""]:
            self.write(f"{self.prefix(name)} | {part}\n")

    def prefix(self, name: str) -> str:
        if not self.colored:
            return name.ljust(WIDTH)
        color = COLORS[sum(name.encode()) % len(COLORS)]
        return f"\x1b[{color}m{name.ljust(WIDTH)}\x1b[0m"

    def write(self, text: str) -> None:
        if self.gone:
            return
        try:
            self.stream.write(text)
            self.stream.flush()
        except (OSError, ValueError):
            self.gone = True


@dataclass
class Follower:
    """Reads what is added to one log file, across its rotation."""

    path: Path
    offset: int = 0
    inode: int = 0
    rest: bytes = field(default=b"")

    @classmethod
    def at_end(cls, path: Path) -> Follower:
        """Begin after what earlier runs wrote."""
        with contextlib.suppress(FileNotFoundError):
            found = path.stat()
            return cls(path, offset=found.st_size, inode=found.st_ino)
        return cls(path)

    def lines(self) -> list[str]:
        """Give the complete lines added since the last call."""
        try:
            with self.path.open("rb") as file:
                piece = self.read(file)
        except FileNotFoundError:
            return []
        *whole, self.rest = (self.rest + piece).split(b"\n")
        return [line.decode(errors="replace").rstrip("\r") for line in whole]

    def read(self, file: BinaryIO) -> bytes:
        found = os.fstat(file.fileno())
        if found.st_ino != self.inode or found.st_size < self.offset:
            self.offset, self.inode, self.rest = 0, found.st_ino, b""  # rotated or cut
        file.seek(self.offset)
        piece = file.read(LARGEST_PIECE)
        self.offset += len(piece)
        return piece


class Logs:
    """The log files of all programs of a yard, followed from now on."""

    def __init__(self, folder: Path, names: Iterable[str], console: Console) -> None:
        self.console = console
        self.followers = {name: Follower.at_end(folder / f"{name}.log") for name in names}

    def pump(self) -> None:
        """Print what came since the last call."""
        for name, follower in self.followers.items():
            for line in follower.lines():
                self.console.say(line, name=name)
