"""One file of weights, read by the reader of what it is."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from catalog.inspectors.base import Problems, Reader
from catalog.inspectors.headers.ctranslate2 import CTranslate2, read_ctranslate2
from catalog.inspectors.headers.ggml import Whisper, read_whisper
from catalog.inspectors.headers.gguf import Gguf, read_gguf
from catalog.inspectors.headers.keras import Keras, read_keras
from catalog.inspectors.headers.onnx import Onnx, read_onnx
from catalog.inspectors.headers.ranges import REMOTE, Budget
from catalog.inspectors.headers.safetensors import Header, read_header
from catalog.inspectors.headers.sniff import sniff
from catalog.inspectors.headers.torch import Torch, read_torch


@dataclass(frozen=True, slots=True)
class Recognized:
    """A file whose format is known by its beginning; `note` says what is not read of it."""

    form: str
    note: str


Found = Gguf | Header | Torch | Keras | Onnx | CTranslate2 | Whisper | Recognized
Read = Callable[[Reader, str, Problems, Budget], Found | None]
_READERS: Final[Mapping[str, Read]] = {
    "gguf": lambda reader, path, problems, budget: read_gguf(reader, path, problems, budget=budget),
    "onnx": lambda reader, path, problems, budget: read_onnx(reader, path, problems, budget=budget),
    "ctranslate2": lambda reader, path, problems, budget: read_ctranslate2(
        reader, path, problems, budget=budget
    ),
    "safetensors": lambda reader, path, problems, _: read_header(reader, path, problems),
    "torch": lambda reader, path, problems, _: read_torch(reader, path, problems),
    "keras": lambda reader, path, problems, _: read_keras(reader, path, problems),
    "whisper": lambda reader, path, problems, _: read_whisper(reader, path, problems),
}
_OLD_GGML: Final = "a file of ggml from before GGUF: its shape is not read"
NOTES: Final[Mapping[str, str]] = {
    "torch legacy": "PyTorch from before 1.6: one pickle, which is not read",
    "torch tar": "PyTorch from before 0.1.10: pickles in a tar file, which are not read",
    "pickle": "a pickle, which is not read",
    "hdf5": "HDF5: its attributes are not read",
    "tflite": "TensorFlow Lite: its graph is not read",
    "saved_model": "a TensorFlow SavedModel: its graph is not read",
    "numpy": "an array of NumPy",
    "numpy zip": "arrays of NumPy: their types are not read",
    "zip": "a zip file of no known kind",
    "ggml": _OLD_GGML,
    "ggmf": _OLD_GGML,
    "ggjt": _OLD_GGML,
    "ggla": _OLD_GGML,
    "ggsn": "a saved session of llama.cpp, no model",
}


class _Once:
    """A reader that asks for the same part once: telling a format and reading it often want it."""

    def __init__(self, reader: Reader) -> None:
        self._reader = reader
        self._parts: dict[tuple[str, int, int], bytes] = {}

    def has(self, path: str) -> bool:
        return self._reader.has(path)

    def size(self, path: str) -> int:
        return self._reader.size(path)

    def read_text(self, path: str, limit: int) -> bytes:
        return self._reader.read_text(path, limit)

    def read_range(self, path: str, start: int, end: int) -> bytes:
        asked = (path, start, end)
        if asked not in self._parts:
            self._parts = {asked: self._reader.read_range(path, start, end)}
        return self._parts[asked]


def read_file(
    reader: Reader, path: str, problems: Problems, *, budget: Budget = REMOTE
) -> Found | None:
    """Read a file's header by what its content is; None where that is not known, or with a problem.

    `budget` bounds formats whose header has no end in sight: GGUF, ONNX and CTranslate2.
    """
    reader = _Once(reader)
    form = sniff(reader, path, problems)
    if form in NOTES:
        return Recognized(form, NOTES[form])
    read = _READERS.get(form)
    return None if read is None else read(reader, path, problems, budget)
