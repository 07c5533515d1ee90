"""What the front says it sent: its log, read on from where the last reading ended.

The front renames the file when it is large, keeps a few of those, and begins another. A file is
known by its first line, whatever its name. Where a reading ended is kept beside it, after its lines
were noted: they are read twice rather than not at all, and the trail takes the first word.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Sequence
from http import HTTPStatus
from pathlib import Path
from typing import BinaryIO, Final

import orjson

from registry.served import ServedId

Row = tuple[ServedId, int]
Note = Callable[[Sequence[Row]], None]
_BATCH: Final = 1000
_LONGEST: Final = 4096  # bytes of a line: what is longer is none of the front's
_WITH_BYTES: Final = frozenset({HTTPStatus.OK, HTTPStatus.PARTIAL_CONTENT})


def read_on(log: Path, note: Note) -> int:
    """Hand on the lines that were added; give how many bytes of a content they tell of.

    There may be no log: not every yard has a front that sends.
    """
    place = log.with_suffix(".read")
    before, after, count = _ends(place), {}, 0
    for path in sorted(log.parent.glob(f"{log.stem}*{log.suffix}")):
        try:
            file = path.open("rb")
        except FileNotFoundError:
            continue  # the front gave it up or renamed it; then it is found the next time
        with file:
            if name := _name_of(file):
                end, found = _read(file, before.get(name, 0), note)
                after[name], count = end, count + found
    if after != before:
        fresh = place.with_suffix(".new")
        fresh.write_text(json.dumps(after))
        fresh.replace(place)
    return count


def _ends(place: Path) -> dict[str, int]:
    """Where each file was read to; what was lost or broken is read again from the beginning."""
    try:
        told = json.loads(place.read_bytes())
    except (FileNotFoundError, ValueError):
        return {}
    return {name: end for name, end in told.items() if type(end) is int}


def _name_of(file: BinaryIO) -> str:
    """Give the hash of its first line; '' while there is no whole one."""
    line = file.readline(_LONGEST)
    return hashlib.sha256(line).hexdigest() if line.endswith(b"\n") else ""


def _read(file: BinaryIO, start: int, note: Note) -> tuple[int, int]:
    """Note all whole lines from there on; give where they end and how many told something."""
    file.seek(start)
    end, count, rows = start, 0, []
    while (line := file.readline()).endswith(b"\n"):
        end += len(line)
        if row := _row(line):
            rows.append(row)
        if len(rows) == _BATCH:
            note(rows)
            count, rows = count + len(rows), []
    note(rows)
    return end, count + len(rows)


def _row(line: bytes) -> Row | None:
    """Read one line; of what is not of the trail, such as a bundle, there is nothing to note."""
    try:
        told = orjson.loads(line)
        served, size, status = ServedId.read(told["served"]), told["size"], told["status"]
    except (ValueError, KeyError, TypeError):
        return None
    if type(size) is not int:
        return None
    return served, size if status in _WITH_BYTES else 0
