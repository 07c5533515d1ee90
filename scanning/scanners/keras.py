"""Keras models and other HDF5 files: what rebuilding them would run, import or read.

HDF5 is read by our own code, bounded: h5py would bring a C library that follows links to other
files, and the parts that carry danger are attributes and links alone.
"""

from __future__ import annotations

import json
from pathlib import Path, PurePath

from scanning.scanners._sniff import Kind, sniff
from scanning.scanners._tensors.keras import RULES, examine_hdf5
from scanning.scanners._tensors.keras_config import examine_config
from scanning.scanners._tensors.notes import Notes
from scanning.scanners.base import (
    HEAD_BYTES,
    Canary,
    Coverage,
    Report,
    Scanner,
    scanners,
)

_HDF5_SUFFIXES = frozenset({".h5", ".hdf5", ".hdf"})
# Where Keras looks for a configuration, however far into it the first class stands.
_CONFIGS = frozenset({"config.json", "model.json"})


@scanners.register
class Keras(Scanner):
    """Unsafe for Python code, dangerous modules and other files; suspicious for foreign classes."""

    slug = "keras"
    title = "Keras and HDF5"
    rules = RULES

    @property
    def engine(self) -> str:
        return "keras/5"

    def canary(self) -> Canary:
        content = b'{"class_name": "Lambda", "config": {"function": ["4wAAAA==", null, null]}}'
        return Canary("config.json", content)

    def handles(self, path: PurePath, head: bytes) -> bool:
        """HDF5 and configurations; a .keras archive's members come by way of `pickle_ops`."""
        kind, suffix = sniff(head), path.suffix.lower()
        if kind in {Kind.TEXT, Kind.UNKNOWN} and path.name.lower() in _CONFIGS:
            return True
        if kind is Kind.TEXT:
            return suffix == ".json" and b'"class_name"' in head
        return kind is Kind.HDF5 or (kind is Kind.UNKNOWN and suffix in _HDF5_SUFFIXES)

    def scan(self, path: Path, name: PurePath) -> Report:
        notes, size = Notes(), path.stat().st_size
        with path.open("rb") as stream:
            kind = sniff(stream.read(HEAD_BYTES))
            if kind is not Kind.TEXT and name.name.lower() not in _CONFIGS:
                examine_hdf5(stream, notes)
            elif size > self.options.max_text_bytes:
                return Report.incomplete("more text than is read", Coverage.PARTIAL)
            else:
                _examine_json(path, notes, certain=kind is not Kind.TEXT)
        return notes.report(size)


def _examine_json(path: Path, notes: Notes, *, certain: bool) -> None:
    """In any encoding that Python's own reader of JSON finds by itself."""
    raw = path.read_bytes()
    text = raw.decode(json.detect_encoding(raw), "replace").removeprefix("\ufeff")
    examine_config(text, notes, certain=certain)
