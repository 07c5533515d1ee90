"""What stands before HDF5 begins: a block that is the user's, and anything may lie in it."""

from __future__ import annotations

import re
from typing import BinaryIO

from scanning.scanners._sniff import HDF5, HDF5_BLOCK, Kind, is_text, sniff
from scanning.scanners._tensors.notes import Notes
from scanning.scanners.base import HEAD_BYTES, MEBIBYTE, Severity

_LONGEST = 8 * MEBIBYTE
# MATLAB's own head: a text, where more of its data lies (nowhere), a version and the byte order.
_MATLAB = re.compile(rb"(MATLAB 7\.3 [^\x00]{105})(\x00{8}| {8})\x00\x02IM\x00*\Z", re.DOTALL)
_RUNS = re.compile(rb"\A#!|<\?php|<script|<%@?|\A@echo|\AMZ", re.IGNORECASE)


def hdf5_start(stream: BinaryIO) -> int:
    """Where HDF5 begins: at 0, or behind a block of the user's at a power of two from 512 on."""
    size, place = stream.seek(0, 2), 0
    while place < size:
        stream.seek(place)
        if stream.read(len(HDF5)) == HDF5:
            return place
        place = place * 2 or HDF5_BLOCK
    return 0


def note_front(stream: BinaryIO, size: int, notes: Notes) -> None:
    """Zeros and plain text are inert; whether it is a pickle too, `polyglots` tells."""
    if size > _LONGEST:
        notes.gap(f"HDF5: {size} bytes in front of it")
        return
    stream.seek(0)
    content = stream.read(size)
    matlab = _MATLAB.match(content)
    content = matlab[1] if matlab else content.rstrip(b"\0")
    if not content:
        return
    kind = sniff(content[:HEAD_BYTES])
    if _RUNS.search(content) or kind not in {Kind.TEXT, Kind.UNKNOWN}:
        message = "begins with something else than HDF5, which its readers pass over"
        evidence = f"{size} bytes of {kind} in front"
        notes.add("polyglot", Severity.MEDIUM, message, evidence)
    elif not is_text(content):
        notes.gap(f"HDF5: {size} bytes in front of it")
