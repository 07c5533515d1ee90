"""GGUF files written field by field."""

from __future__ import annotations

import struct

STRING, ARRAY, UINT32 = 8, 9, 4
F32 = 0


class Writer:
    """A file of the given version and byte order; values are (type, bytes)."""

    def __init__(self, version: int = 3, order: str = "<") -> None:
        self.version, self.order = version, order
        self.wide = "I" if version == 1 else "Q"

    def pack(self, code: str, *values: int) -> bytes:
        return struct.pack(self.order + code, *values)

    def text(self, value: str) -> bytes:
        raw = value.encode()
        return self.pack(self.wide, len(raw)) + raw

    def string(self, value: str) -> tuple[int, bytes]:
        return STRING, self.text(value)

    def strings(self, *values: str) -> tuple[int, bytes]:
        head = self.pack("I" + self.wide, STRING, len(values))
        return ARRAY, head + b"".join(map(self.text, values))

    def number(self, value: int) -> tuple[int, bytes]:
        return UINT32, self.pack("I", value)

    def tensor(self, name: str, shape: list[int], offset: int, kind: int = F32) -> bytes:
        sizes = b"".join(self.pack(self.wide, one) for one in shape)
        return self.text(name) + self.pack("I", len(shape)) + sizes + self.pack("IQ", kind, offset)

    def build(self, keys, tensors=(), data=b"", *, counts=None, alignment=32) -> bytes:
        keys = list(keys.items()) if isinstance(keys, dict) else keys
        tensor_count, key_count = counts or (len(tensors), len(keys))
        head = b"GGUF" + self.pack("I" + self.wide * 2, self.version, tensor_count, key_count)
        for key, (kind, raw) in keys:
            head += self.text(key) + self.pack("I", kind) + raw
        head += b"".join(tensors)
        return head + b"\0" * (-len(head) % alignment if tensors else 0) + data
