"""The heaviest inputs that each kind of engine meets, written where they are asked for."""

from __future__ import annotations

import gzip
import io
import json
import lzma
import pickle
import struct
import zipfile
import zlib
from collections.abc import Callable
from pathlib import Path

MEGA = 1 << 20
SPARSE = 2_000 * MEGA
_LONG = 100 * MEGA


def torch_sparse(path: Path) -> None:
    """As torch.save lays it out: a pickle, and one tensor of zeros that the disk does not hold."""
    data, name = pickle.dumps({f"layer.{n}": n for n in range(100_000)}, 2), b"model/data/0"
    crc = 0
    for _ in range(SPARSE // MEGA):
        crc = zlib.crc32(bytes(MEGA), crc)
    fields = (20, 0, 0, 0, 33, crc, SPARSE, SPARSE, len(name))
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr("model/data.pkl", data)
    start = archive.start_dir
    raw = buffer.getvalue()
    first, end = raw[start:-22], raw[-22:]
    with path.open("wb") as file:
        file.write(raw[:start] + b"PK\x03\x04" + struct.pack("<5H3IHH", *fields, 0) + name)
        file.seek(SPARSE, 1)
        directory = file.tell()
        second = b"PK\x01\x02" + struct.pack("<6H3IHH", 20, *fields, 0)
        second += struct.pack("<3H2I", 0, 0, 0, 0, start) + name
        file.write(first + second)
        sizes = (2, 2, len(first) + len(second), directory)
        file.write(end[:8] + struct.pack("<2H2I", *sizes) + bytes(2))


def safetensors_sparse(path: Path) -> None:
    _safetensors(path, {"w": {"dtype": "U8", "shape": [SPARSE], "data_offsets": [0, SPARSE]}})


def safetensors_header(path: Path) -> None:
    """A header of almost 100 MB, as long as the format allows."""
    count = _LONG // 105
    _safetensors(path, {
        f"model.layers.{n:07}.self_attn.q_proj": {
            "dtype": "U8", "shape": [1], "data_offsets": [n, n + 1]}
        for n in range(count)
    })  # fmt: skip


def _safetensors(path: Path, header: dict[str, dict[str, object]]) -> None:
    raw = json.dumps(header, separators=(",", ":")).encode()
    ends = [int(str(one["data_offsets"]).split(", ")[1][:-1]) for one in header.values()]
    with path.open("wb") as file:
        file.write(struct.pack("<Q", len(raw)) + raw)
        file.truncate(8 + len(raw) + max(ends))


def gguf_sparse(path: Path) -> None:
    from tests.scanning.gguf_files import Writer

    gguf = Writer()
    raw = gguf.build({"general.architecture": gguf.string("llama")},
                     [gguf.tensor("w", [SPARSE // 4], 0)])  # fmt: skip
    _sparse(path, raw, SPARSE)


def gguf_words(path: Path) -> None:
    """A vocabulary of millions of words in front of the tensors."""
    from tests.scanning.gguf_files import Writer

    gguf = Writer()
    words = gguf.strings(*(f"word-{n}" for n in range(4_000_000)))
    raw = gguf.build({"general.architecture": gguf.string("llama"),
                      "tokenizer.ggml.tokens": words})  # fmt: skip
    path.write_bytes(raw)


def hdf5_sparse(path: Path) -> None:
    from tests.scanning import hdf5_files as h5

    space = b"\x02\x01\x00\x01" + h5.q(SPARSE)
    kind = b"\x10\x00\x00\x00" + struct.pack("<IHH", 1, 0, 8)
    layout = b"\x03\x01" + h5.q(4096, SPARSE)
    data = h5.header((h5.SPACE, space), (h5.DATATYPE, kind), (h5.LAYOUT, layout))
    root = h5.header(h5.link("kernel", h5.q(0)))
    places = h5.places(root, data)
    root = h5.header(h5.link("kernel", h5.q(places[1])))
    raw = h5.build(root, data, end=4096 + SPARSE)
    _sparse(path, raw + bytes(4096 - len(raw)), SPARSE)


def onnx_sparse(path: Path) -> None:
    """One tensor of raw bytes inside of the graph."""
    from tests.scanning.protobuf_files import field, message, varint

    size = SPARSE - 4096
    tensor = field(1, size) + field(2, 2) + field(8, "w") + b"\x4a" + varint(size)
    graph = field(2, "g") + b"\x2a" + varint(len(tensor) + size) + tensor
    model = message((1, 8)) + field(8, message((1, ""), (2, 17)))
    model += b"\x3a" + varint(len(graph) + size) + graph
    _sparse(path, model, size)


def pickle_long(path: Path) -> None:
    """The vocabulary of a vectorizer: a million words, every one remembered."""
    with path.open("wb") as file:
        pickle.Pickler(file, 4).dump({f"word number {n}": n for n in range(1_000_000)})


def pickle_bytes(path: Path) -> None:
    path.write_bytes(pickle.dumps([bytes(_LONG), "x" * _LONG]))


def vocabulary(path: Path) -> None:
    """As a fast tokenizer writes it: 262,000 words, twice as many merges in pairs."""
    words = [f"\u2581token{n}\U0001f600" for n in range(262_000)]
    model = {
        "type": "BPE",
        "vocab": {word: n for n, word in enumerate(words)},
        "merges": [[one, one] for one in words * 2],
    }
    template = {"type": "TemplateProcessing", "single": []}
    content = {"version": "1.0", "post_processor": template, "model": model}
    path.write_text(json.dumps(content, indent=1, ensure_ascii=False))


def json_lists(path: Path) -> None:
    path.write_bytes(b"[" + b"[]," * (80 * MEGA) + b"0]")


def text_long(path: Path) -> None:
    path.write_text("A sentence of ordinary words and a number, 12345. \U0001f600\n" * 4_500_000)


def python_long(path: Path) -> None:
    path.write_text("def f(a):\n    return g(a, [1, 2, 3], 'word')\n" * 400_000)


def notebook_long(path: Path) -> None:
    cell = {"cell_type": "code", "source": ["x = [1, 2, 3]\n"] * 50, "outputs": [], "metadata": {}}
    path.write_text(json.dumps({"cells": [cell] * 50_000, "metadata": {}, "nbformat": 4}))


def yaml_long(path: Path) -> None:
    path.write_text("".join(f"key{n}:\n  - name: value{n}\n" for n in range(1_000_000)))


def template_long(path: Path) -> None:
    path.write_text("{% for m in messages %}{{ m.content|trim }}{% endfor %}\n" * 200_000)


def zip_entries(path: Path) -> None:
    with zipfile.ZipFile(path, "w") as archive:
        for n in range(100_000):
            archive.writestr(f"folder/member-{n}.txt", "a word")


def zip_bomb(path: Path) -> None:
    archive = zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED)
    with archive, archive.open("model/data.pkl", "w", force_zip64=True) as member:
        for _ in range(3_000):
            member.write(bytes(MEGA))


def gzip_pickle(path: Path) -> None:
    with gzip.open(path, "wb", 1) as file:
        file.write(pickle.dumps({f"word {n}": n for n in range(1_000_000)}))
        for _ in range(500):
            file.write(bytes(MEGA))


def xz_dictionary(path: Path) -> None:
    """Who unpacks it needs as much memory as its dictionary has: a gigabyte."""
    chosen = [{"id": lzma.FILTER_LZMA2, "dict_size": 1 << 20}]
    raw = bytearray(lzma.compress(pickle.dumps(list(range(100_000))), filters=chosen))
    raw[16] = 36  # dict size: 1 GB; the header's checksum is made again
    raw[20:24] = struct.pack("<I", zlib.crc32(raw[12:20]))
    path.write_bytes(raw)


def xml_long(path: Path) -> None:
    path.write_text("<PMML>" + "<Field name='word'/>\n" * 4_000_000 + "</PMML>")


INPUTS: dict[str, Callable[[Path], None]] = {
    "sparse.pt": torch_sparse,
    "sparse.safetensors": safetensors_sparse,
    "sparse.gguf": gguf_sparse,
    "sparse.h5": hdf5_sparse,
    "sparse.onnx": onnx_sparse,
    "header.safetensors": safetensors_header,
    "words.gguf": gguf_words,
    "long.pkl": pickle_long,
    "bytes.pkl": pickle_bytes,
    "tokenizer.json": vocabulary,
    "lists.json": json_lists,
    "long.txt": text_long,
    "long.py": python_long,
    "long.ipynb": notebook_long,
    "long.yaml": yaml_long,
    "long.jinja": template_long,
    "entries.zip": zip_entries,
    "bomb.pt": zip_bomb,
    "long.pkl.gz": gzip_pickle,
    "dictionary.pkl.xz": xz_dictionary,
    "long.pmml": xml_long,
}


def _sparse(path: Path, raw: bytes, size: int) -> None:
    with path.open("wb") as file:
        file.write(raw)
        file.truncate(len(raw) + size)
