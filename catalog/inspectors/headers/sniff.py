"""What a file of weights is, by its content; its name decides nothing."""

from __future__ import annotations

from typing import Final

from catalog.inspectors.base import Problems, Reader
from catalog.inspectors.headers import ggml, keras, torch, zips
from catalog.inspectors.headers.ctranslate2 import is_ctranslate2
from catalog.inspectors.headers.gguf import MAGIC
from catalog.inspectors.headers.ranges import exactly, read_named

HEAD: Final = 512  # of tar files, and of those of no known format
# Before the first tensor of every format that is known by its beginning.
_SHORTEST: Final = 48
_BEGINNINGS: Final = (
    (MAGIC, "gguf"),
    (keras.HDF5, "hdf5"),
    (torch.LEGACY, "torch legacy"),
    (zips.SIGNATURE, "zip"),
    (b"\x93NUMPY", "numpy"),
)
_PICKLE_PROTOCOLS: Final = range(2, 6)
_TFLITE: Final = (4, b"TFL3")
_TAR: Final = (257, b"ustar")
_LENGTH_BYTES: Final = 8
# The first field of an ONNX model is its version; then come the producer or the graph.
_ONNX_SECOND: Final = frozenset({0x12, 0x1A, 0x22, 0x28, 0x32, 0x3A, 0x42, 0x72, 0xCA})
_LATEST_ONNX: Final = 64
# A SavedModel has one schema version, and then its graphs, which are long.
_SAVED_MODEL: Final = b"\x08\x01\x12"
_SHORT: Final = 0x80


def sniff(reader: Reader, path: str, problems: Problems) -> str:
    """Name the format of a file; '' for none that is known here, or with a problem.

    One of gguf, safetensors, torch, torch legacy, torch tar, pickle, keras, hdf5, onnx, tflite,
    saved_model, ctranslate2, whisper, ggml, ggmf, ggjt, ggla, ggsn, numpy, numpy zip, zip. One or
    two reads, and two more for a zip file.
    """
    read = read_named(path, "readable", problems, lambda: head_of(reader, path))
    found = form_of(read or b"", reader.size(path))
    return _zip_form(reader, path, problems) if found == "zip" else found


def head_of(reader: Reader, path: str) -> bytes:
    """Read as much of a file as tells its format."""
    size = reader.size(path)
    head = exactly(reader, path, 0, min(size, _SHORTEST))
    if form_of(head, size):
        return head
    return head + exactly(reader, path, len(head), min(size, HEAD))


def form_of(head: bytes, size: int) -> str:
    """Name the format of a file that begins so and has this size; `zip` for all kinds of it."""
    for beginning, form in _BEGINNINGS:
        if head.startswith(beginning):
            return form
    tests = (_ggml, _placed, _safetensors, _ctranslate2, _protobuf, _pickle)
    return next((form for test in tests if (form := test(head, size))), "")


def _ggml(head: bytes, _: int) -> str:
    form = ggml.FORMS.get(head[:4], "")
    return "whisper" if form == "ggml" and ggml.is_whisper(head) else form


def _placed(head: bytes, _: int) -> str:
    if head.startswith(_TFLITE[1], _TFLITE[0]):
        return "tflite"
    # Before version 0.1.10 torch wrote tar files; others are known by nothing but their members.
    tar = head.startswith(_TAR[1], _TAR[0])
    return "torch tar" if tar and head.startswith((b"sys_info", b"storages", b"pickle")) else ""


def _safetensors(head: bytes, size: int) -> str:
    length = int.from_bytes(head[:_LENGTH_BYTES], "little")
    fits = 1 < length <= size - _LENGTH_BYTES
    return "safetensors" if fits and head[_LENGTH_BYTES : _LENGTH_BYTES + 1] == b"{" else ""


def _ctranslate2(head: bytes, _: int) -> str:
    return "ctranslate2" if is_ctranslate2(head) else ""


def _protobuf(head: bytes, size: int) -> str:
    if len(head) < 4 or head[0] != 0x08 or not 0 < head[1] <= _LATEST_ONNX:  # noqa: PLR2004 tags
        return ""
    # The name of a producer is short, a graph is not: its length takes more than one byte.
    if head.startswith(_SAVED_MODEL) and head[3] >= _SHORT and size > HEAD:
        return "saved_model"
    return "onnx" if head[2] in _ONNX_SECOND else ""


def _pickle(head: bytes, _: int) -> str:
    return "pickle" if head[:1] == b"\x80" and head[1:2] in map(_byte, _PICKLE_PROTOCOLS) else ""


def _byte(number: int) -> bytes:
    return bytes((number,))


def _zip_form(reader: Reader, path: str, problems: Problems) -> str:
    members = read_named(path, "zip", problems, lambda: zips.read_directory(reader, path))
    if members is None:
        return "zip"
    if torch.is_torch(members):
        return "torch"
    if keras.is_keras(members):
        return "keras"
    arrays = members and all(member.name.endswith(".npy") for member in members)
    return "numpy zip" if arrays else "zip"
