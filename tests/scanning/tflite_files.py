"""TensorFlow Lite files, laid out by hand: every vector before the table that names it."""

from __future__ import annotations

import struct


class Writer:
    """Appends parts and remembers their places; tables point forward, so they are patched."""

    def __init__(self, mark: bytes = b"TFL3") -> None:
        self.raw = bytearray(bytes(4) + mark)

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


def ort(
    *operators: tuple[str, str], inner: bytes = b"", raw: int = 4, later: bool = False
) -> bytes:
    """A model of ONNX Runtime with these operators; `inner` is one in a graph within a graph."""
    writer = Writer(b"ORTM")
    session, at = writer.table({1: ("I", 0)}, 2)
    writer.point(0, session)
    model, within = writer.table({7: ("I", 0)}, 8)
    writer.point(at[1], model)
    graph, parts = writer.table(dict.fromkeys((0, 2, *([8] if later else [])), ("I", 0)), 9)
    writer.point(within[7], graph)
    tensors = writer.vector(parts[0], bytes(4), 1)
    tensor, its = writer.table({4: ("I", 0)}, 5)
    writer.point(tensors, tensor)
    writer.vector(its[4], bytes(4), raw)
    nodes = writer.vector(parts[2], bytes(4 * len(operators)), len(operators))
    for index, (domain, operator) in enumerate(operators):
        _node(writer, nodes + 4 * index, domain, operator, inner)
    if later:
        place, _ = writer.table({}, 1)
        writer.point(parts[8], place)
    return bytes(writer.raw)


def _node(writer: Writer, slot: int, domain: str, operator: str, inner: bytes) -> None:
    node, at = writer.table({2: ("I", 0), 5: ("I", 0), **({10: ("I", 0)} if inner else {})}, 11)
    writer.point(slot, node)
    for index, text in ((2, domain), (5, operator)):
        writer.vector(at[index], text.encode() + b"\0", len(text))
    if inner:
        attributes = writer.vector(at[10], bytes(4), 1)
        attribute, its = writer.table({7: ("I", 0)}, 8)
        writer.point(attributes, attribute)
        graph, parts = writer.table({2: ("I", 0)}, 3)
        writer.point(its[7], graph)
        nodes = writer.vector(parts[2], bytes(4), 1)
        _node(writer, nodes, "", inner.decode(), b"")
