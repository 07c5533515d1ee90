"""Harmless pickles written opcode by opcode; the payload is `os.system("true")` and never runs."""

from __future__ import annotations

import io
import struct
import zipfile

MARK, STOP, REDUCE, BUILD = b"(", b".", b"R", b"b"
SYSTEM = b"cos\nsystem\n"
EVIL = SYSTEM + b"(S'true'\ntR."
EVIL_4 = b"\x80\x04\x8c\x02os\x8c\x06system\x93\x8c\x04true\x85R."
CLEAN = b"\x80\x04}\x8c\x01aK\x01s."
TORCH_MAGIC = b"\x80\x02\x8a\nl\xfc\x9cF\xf9 j\xa8P\x19."


def text(value: str) -> bytes:
    """SHORT_BINUNICODE."""
    raw = value.encode()
    return b"\x8c" + bytes([len(raw)]) + raw


def stack_global(module: str, name: str) -> bytes:
    return text(module) + text(name) + b"\x93"


def call(module: str, name: str, *arguments: bytes) -> bytes:
    """The opcodes of `module.name(*arguments)`; each argument is opcodes that push one value."""
    return stack_global(module, name) + MARK + b"".join(arguments) + b"t" + REDUCE


def pickle(*opcodes: bytes, protocol: int = 4) -> bytes:
    return b"\x80" + bytes([protocol]) + b"".join(opcodes) + STOP


def torch_zip(data: bytes, *, extra: dict[str, bytes] | None = None, packed: bool = False) -> bytes:
    """The layout that torch.save writes, around the given data.pkl."""
    members = {
        "archive/data.pkl": data,
        "archive/.format_version": b"1",
        "archive/byteorder": b"little",
        "archive/data/0": struct.pack("<4f", 1, 2, 3, 4),
        "archive/version": b"3\n",
        **(extra or {}),
    }
    method = zipfile.ZIP_DEFLATED if packed else zipfile.ZIP_STORED
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def joblib_array(shape: bytes, code: str, raw: bytes, *, is_object: bool = False) -> bytes:
    """A NumpyArrayWrapper as joblib writes it: wrapper, BUILD, then the array's bytes."""
    flags = b"K\x3f" if is_object else b"K\x00"
    dtype = call("numpy", "dtype", text(code), b"\x89", b"\x88")
    dtype += MARK + b"K\x03" + text("<") + b"NNN" + b"J\xff\xff\xff\xff" * 2 + flags + b"t" + BUILD
    state = b"}(" + text("subclass") + stack_global("numpy", "ndarray")
    state += text("shape") + shape + text("order") + text("C") + text("dtype") + dtype
    state += text("allow_mmap") + b"\x89" + text("numpy_array_alignment_bytes") + b"K\x10u"
    wrapper = stack_global("joblib.numpy_pickle", "NumpyArrayWrapper") + b")\x81"
    padding = b"" if is_object else b"\x02\xff\xff"
    return wrapper + state + BUILD + padding + raw


def numpy_file(descr: str, content: bytes) -> bytes:
    header = f"{{'descr': {descr}, 'fortran_order': False, 'shape': (2,), }}".encode()
    header += b" " * (-(len(header) + 11) % 64) + b"\n"
    return b"\x93NUMPY\x01\x00" + struct.pack("<H", len(header)) + header + content
