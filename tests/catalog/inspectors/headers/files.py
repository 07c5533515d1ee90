"""Files of weights, made byte by byte, and a reader of files that are larger than they are."""

from __future__ import annotations

import json
import struct
import zipfile
import zlib
from io import BytesIO
from itertools import count

from catalog.inspectors.headers.safetensors import BITS
from tests.catalog.inspectors.memory import MemoryReader


def brief_ids():
    """Name parameters of a test by number and their text, never by the bytes of a file."""
    numbers = count()
    return lambda value: value[:40] if isinstance(value, str) else str(next(numbers))


class SparseReader(MemoryReader):
    """Files of which only the beginning is there; the rest reads as zeros."""

    def __init__(self, files, sizes):
        super().__init__(files)
        self.sizes = sizes

    def size(self, path):
        return self.sizes.get(path, len(self.files[path]))

    def read_range(self, path, start, end):
        self.read.append((path, start, end))
        end = min(end, self.size(path))
        return self.files[path][start:end].ljust(max(0, end - start), b"\0")

    @property
    def cost(self):
        """Reads of parts, and bytes of all reads."""
        parts = [each for each in self.read if isinstance(each, tuple)]
        whole = [len(self.files[each]) for each in self.read if isinstance(each, str)]
        return len(parts), sum(end - start for _, start, end in parts) + sum(whole)


def safetensors(tensors, metadata=None):
    """Return the header of a file, compact and padded as its library writes it, and its size."""
    header = {"__metadata__": metadata} if metadata else {}
    offset = 0
    for name, (dtype, shape) in tensors.items():
        size = BITS[dtype]
        for dimension in shape:
            size *= dimension
        begin, offset = offset, offset + size // 8
        header[name] = {"dtype": dtype, "shape": shape, "data_offsets": [begin, offset]}
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    return len(text).to_bytes(8, "little") + text, 8 + len(text) + offset


def sharded(shards, index_metadata=None, edit=None):
    """Return a reader of a repository in shards, each {tensor: (dtype, shape)}."""
    files, sizes, weight_map = {}, {}, {}
    for number, tensors in enumerate(shards, 1):
        name = f"model-{number:05}-of-{len(shards):05}.safetensors"
        files[name], sizes[name] = safetensors(tensors, {"format": "pt"})
        weight_map |= dict.fromkeys(tensors, name)
    index = {"metadata": index_metadata or {}, "weight_map": weight_map}
    files["model.safetensors.index.json"] = json.dumps(index).encode()
    if edit:
        edit(files, sizes)
    return SparseReader(files, sizes)


def text(value, wide="Q", order="<"):
    content = value if isinstance(value, bytes) else value.encode()
    return struct.pack(order + wide, len(content)) + content


class Value:
    """A value of a GGUF key: its number in the format, and its bytes."""

    def __init__(self, kind, content):
        self.kind, self.content = kind, content


def array(kind, values, order="<", wide="Q", claimed=None):
    head = struct.pack(order + "I" + wide, kind, len(values) if claimed is None else claimed)
    return Value(9, head + b"".join(values))


def gguf_value(value, order="<", wide="Q"):
    if isinstance(value, list):
        inner = [gguf_value(each, order, wide) for each in value]
        return array(inner[0].kind, [each.content for each in inner], order, wide)
    if isinstance(value, bytes | str):
        return Value(8, text(value, wide, order))
    if isinstance(value, Value):
        return value
    kind, letter = {bool: (7, "?"), int: (4, "I"), float: (6, "f")}[type(value)]
    return Value(kind, struct.pack(order + letter, value))


def gguf(keys=(), tensors=(), *, version=3, order="<", counts=None, data=None):
    """Return a GGUF file. Keys and tensors are pairs; a tensor is (type, shape) or with offset."""
    wide = "I" if version == 1 else "Q"
    keys, tensors = list(dict(keys).items()), list(dict(tensors).items())
    counts = counts or (len(tensors), len(keys))
    parts = [b"GGUF", struct.pack(f"{order}I2{wide}", version, *counts)]
    for key, value in keys:
        found = gguf_value(value, order, wide)
        parts += [text(key, wide, order), struct.pack(order + "I", found.kind), found.content]
    offset = 0
    for name, (kind, shape, *place) in tensors:
        offset = place[0] if place else offset
        form = f"{order}I{len(shape)}{wide}IQ"
        parts += [text(name, wide, order), struct.pack(form, len(shape), *shape, kind, offset)]
        numbers = 1
        for size in shape:
            numbers *= size
        offset += numbers * {0: 4, 1: 2}.get(kind, 1)
    head = b"".join(parts)
    head += bytes(-len(head) % 32)
    return head + (bytes(offset) if data is None else data)


def varint(number):
    number &= (1 << 64) - 1
    found = bytearray()
    while number > 0x7F:
        found.append(number & 0x7F | 0x80)
        number >>= 7
    return bytes([*found, number])


def field(number, value):
    """Return one field of a protocol buffer: a number, or bytes or text with their length."""
    if isinstance(value, int):
        return varint(number << 3) + varint(value)
    content = value.encode() if isinstance(value, str) else value
    return varint(number << 3 | 2) + varint(len(content)) + content


def onnx_tensor(name, kind, shape, raw=None, **more):
    size = 4
    for dimension in shape:
        size *= dimension
    dims = b"".join(field(1, dimension) for dimension in shape)
    head = dims + field(2, kind) + field(8, name)
    place = b"".join(field(13, field(1, k) + field(2, v)) for k, v in more.items())
    return head + (field(9, bytes(size) if raw is None else raw) if not more else place)


def onnx_value(name, kind, sizes):
    shape = b"".join(field(1, field(1 if isinstance(s, int) else 2, s)) for s in sizes)
    return field(1, name) + field(2, field(1, field(1, kind) + field(2, shape)))


def onnx_node(operator, inputs, domain="", attributes=b"", **numbers):
    found = b"".join(field(1, name) for name in inputs) + field(4, operator) + attributes
    for name, number in numbers.items():
        found += field(5, field(1, name) + field(3, number) + field(20, 2))
    return found + (field(7, domain) if domain else b"")


def onnx(nodes=(), tensors=(), inputs=(), outputs=(), graphs=1):
    graph = b"".join(field(1, node) for node in nodes) + field(2, "g")
    graph += b"".join(field(5, tensor) for tensor in tensors)
    graph += b"".join(field(11, value) for value in inputs)
    graph += b"".join(field(12, value) for value in outputs)
    head = field(1, 8) + field(2, "pytorch") + field(3, "2.1")
    opset = field(8, field(2, 17)) + field(8, field(1, "com.microsoft") + field(2, 1))
    return head + field(7, graph) * graphs + opset + field(14, field(1, "k") + field(2, "v"))


def zipped(members, *, deflated=(), comment=b""):
    target = BytesIO()
    with zipfile.ZipFile(target, "w") as archive:
        archive.comment = comment
        for name, content in members.items():
            how = zipfile.ZIP_DEFLATED if name in deflated else zipfile.ZIP_STORED
            archive.writestr(name, content, how)
    return target.getvalue()


def zip64(members):
    """Return a zip file as torch writes it, with a wide directory whatever its size."""
    body, directory = b"", b""
    for name, content in members.items():
        at, sum32 = len(body), zlib.crc32(content)
        sizes = (len(content), len(content))
        head = struct.pack("<5H3I2H", 0, 0, 0, 0, 0, sum32, *sizes, len(name), 0)
        body += b"PK\x03\x04" + head + name.encode() + content
        extra = struct.pack("<2H3Q", 1, 24, *sizes, at)
        entry = struct.pack("<6H3I5H2I", *[0] * 6, sum32, *[0xFFFFFFFF] * 2, len(name), len(extra),
                            *[0] * 4, 0xFFFFFFFF)  # fmt: skip
        directory += b"PK\x01\x02" + entry + name.encode() + extra
    total, start, size = len(members), len(body), len(directory)
    end = struct.pack("<Q2H2I4Q", 44, 45, 45, 0, 0, total, total, size, start)
    place = struct.pack("<IQI", 0, start + size, 1)
    last = struct.pack("<4H2IH", 0, 0, 0xFFFF, 0xFFFF, 0xFFFFFFFF, 0xFFFFFFFF, 0)
    return body + directory + b"PK\x06\x06" + end + b"PK\x06\x07" + place + b"PK\x05\x06" + last
