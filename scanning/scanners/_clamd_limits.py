"""How much of a stream a clamd looks at, found out by asking it: no command of it tells.

One that was not set to admit its limits (`AlertExceedsMax`) says OK to what it left out.
"""

from __future__ import annotations

import gzip
import io
from functools import lru_cache
from typing import BinaryIO, cast

from scanning.scanners._clamd_stream import Cut, stream_windows
from scanning.scanners.base import MEBIBYTE, ClamdAddress

LIMITS = "Heuristics.Limits.Exceeded"
_TOO_LONG = "INSTREAM size limit exceeded"
_SIZES = (f"{LIMITS}.MaxFileSize", f"{LIMITS}.MaxScanSize")
_HALVES = (rb"X5O!P%@AP[4\PZX54(P^)7CC)7}$", b"EICAR-STANDARD-ANTIVIRUS-TEST-FILE!$H+H*")
EICAR = b"".join(_HALVES)
_LAYERS = 40  # clamd goes 17 down, and 100 at most where it is told to
SMALLEST = Cut(window=16 * MEBIBYTE, overlap=4 * MEBIBYTE)  # stock limits were 25 MB and more
_CUTS = (
    Cut(window=512 * MEBIBYTE, overlap=16 * MEBIBYTE),
    Cut(window=64 * MEBIBYTE, overlap=16 * MEBIBYTE),
    SMALLEST,
    Cut(window=4 * MEBIBYTE, overlap=MEBIBYTE),
)


def is_about_size(reply: str) -> bool:
    """Whether clamd says that a stream was longer than it looks at."""
    return _TOO_LONG in reply or any(one in reply for one in _SIZES)


@lru_cache(maxsize=8)
def admits_limits(address: ClamdAddress, timeout: float) -> bool:
    """Whether it says so when it hits a limit: it is given more layers than it goes down."""
    content = b"layers"
    for _ in range(_LAYERS):
        content = gzip.compress(content, mtime=0)
    return LIMITS in _ask(address, io.BytesIO(content), timeout)


@lru_cache(maxsize=32)
def looks_at(address: ClamdAddress, size: int, timeout: float) -> bool:
    """Whether it finds the test file at the beginning of a stream of this size."""
    reply = _ask(address, _Padded(size), timeout)
    return reply.endswith("FOUND") and LIMITS not in reply


def smaller_cut(address: ClamdAddress, size: int, timeout: float) -> Cut | None:
    """The largest windows that it looks at; None where its limit was not about the size."""
    if looks_at(address, size, timeout):
        return None
    smaller = (one for one in _CUTS if one.window < size)
    return next((one for one in smaller if looks_at(address, one.window, timeout)), None)


class _Padded(io.RawIOBase):
    """The test file with zeros behind it, made as it is read."""

    def __init__(self, size: int) -> None:
        self._left = size
        self._head = EICAR

    def read(self, size: int = -1) -> bytes:
        piece, self._head = self._head, b""
        size = max(0, min(size, self._left))
        self._left -= size
        return (piece + bytes(max(0, size - len(piece))))[:size]


def _ask(address: ClamdAddress, file: io.BytesIO | _Padded, timeout: float) -> str:
    whole = Cut(window=2048 * MEBIBYTE, overlap=0)
    answers = list(stream_windows(address, cast(BinaryIO, file), whole, timeout, 1))
    return answers[0].reply if answers else ""
