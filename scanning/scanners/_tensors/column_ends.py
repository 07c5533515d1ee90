"""Where a stream of Arrow ends, message by message, and what the end of ORC says.

Formats: https://arrow.apache.org/docs/format/Columnar.html (IPC) and
https://orc.apache.org/specification/ORCv1/
"""

from __future__ import annotations

import io
from typing import BinaryIO

from scanning.scanners._tensors.flatbuffer import Tables
from scanning.scanners._tensors.protobuf import raw_fields
from scanning.scanners._tensors.reading import ByteReader, FormatError

STREAM, ORC = b"\xff\xff\xff\xff", b"ORC"
_HEADER_KIND, _BODY = 1, 3
_SCHEMA, _KINDS = 1, frozenset({1, 2, 3, 4, 5})
_MOST_MESSAGES = 1_000_000
_LONGEST = 64 << 20
_SIZES_OF_ORC = frozenset({1, 5, 7})  # of the footer, its metadata and its statistics
_MAGIC_OF_ORC = b"\x82\xf4\x03\x03ORC"


def stream_end(stream: BinaryIO, size: int) -> int:
    """The offset behind the last message; FormatError where they lead nowhere."""
    at = 0
    for count in range(_MOST_MESSAGES):
        if at == size and count:
            return at
        head = _take(stream, at, 8)
        length = int.from_bytes(head[4:], "little")
        if not head.startswith(STREAM) or length > _LONGEST:
            raise FormatError(f"no message at {at}")
        if not length:
            return at + 8
        kind, body = _message(_take(stream, at + 8, length))
        if kind not in _KINDS or (kind == _SCHEMA) != (count == 0):
            raise FormatError(f"a message of kind {kind} at {at}")
        at += 8 + length + body
        if not 0 <= body <= size - at + body:
            raise FormatError(f"{body} bytes of numbers, past the end")
    raise FormatError("more messages than are looked at")


def _message(content: bytes) -> tuple[int, int]:
    """What a message is, and how many bytes of numbers follow."""
    tables = Tables(ByteReader(io.BytesIO(content)))
    root = tables.follow(0)
    kind, body = tables.field(root, _HEADER_KIND), tables.field(root, _BODY)
    if kind is None:
        raise FormatError("a message of no kind")
    return tables.number(kind, "B"), tables.number(body, "q") if body is not None else 0


def _take(stream: BinaryIO, at: int, size: int) -> bytes:
    stream.seek(at)
    content = stream.read(size)
    if len(content) != size:
        raise FormatError(f"a message at {at} is cut")
    return content


def check_orc(stream: BinaryIO, size: int) -> None:
    """FormatError where the last bytes describe no table."""
    tail = _take(stream, max(0, size - 256), min(256, size))
    script = tail[-1 - tail[-1] : -1]
    if not script.endswith(_MAGIC_OF_ORC):
        raise FormatError("no end of ORC")
    reader, total = ByteReader(io.BytesIO(script)), len(script) + 1 + len(ORC)
    for found in raw_fields(reader, len(script)):
        total += found.value if found.number in _SIZES_OF_ORC and not found.wire else 0
        reader.skip(found.value if found.wire else 0)
    if total > size:
        raise FormatError(f"{total} bytes of its end in {size}")
