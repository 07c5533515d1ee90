"""Keras models: what their configuration and their HDF5 file would run or read."""

from __future__ import annotations

import io
import re
from typing import BinaryIO

from scanning.scanners._pickle_judge import Judge
from scanning.scanners._pickle_rules import PICKLE_RULES
from scanning.scanners._pickle_stream import examine_pickles, looks_like_pickle
from scanning.scanners._tensors.hdf5 import Attribute, Found, Hdf5, Oversize
from scanning.scanners._tensors.hdf5_front import hdf5_start, note_front
from scanning.scanners._tensors.hdf5_heaps import heap_objects
from scanning.scanners._tensors.kept_stream import KeptStream, ScatteredError
from scanning.scanners._tensors.keras_config import RULES as CONFIG_RULES
from scanning.scanners._tensors.keras_config import examine_config
from scanning.scanners._tensors.notes import POLYGLOT, Notes, note_zip_behind
from scanning.scanners._tensors.reading import BoundsError, FormatError
from scanning.scanners._window import Window
from scanning.scanners.base import Rule, Severity

RULES = {
    **CONFIG_RULES,
    **PICKLE_RULES,
    **POLYGLOT,
    "hdf5_invalid": Rule(
        "HDF5 breaks its format", "https://cwe.mitre.org/data/definitions/130.html"
    ),
    "hdf5_outside": Rule(
        "HDF5 reads another file", "https://nvd.nist.gov/vuln/detail/CVE-2026-1669"
    ),
    "hdf5_oversize": Rule(
        "HDF5 claims more than it has", "https://cwe.mitre.org/data/definitions/789.html"
    ),
    "hdf5_pickles": Rule("HDF5 holds pickles", "https://cwe.mitre.org/data/definitions/502.html"),
    "hdf5_link": Rule("HDF5 has soft links", "https://cwe.mitre.org/data/definitions/59.html"),
}
_KIND_OF_VALUES = "PSEUDOATOM"
_MAX_VALUES = 20_000
_CONFIG_NAMES = frozenset({"model_config", "training_config"})
_CONFIG_WORDS = re.compile(rb'"class_name"|"module"\s*:')


def examine_hdf5(stream: BinaryIO, notes: Notes) -> None:
    """Note what an HDF5 file reaches for; numbers of datasets are not read."""
    front = hdf5_start(stream)
    inner = Window(stream, front, stream.seek(0, 2) - front).buffered() if front else stream
    kept = KeptStream(inner)
    walk, has_pickles = Hdf5(kept, front), False
    try:
        for found in walk.walk():
            _judge(found, notes)
            has_pickles = has_pickles or _tells_of_pickles(found)
    except ScatteredError as error:
        notes.gap(f"HDF5: {error}")
    except (BoundsError, FormatError, IndexError) as error:
        message = "is HDF5 that breaks its format, or has a form that is not read"
        notes.add("hdf5_invalid", Severity.MEDIUM, message, str(error))
        notes.gap(f"HDF5: {error}")
    _judge_whole(walk, notes)
    if front:
        note_front(stream, front, notes)
    if has_pickles:
        _judge_values(kept, walk.address.length_bytes, notes)
    note_zip_behind(stream, notes)


def _judge_whole(walk: Hdf5, notes: Notes) -> None:
    if walk.excess:
        message = "has bytes behind its end, which no reader of HDF5 looks at"
        notes.add("hdf5_invalid", Severity.MEDIUM, message, walk.excess)
        notes.gap(f"HDF5: {walk.excess}")
    if walk.sums.wrong:
        message = "has a wrong checksum, so that readers refuse it"
        notes.add("hdf5_invalid", Severity.MEDIUM, message, f"of what is at {walk.sums.wrong[0]}")
    for gap in walk.gaps:
        notes.gap(f"HDF5: {gap}")


def _tells_of_pickles(found: Found) -> bool:
    """PyTables, and pandas by it, unpickles each value of such an array (`ObjectAtom`)."""
    return (
        isinstance(found, Attribute)
        and found.name.upper() == _KIND_OF_VALUES
        and found.text.strip(b"\x00 \n").lower() == b"object"
    )


def _judge_values(stream: KeptStream, width: int, notes: Notes) -> None:
    message = "has values that PyTables unpickles"
    notes.add("hdf5_pickles", Severity.LOW, message)
    try:
        for count, value in enumerate(heap_objects(stream, width)):
            if value is None or count > _MAX_VALUES:
                notes.gap("HDF5: more values that are unpickled than are read")
                return
            if value.rstrip(b"\x00"):
                _judge_pickle(value, "value", notes)
    except ScatteredError as error:
        notes.gap(f"HDF5: {error}")


def _judge_pickle(content: bytes, name: str, notes: Notes) -> None:
    judge = Judge(f"{notes.location}!{name}".lstrip("!"))
    examine_pickles(io.BytesIO(content), judge)
    notes.extend(judge.findings)
    notes.gaps += judge.gaps


def _judge(found: Found, notes: Notes) -> None:
    if isinstance(found, Attribute):
        _judge_attribute(found, notes)
    elif isinstance(found, Oversize):
        message = "has a dataset that claims far more than the file could hold"
        notes.add("hdf5_oversize", Severity.MEDIUM, message, f"{found.size} bytes")
    elif found.kind == "soft link":
        message = "has a link by name"
        notes.add("hdf5_link", Severity.LOW, message, found.name)
    else:
        message = "reads another file when it is opened"
        evidence = f"{found.kind} {found.name}"
        notes.add("hdf5_outside", Severity.HIGH, message, evidence)


def _judge_attribute(found: Attribute, notes: Notes) -> None:
    text = found.text.strip(b"\x00 \n")
    if not text:
        return  # what fills a message up
    if found.name in _CONFIG_NAMES or _CONFIG_WORDS.search(text):
        # Readers let bytes that are no UTF-8 pass, and so must we, or they would hide the rest.
        examine_config(text.decode("utf-8", "replace"), notes)
    if looks_like_pickle(found.text, positive=True):
        _judge_pickle(found.text, found.name, notes)
