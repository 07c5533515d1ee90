"""The text of a safetensors file: its header, and in it the metadata that people write."""

from __future__ import annotations

import json
import re
from pathlib import Path

from scanning.scanners._sniff import MAX_SAFETENSORS_HEADER

LENGTH_BYTES = 8
LONGEST_READ = 20_000_000  # its tables take fifteen times that
_METADATA = re.compile(r'"__metadata__"\s*:\s*(?=\{)')
# Letters of ASCII that are written as escapes, so that a key is not found by its letters.
_ESCAPED = re.compile(r"\\u00[2-7]")
_MAX_PARSED = 4_000_000


def text_size(head: bytes) -> int:
    """How many bytes of a file that begins so are length and header."""
    return LENGTH_BYTES + min(int.from_bytes(head[:LENGTH_BYTES], "little"), MAX_SAFETENSORS_HEADER)


def header_text(path: Path) -> str | None:
    """The header, as far as it is there; None when it is longer than is read."""
    with path.open("rb") as file:
        length = int.from_bytes(file.read(LENGTH_BYTES), "little")
        return file.read(length).decode("utf-8", "replace") if length <= LONGEST_READ else None


def metadata_texts(header: str) -> list[str] | None:
    """Each table of metadata as JSON, with all around it where escapes may hide it; None: too long.

    Tables of tensors are not parsed for it: they are large, and hold no texts.
    """
    if _ESCAPED.search(header):
        return [header] if len(header) <= _MAX_PARSED else None
    found: list[str] = []
    position = 0
    while match := _METADATA.search(header, position):
        try:
            position = json.JSONDecoder().raw_decode(header, match.end())[1]
        except (ValueError, RecursionError):
            return [*found, header[match.end() :][:_MAX_PARSED]]
        found.append(header[match.end() : position])
    return found
