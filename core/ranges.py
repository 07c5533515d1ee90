"""Byte ranges by RFC 9110: one range is honored, anything else means the whole file."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

_ONE_RANGE: Final = re.compile(r"bytes=\s*(\d{0,19})\s*-\s*(\d{0,19})\s*", re.ASCII)


class UnsatisfiableError(Exception):
    """The range begins behind the last byte."""


@dataclass(frozen=True, slots=True)
class Span:
    start: int
    length: int

    def content_range(self, size: int) -> str:
        return f"bytes {self.start}-{self.start + self.length - 1}/{size}"


def span_of(header: str, size: int) -> Span | None:
    """Read a Range header; None where it asks for nothing that we do in part."""
    match = _ONE_RANGE.fullmatch(header.strip())
    if match is None or match.group(1) == match.group(2) == "":
        return None
    first, last = match.groups()
    if not first:
        length = min(int(last), size)
        start, end = size - length, size - 1
    else:
        start, end = int(first), min(int(last), size - 1) if last else size - 1
        if last and int(last) < start:
            return None
    if start >= size:
        raise UnsatisfiableError
    return Span(start, end - start + 1)


def applies(if_range: str, etag: str) -> bool:
    """A range counts only for the file that the client began with; dates are not compared."""
    return not if_range or if_range.strip() == etag


def is_known(if_none_match: str, etag: str) -> bool:
    """Tell whether the client's copy is this file."""
    named = (part.strip().removeprefix("W/") for part in if_none_match.split(","))
    return any(part in {etag, "*"} for part in named)
