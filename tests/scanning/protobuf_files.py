"""Messages of protobuf, field by field, and the graphs that are made of them."""

from __future__ import annotations

import struct


def varint(value: int) -> bytes:
    out = b""
    while value > 127:
        out += bytes([value & 127 | 128])
        value >>= 7
    return out + bytes([value])


def field(number: int, value: int | float | str | bytes) -> bytes:
    if isinstance(value, float):
        return varint(number << 3 | 5) + struct.pack("<f", value)
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    raw = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(raw)) + raw


def message(*fields: tuple[int, int | float | str | bytes]) -> bytes:
    return b"".join(field(number, value) for number, value in fields)


def pair(key: str, value: str) -> bytes:
    return message((1, key), (2, value))


def tensor(*entries: tuple[str, str], sizes=(2,), raw: bytes | None = b"\0" * 8) -> bytes:
    """A tensor of floats, kept in another file where entries say so."""
    fields = [*((1, size) for size in sizes), (2, 1), (8, "w")]
    fields += [(13, pair(*one)) for one in entries] + ([(14, 1)] if entries else [])
    return message(*fields, *([(9, raw)] if raw is not None and not entries else []))


def node(operator: str = "Add", domain: str = "", *attributes: bytes) -> bytes:
    fields = [(1, "x"), (2, "y"), (4, operator), *((5, one) for one in attributes)]
    return message(*fields, *([(7, domain)] if domain else []))


def onnx(*graph: tuple[int, bytes], rest: bytes = b"") -> bytes:
    fields = graph or ((1, node()),)
    body = message(*fields, (2, "g"))
    opset = message((8, message((1, ""), (2, 17))))
    return message((1, 8), (2, "tests"), (7, body)) + opset + rest


def tf_node(operation: str, *attributes: bytes) -> bytes:
    return message((1, "n"), (2, operation), *((5, one) for one in attributes))


def tf_attribute(name: str, value: bytes) -> bytes:
    return message((1, name), (2, value))


def tf_function(*nodes: bytes) -> bytes:
    return message((2, message((1, message((1, message((1, "f"))), *((3, one) for one in nodes))))))


def saved_model(graph: bytes, *more: tuple[int, bytes]) -> bytes:
    return message((1, 1), (2, message((1, message((4, "serve"))), (2, graph), *more)))
