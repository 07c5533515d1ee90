"""Bytes in less usual spellings: base85, base32, a text of one byte a letter, a list of numbers."""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Callable, Iterator
from contextlib import suppress
from typing import BinaryIO

_MOST = 16 << 20
_PROBE = 128 * 1024  # of the longest spelling, what the head of a file is long
_GROUPS = {"b85": 5, "a85": 1, "b32": 8, "letters": 1, "numbers": 1}
_CUT = re.compile(rb"\\(?:u[0-9a-fA-F]{0,3})?\Z")  # an escape that the end of a piece breaks
_LETTERS = rb"0-9A-Za-z!#$%&()*+\-;<=>?@^_`{|}~"
# How the head of a pickle (or of what zlib packed) begins in each of them.
_STARTS = re.compile(
    rb"(?:^|[\"'\s])(?:(?P<b85>(?:f[BC]|c[-$%jm])[!-~]{14})|(?P<a85>(?:J[-,]|G[Qah])[!-~]{14})"
    rb"|(?P<b32>(?:QA[A-C]|PC)[A-Z2-7]{14})"
    rb"|(?P<letters>(?:\\u0080|\xc2\x80)(?:\\u000[0-5]|[\x00-\x05])))"
    rb"|\[\s{0,9}(?P<numbers>128\s{0,9},\s{0,9}[0-5]\s{0,9},)"
)
_BODIES = {
    "b85": re.compile(rb"[%s]+" % _LETTERS),
    "a85": re.compile(rb"(?:\\[\"\\/]|[!#-\[\]-uz])+"),
    "b32": re.compile(rb"[A-Z2-7]+={0,6}"),
    "letters": re.compile(rb"(?:[^\"\\]|\\.)+"),
    "numbers": re.compile(rb"[\d,\s]+"),
}


def _letters(body: bytes) -> bytes:
    text = json.loads(b'"%s"' % body, strict=False)
    return str(text).encode("latin-1", "replace")


def _numbers(body: bytes) -> bytes:
    return bytes(int(one) for one in body.split(b",") if one.strip())


def _a85(body: bytes) -> bytes:
    return base64.a85decode(re.sub(rb"\\(.)", rb"\1", body))


_READERS: dict[str, Callable[[bytes], bytes]] = {
    "b85": base64.b85decode,
    "a85": _a85,
    "b32": base64.b32decode,
    "letters": _letters,
    "numbers": _numbers,
}


def odd_spellings(
    text: BinaryIO, chunk: bytes, begin: int, is_worth: Callable[[bytes], bool]
) -> Iterator[tuple[int, bytes]]:
    """What a chunk of a text spells; read to its end only where its head is worth it."""
    end = 0
    for match in _STARTS.finditer(chunk):
        kind = match.lastgroup or ""
        at = begin + match.start(kind)
        if at < end:
            continue
        content, _ = _spelled(text, at, kind, _PROBE)
        if is_worth(content):
            content, end = _spelled(text, at, kind, _MOST)
        yield at, content


def _spelled(text: BinaryIO, at: int, kind: str, most: int) -> tuple[bytes, int]:
    text.seek(at)
    match = _BODIES[kind].match(text.read(most))
    body = match[0] if match else b""
    whole = len(body) // _GROUPS[kind] * _GROUPS[kind] if len(body) >= most else len(body)
    with suppress(ValueError):
        return _READERS[kind](_CUT.sub(b"", body[:whole])), at + len(body)
    return b"", at + len(body)
