"""HDF5 files written message by message: both forms of headers, both forms of groups."""

from __future__ import annotations

import struct

from scanning.scanners._tensors.hdf5_sums import lookup3

MAGIC = b"\x89HDF\r\n\x1a\n"
NOWHERE = b"\xff" * 8
START = 48
ATTRIBUTE, LINK, LAYOUT, EXTERNAL, SPACE, DATATYPE = 0x0C, 0x06, 0x08, 0x07, 0x01, 0x03


def q(*values: int) -> bytes:
    return struct.pack(f"<{len(values)}Q", *values)


def summed(content: bytes) -> bytes:
    return content + struct.pack("<I", lookup3(content))


def string_type(size: int, kind: int = 3) -> bytes:
    return bytes([0x10 | kind, 0, 0, 0]) + struct.pack("<I", size)


SCALAR = b"\x02\x00\x00\x00"


def attribute(name: str, value: bytes, *, kind: bytes | None = None) -> tuple[int, bytes]:
    kind = string_type(len(value)) if kind is None else kind
    raw = name.encode() + b"\0"
    sizes = struct.pack("<HHH", len(raw), len(kind), len(SCALAR))
    return ATTRIBUTE, b"\x03\x00" + sizes + b"\x00" + raw + kind + SCALAR + value


def link(name: str, target: bytes, kind: int = 0) -> tuple[int, bytes]:
    raw = name.encode()
    if kind:
        head = b"\x01\x08" + bytes([kind, len(raw)]) + raw
        return LINK, head + struct.pack("<H", len(target)) + target
    return LINK, b"\x01\x00" + bytes([len(raw)]) + raw + target


def header(*messages: tuple[int, bytes]) -> bytes:
    """An object of the newer form."""
    body = b"".join(bytes([kind]) + struct.pack("<H", len(raw)) + b"\0" + raw
                    for kind, raw in messages)  # fmt: skip
    return summed(b"OHDR\x02\x02" + struct.pack("<I", len(body)) + body)


def old_header(*messages: tuple[int, bytes]) -> bytes:
    body = b""
    for kind, raw in messages:
        padded = raw + bytes(-len(raw) % 8)
        body += struct.pack("<HHB3x", kind, len(padded), 0) + padded
    return struct.pack("<BxHII4x", 1, len(messages), 1, len(body)) + body


def build(*objects: bytes, end: int | None = None) -> bytes:
    """A file whose first object is the root; `places` says where the others are."""
    content = b"".join(objects)
    size = START + len(content) if end is None else end
    return summed(MAGIC + b"\x02\x08\x08\x00" + q(0) + NOWHERE + q(size, START)) + content


def places(*objects: bytes) -> list[int]:
    found, at = [], START
    for one in objects:
        found.append(at)
        at += len(one)
    return found


def old_file(child: bytes) -> bytes:
    """A file of the first form: the root's only symbol, in a tree and a heap, is the child."""
    base = 96
    root = old_header((0x11, q(base + 40, base + 128)))
    tree = b"TREE\x00\x00\x01\x00" + NOWHERE * 2 + q(0, base + 88, 0) + bytes(0)
    node = b"SNOD\x01\x00\x01\x00"
    node += q(8, base + 184) + struct.pack("<I4x", 0) + bytes(16)
    heap = b"HEAP\x00\x00\x00\x00" + q(24, 1, base + 160)
    names = bytes(8) + b"child\0\0\0" + bytes(8)
    parts = {0: root, 40: tree, 88: node, 128: heap, 160: names, 184: child}
    body = bytearray(184 + len(child))
    for at, part in parts.items():
        body[at : at + len(part)] = part
    block = MAGIC + bytes([0, 0, 0, 0, 0, 8, 8, 0]) + struct.pack("<HHI", 4, 16, 0)
    block += q(0) + NOWHERE + q(base + len(body)) + NOWHERE
    block += q(0, base) + struct.pack("<I4x", 0) + bytes(16)
    assert len(block) == base
    return block + bytes(body)


def dense(
    root: int, kind: int, *values: bytes, is_long: bool = False, split: bool = False
) -> bytes:
    """A file whose root keeps its links (5) or attributes (8) in a heap, and an index of them.

    `is_long`: they lie outside of the heap's blocks; `split`: each in a block of its own.
    """
    size, at = 512, START + len(header((root, b"\0\0" + q(0, 0))))
    index, blocks, long = at + 200, at + 500, at + 3000
    offsets = [(size * number if split else 21 + sum(map(len, values[:number])))
               for number in range(len(values))]  # fmt: skip
    wide = {5: 7, 8: 8}[kind]
    names = [struct.pack("<BIH", 0, offset + (21 if split else 0), len(value)).ljust(wide, b"\0")
             for offset, value in zip(offsets, values, strict=True)]  # fmt: skip
    if is_long:
        names = [(b"\x10" + struct.pack("<I", number)).ljust(wide, b"\0")
                 for number in range(len(values))]  # fmt: skip
    rows = 1 if split else 0
    heap = b"FRHP\0" + struct.pack("<HHBI", wide, 0, 0, 4096) + q(0, at + 1500, 0) + NOWHERE
    heap += q(*[0] * 8) + struct.pack("<HQQHH", 4, size, 65536, 32, 1)
    heap = summed(heap + q(blocks) + struct.pack("<H", rows))
    record = {5: lambda name: bytes(4) + name, 8: lambda name: name + bytes(9)}[kind]
    parts = {at: heap, index: _index(kind, index, [record(one) for one in names])}
    if split:
        children = [blocks + 100 + size * number for number in range(len(values))]
        places = q(*children) + NOWHERE * (4 - len(values))
        parts[blocks] = summed(b"FHIB\0" + q(at) + bytes(4) + places)
        for child, offset, value in zip(children, offsets, values, strict=True):
            parts[child] = b"FHDB\0" + q(at) + struct.pack("<II", offset, 0) + value
    elif is_long:
        places = [long + sum(map(len, values[:number])) for number in range(len(values))]
        sizes = map(len, values)
        found = [q(*one) for one in zip(places, sizes, range(len(values)), strict=True)]
        parts[blocks] = b"FHDB\0" + q(at) + bytes(8)
        parts[at + 1500] = _index(1, at + 1500, found)
        parts |= dict(zip(places, values, strict=True))
    else:
        parts[blocks] = b"FHDB\0" + q(at) + bytes(8) + b"".join(values)
    return _laid(parts, header((root, b"\0\0" + q(at, index))))


def _laid(parts: dict[int, bytes], root: bytes) -> bytes:
    end = max(at + len(part) for at, part in parts.items()) + 4096
    body = bytearray(end)
    for place, part in parts.items():
        body[place : place + len(part)] = part
    begun = build(root, end=end)
    return begun + bytes(body[len(begun) :])


def _index(kind: int, place: int, records: list[bytes]) -> bytes:
    head = b"BTHD\0" + struct.pack("<BIHHBB", kind, 512, len(records[0]), 0, 100, 40)
    head = summed(head + q(place + 50) + struct.pack("<HQ", len(records), len(records)))
    return head.ljust(50, b"\0") + summed(b"BTLF\0" + bytes([kind]) + b"".join(records))
