"""TensorFlow Lite files, laid out by hand: every vector before the table that names it."""

from __future__ import annotations

import struct


class Writer:
    """Appends parts and remembers their places; tables point forward, so they are patched."""

    def __init__(self) -> None:
        self.raw = bytearray(b"\0\0\0\0TFL3")

    def table(self, fields: dict[int, tuple[str, int]], count: int) -> tuple[int, dict[int, int]]:
        """A table with fields (struct code and value); its place and those of the fields."""
        order, at = [], 4
        for index, (code, value) in sorted(fields.items()):
            order.append((index, at, code, value))
            at += struct.calcsize(code)
        offsets = [next((o for i, o, *_ in order if i == one), 0) for one in range(count)]
        entries = len(self.raw)
        self.raw += struct.pack(f"<HH{count}H", 4 + 2 * count, at, *offsets)
        place = len(self.raw)
        self.raw += struct.pack("<i", place - entries)
        for _, _, code, value in order:
            self.raw += struct.pack(f"<{code}", value)
        return place, {index: place + o for index, o, *_ in order}

    def point(self, where: int, target: int) -> None:
        struct.pack_into("<I", self.raw, where, target - where)

    def vector(self, where: int, content: bytes, count: int | None = None) -> int:
        self.point(where, len(self.raw))
        self.raw += struct.pack("<I", len(content) if count is None else count)
        start = len(self.raw)
        self.raw += content
        return start


def tflite(*names: str, data: int = 4, graphs: int = 1, far: int | None = None) -> bytes:
    """A model with these custom operators and one buffer."""
    writer = Writer()
    root, at = writer.table({0: ("i", 3), 1: ("I", 0), 2: ("I", 0), 4: ("I", 0)}, 5)
    writer.point(0, root)
    codes = writer.vector(at[1], bytes(4 * len(names)), len(names))
    for index, name in enumerate(names):
        place, inner = writer.table({0: ("b", 32), 1: ("I", 0), 3: ("i", 32)}, 4)
        writer.point(codes + 4 * index, place)
        writer.vector(inner[1], name.encode() + b"\0", len(name))
    subgraphs = writer.vector(at[2], bytes(4 * graphs), graphs)
    for index in range(graphs):
        place, _ = writer.table({}, 1)
        writer.point(subgraphs + 4 * index, place)
    buffers = writer.vector(at[4], bytes(4), 1)
    fields = {0: ("I", 0)} if far is None else {0: ("I", 0), 1: ("Q", far), 2: ("Q", 8)}
    place, inner = writer.table(fields, 3)
    writer.point(buffers, place)
    writer.vector(inner[0], bytes(4), data)
    return bytes(writer.raw)
