"""Pickles that are written as text: base64, base85 or hex in JSON, CSV, YAML, notebooks.

Who saves settings beside a model often does so (Stable-Baselines3, https://github.com/DLR-RM/
stable-baselines3, `:serialized:`), and unpickles them when it loads the model.
"""

from __future__ import annotations

import base64
import binascii
import io
import re
from collections.abc import Iterator
from contextlib import suppress
from itertools import chain
from pathlib import Path, PurePath
from typing import BinaryIO

from scanning.scanners._container_rules import CONTAINER_RULES
from scanning.scanners._containers import WALKED, Walk
from scanning.scanners._pickle_rules import PICKLE_RULES
from scanning.scanners._pickle_stream import looks_like_pickle
from scanning.scanners._sniff import Kind, sniff
from scanning.scanners._text_pickles import odd_spellings
from scanning.scanners.base import (
    HEAD_BYTES,
    MEBIBYTE,
    Canary,
    Coverage,
    Report,
    Rule,
    Scanner,
    Severity,
    conclude,
    scanners,
)

_RUN = re.compile(rb"[A-Za-z0-9+/_-]{20,}")
_HEX = re.compile(rb"(?:80|63|28|5d|7d)[0-9A-Fa-f]{18,}\Z")
# What continues a run over the ends of lines, as they stand in a text or in a string of JSON.
_MORE = re.compile(rb"(?:(?:\\[nr]|\\u000[aAdD]|[ \t\r\n])*(?:\\?/|[A-Za-z0-9+_-]))*={0,2}")
_BREAKS = re.compile(rb"\\[nr]|\\u000[aAdD]|[\s\\]")
_URL_SAFE = bytes.maketrans(b"-_", b"+/")
# How a pickle begins: its protocol, or a name that it imports behind few opcodes.
_BEGINS = re.compile(
    rb"\x80[\x00-\x05]|c[A-Za-z_][\w.]*\n|[(\[\]{}]+[dltVSUXTKMJIGFcipqr\x8c\x94\x93N\x85-\x89]"
)
_PROTOCOL = re.compile(rb"\x80[\x00-\x05]")
_HEAD = 88  # characters: a multiple of four
_CHUNK = 4 * MEBIBYTE
_OVERLAP = 128
_PROBE = 24 * 1024
_LONGEST_BREAK = 64
_LONGEST = 64 * MEBIBYTE
_MAX_AGAIN = 2
_MAX_LOOKS = 2_000


@scanners.register
class EncodedPickles(Scanner):
    """As severe as the pickle: it runs for who loads it as its library does."""

    slug = "encoded_pickles"
    title = "Pickles written as text"
    understands_formats = False
    rules = {
        **PICKLE_RULES,
        **CONTAINER_RULES,
        "encoded_pickle": Rule(
            "A pickle written as text", "https://cwe.mitre.org/data/definitions/502.html"
        ),
    }

    @property
    def engine(self) -> str:
        return "encoded_pickles/2"

    def canary(self) -> Canary:
        held = base64.b64encode(b"cos\nsystem\n(S'true'\ntR.")
        return Canary("canary.json", b'{":serialized:": "' + held + b'"}')

    def handles(self, path: PurePath, head: bytes) -> bool:
        return sniff(head) is Kind.TEXT

    def scan(self, path: Path, name: PurePath) -> Report:
        size = path.stat().st_size
        if size > self.options.max_text_bytes:
            return Report.incomplete("more text than is read", Coverage.PARTIAL)
        walk = Walk(self.options)
        with path.open("rb") as text:
            for at, content in _held(text, walk):
                _examine(walk, content, f"text at {at}")
        return conclude(walk.findings, walk.gaps, covered_bytes=size)


def _examine(walk: Walk, content: bytes, where: str) -> None:
    """Bytes that only may be a pickle have no gaps: they are numbers as likely as not."""
    gaps = list(walk.gaps)
    walk.examine(io.BytesIO(content), where, 1)
    if _PROTOCOL.match(content):
        message = "holds a pickle that is written as text"
        walk.find("encoded_pickle", Severity.LOW, message, "", where)
    else:
        walk.gaps[:] = gaps


def _held(text: BinaryIO, walk: Walk) -> Iterator[tuple[int, bytes]]:
    """Chunk by chunk; what begins in one is read on from there, to its end."""
    looks = end = 0
    for begin in range(0, text.seek(0, io.SEEK_END), _CHUNK):
        text.seek(begin)
        chunk = text.read(_CHUNK + _OVERLAP)
        usual = _usual_spellings(text, chunk, begin, end)
        odd = odd_spellings(text, chunk, begin, _is_pickle)
        for is_odd, (at, content, ended) in chain(
            ((False, one) for one in usual), ((True, (*one, 0)) for one in odd)
        ):
            end, looks = max(end, ended), looks + 1
            if looks > _MAX_LOOKS:
                walk.gap("", f"more than {_MAX_LOOKS} texts that could be pickles")
                return
            if content and (not is_odd or _is_pickle(content)):
                yield at, content


def _usual_spellings(
    text: BinaryIO, chunk: bytes, begin: int, end: int
) -> Iterator[tuple[int, bytes, int]]:
    """Base64 and hex: where it stands, what it is if it is worth anything, where it ends."""
    for match in _RUN.finditer(chunk):
        at = begin + match.start()
        if at < end or match.start() >= _CHUNK or not _promises(_first(match[0])):
            continue
        end, content = begin + match.end(), b""
        if _is_worth(_decoded(_read_on(text, at, _PROBE)[0])):
            run, size = _read_on(text, at, _LONGEST)
            end, content = at + size, _decoded(run)
        yield at, content, end


def _is_pickle(content: bytes) -> bool:
    return _promises(content) and _is_worth(content)


def _first(run: bytes) -> bytes:
    return _decoded(run[:_HEAD])


def _read_on(text: BinaryIO, at: int, most: int) -> tuple[bytes, int]:
    """Letters of a run that goes on over lines, and how many bytes it takes in the text."""
    text.seek(at)
    piece, size = text.read(_PROBE), 0
    parts: list[bytes] = []
    while piece and size < most:
        match = _MORE.match(piece)
        length = match.end() if match else 0
        parts.append(_BREAKS.sub(b"", piece[:length]))
        size += length
        if not length or len(piece) < _PROBE or length < len(piece) - _LONGEST_BREAK:
            break
        text.seek(at + size)
        piece = text.read(_PROBE)
    return b"".join(parts), size


def _promises(content: bytes) -> bool:
    kind = sniff(content)
    return bool(_BEGINS.match(content)) or (kind in WALKED and kind is not Kind.TAR)


def _is_worth(content: bytes) -> bool:
    head = content[:HEAD_BYTES]
    kind = sniff(head)
    if kind in WALKED and kind is not Kind.PICKLE:
        return True
    return looks_like_pickle(head)


def _decoded(run: bytes, depth: int = 0) -> bytes:
    """Base64 of either alphabet, or hex; what is base64 once more too."""
    if _HEX.match(run):
        return bytes.fromhex(run[: len(run) // 2 * 2].decode())
    run = run.rstrip(b"=").translate(_URL_SAFE)
    content = b""
    with suppress(binascii.Error, ValueError):
        content = base64.b64decode(run[: len(run) // 4 * 4] + _rest(run))
    is_again = depth < _MAX_AGAIN and _RUN.fullmatch(content.rstrip(b"=\n"))
    return _decoded(content.rstrip(b"\n"), depth + 1) if is_again else content


def _rest(run: bytes) -> bytes:
    """Less than four characters at the end; one alone is none."""
    left = run[len(run) // 4 * 4 :]
    return left + b"=" * (4 - len(left)) if len(left) > 1 else b""
