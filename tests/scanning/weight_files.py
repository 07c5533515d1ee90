"""Weights in the forms of other libraries, a few numbers each."""

from __future__ import annotations

import struct

from scanning.scanners._tensors.counted_weights import _masked_sum
from tests.scanning.protobuf_files import message, varint


def pack(form: str, *numbers: float) -> bytes:
    return struct.pack("<" + form, *numbers)


def short(text: str) -> bytes:
    return pack("H", len(text) + 1) + text.encode() + b"\0"


def fasttext(words: int = 3, width: int = 2, *, packed: bool = False) -> bytes:
    head = pack("2i", 793_712_314, 12) + pack("12id", width, *range(11), 0.1)
    entries = b"".join(f"w{one}".encode() + b"\0" + pack("qb", 9, 0) for one in range(words))
    dictionary = pack("3i2q", words, words, 0, 99, -1) + entries
    dense = pack("2q", words, width) + bytes(4 * words * width)
    quantizer = pack("4i", width, 1, 2, 0) + bytes(width * 256 * 4)
    codes = b"\x01" + pack("2qi", words, width, words) + bytes(words)
    small = codes + quantizer + bytes(words) + quantizer
    return head + dictionary + (b"\x01" + small if packed else b"\x00" + dense) + b"\x00" + dense


def word2vec(words: int = 5, width: int = 4, *, lines: bool = False) -> bytes:
    end = b"\n" if lines else b""
    rows = (f"w{one} ".encode() + pack(f"{width}f", *range(width)) + end for one in range(words))
    return f"{words} {width}\n".encode() + b"".join(rows)


def ggml_tensor(name: bytes, *sides: int, kind: int = 0, data: bytes = b"") -> bytes:
    size = 4
    for side in sides:
        size *= side
    return (
        pack("3i", len(sides), len(name), kind)
        + pack(f"{len(sides)}i", *sides)
        + name
        + (data or bytes(size))
    )


def vocabulary(words: int = 4, *, scored: bool = False) -> bytes:
    return b"".join(pack("I", 3) + b"abc" + (b"\0\0\x80?" if scored else b"") for _ in range(words))


def whisper() -> bytes:
    settings = pack("11i", 4, 1500, 384, 6, 4, 448, 384, 6, 4, 80, 1)
    filters = pack("2i", 2, 3) + bytes(24)
    return b"lmgg" + settings + filters + pack("i", 4) + vocabulary() + ggml_tensor(b"w", 2, 3)


def old_llama(*, aligned: bool = True) -> bytes:
    head = (b"tjgg" if aligned else b"fmgg") + pack("i", 1) + pack("7i", 4, 8, 2, 2, 1, 4, 2)
    data = head + vocabulary(scored=True)
    tensor = ggml_tensor(b"t", 32, kind=2, data=b"x" * 20)
    if aligned:
        cut = len(tensor) - 20
        tensor = tensor[:cut] + bytes(-(len(data) + cut) % 32) + tensor[cut:]
    return data + tensor


def imatrix(*, named: bool = True) -> bytes:
    one = b"blk.0.attn_q.weight"
    entry = pack("i", len(one)) + one + pack("2i", 5, 3) + bytes(12)
    behind = pack("2i", 7, 4) + b"wiki" if named else b""
    return pack("i", 2) + entry * 2 + behind


def ctranslate2(version: int = 6) -> bytes:
    variable = short("encoder/w") + pack("B2I", 2, 2, 3) + pack("BI", 0, 24) + bytes(24)
    head = pack("I", version) + short("TransformerSpec") + pack("2I", 7, 1)
    return head + variable + pack("I", 1) + short("decoder/w") + short("encoder/w")


def paddle_parameters(tensors: int = 2) -> bytes:
    described = b"\x08\x05\x10\x02\x10\x03"
    one = pack("IQI", 0, 0, 0) + pack("I", len(described)) + described + bytes(24)
    return one * tensors


def mxnet_parameters() -> bytes:
    array = pack("Ii", 0xF993FAC9, 0) + pack("I2q", 2, 2, 3) + pack("2iI", 1, 0, 0) + bytes(24)
    return pack("3Q", 0x112, 0, 1) + array + pack("2Q", 1, 3) + b"arg"


def coreml_weights(blocks: int = 2, size: int = 100) -> bytes:
    made = pack("2I", blocks, 2) + bytes(56)
    for index in range(blocks):
        made += pack("2I3Q", 0xDEADBEEF, 1, size, len(made) + 64, 0) + bytes(32) + b"w" * size
        made += bytes(-len(made) % 64 if index + 1 < blocks else 0)
    return made


def tensorboard(records: int = 2) -> bytes:
    event = b"\x09" + bytes(8) + b"\x1a\x0dbrain.Event:2"
    length = pack("Q", len(event))
    return (length + pack("I", _masked_sum(length)) + event + bytes(4)) * records


def tensor_bundle(entries: dict[str, bytes] | None = None) -> bytes:
    """One block of names; by default of a matrix of 2 x 3 floats."""
    shape = message((2, message((1, 2))), (2, message((1, 3))))
    entries = {"w": message((1, 1), (2, shape), (5, 24))} if entries is None else entries
    header = message((1, 1), (3, message((1, 1))))
    first = table_block({"": header, **entries})
    second = table_block({})
    places = [(0, len(first) - 5), (len(first), len(second) - 5)]
    index = table_block({"w": b"".join(map(varint, places[0]))})
    places.append((len(first + second), len(index) - 5))
    handles = b"".join(varint(number) for place in places[1:] for number in place)
    return first + second + index + handles.ljust(40, b"\0") + pack("Q", 0xDB4775248B80FB57)


def table_block(entries: dict[str, bytes]) -> bytes:
    """A block of LevelDB that shares no keys, is not packed, and has a sum that nobody reads."""
    rows = [
        varint(0) + varint(len(key)) + varint(len(value)) + key.encode() + value
        for key, value in entries.items()
    ]
    return b"".join(rows) + pack("I", 0) + pack("I", 1) + bytes(5)


def faiss_head(mark: bytes, width: int = 2, count: int = 3, metric: int = 1) -> bytes:
    argument = b"" if metric < 2 else bytes(4)
    return mark + pack("i3qbi", width, count, 1 << 20, 1 << 20, 1, metric) + argument


def faiss_flat(count: int = 3) -> bytes:
    return faiss_head(b"IxF2", 2, count) + pack("Q", 2 * count) + bytes(8 * count)


def faiss_lists(mark: bytes = b"ilar") -> bytes:
    """Two lists of whole vectors, three vectors in them, behind a turn of their sides."""
    turn = b"rrot\0" + pack("Q4fQ2ib", 4, *range(4), 0, 2, 2, 1)
    outer = faiss_head(b"IxPT") + pack("i", 1) + turn
    inner = faiss_head(b"IwFl", metric=4) + pack("2q", 2, 1) + faiss_flat(2) + b"\0" + pack("Q", 0)
    lists = mark + pack("2Q", 2, 8) + b"full" + pack("3Q", 2, 1, 2) + bytes(3 * (8 + 8))
    return outer + inner + lists


def faiss_graph() -> bytes:
    tables = pack("QdQiQi", 1, 0.9, 1, 4, 1, 1) + pack("Q2QQ2i", 2, 0, 2, 2, 0, -1)
    return faiss_head(b"IHNf") + tables + pack("5i", 0, 0, 40, 16, 1) + faiss_flat()


def hnswlib(count: int = 3, links: int = 2, width: int = 8) -> bytes:
    base = 4 * 2 * links + 4
    whole = base + width + 8
    sizes = (0, count, count, whole, base + width, base, 1, 0, links, 2 * links, links, 1.4, 200)
    above = pack("I", 4 * links + 4) + bytes(4 * links + 4) + pack("I", 0) * (count - 1)
    return pack("6QiI3QdQ", *sizes) + bytes(count * whole) + above
