"""Weights of formats that are one file: ONNX with its data, CTranslate2, Keras, PyTorch, ggml."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import PurePosixPath
from typing import Final

from catalog.inspectors.base import JsonObject, Problems, Reader
from catalog.inspectors.headers.ctranslate2 import CTranslate2
from catalog.inspectors.headers.dispatch import read_file
from catalog.inspectors.headers.ggml import Whisper, as_config, read_whisper
from catalog.inspectors.headers.gguf_types import PLAIN
from catalog.inspectors.headers.keras import Keras
from catalog.inspectors.headers.onnx import Onnx
from catalog.inspectors.headers.ranges import Budget
from catalog.inspectors.headers.torch import Torch
from catalog.inspectors.headers.vosk import vosk_folder
from catalog.inspectors.sets import MOST_FILES, graphs_of, size_of_set
from catalog.inspectors.subject import Facts
from catalog.sources.base import Listing
from downloads.planning.formats import format_of, is_always_taken

_LOOKED_INTO: Final = frozenset({"onnx", "pickle", "keras"})
_WHISPER: Final = "Whisper"  # the only family that CTranslate2 names
_HOW: Final = "counted from the tensors of one file"
_ALL_SHARE: Final = ("model_type", "sampling_rate")


def one_file_facts(
    reader: Reader, listing: Listing, files: Sequence[str], problems: Problems, budget: Budget
) -> Facts:
    """Read the header of the one file that a set is, data of an ONNX graph not counted."""
    main = graphs_of(files) or files
    if len(main) != 1 or format_of(main[0]) not in _LOOKED_INTO:
        return {}
    found = read_file(reader, main[0], problems, budget=budget)
    facts: Facts = {}
    if isinstance(found, Onnx):
        facts = _of_graph(listing, files, _values_of(main[0], found), problems)
    if isinstance(found, CTranslate2) and found.spec.startswith(_WHISPER):
        facts = {"family": "whisper"}
    if isinstance(found, Onnx | CTranslate2) and found.num_params:
        counted = {"num_params": found.num_params, "num_params_how": _HOW}
        return {**facts, **counted, "params_by_dtype": dict(found.by_dtype)}
    if isinstance(found, Keras):
        return _of_keras(found)
    return {"weights_bytes": found.weights_bytes} if isinstance(found, Torch) else facts


def _values_of(graph: str, found: Onnx) -> list[str]:
    """Return the files that hold the values of a graph, whatever they are called."""
    return [(PurePosixPath(graph).parent / name).as_posix() for name in found.external_files]


def _of_graph(
    listing: Listing, files: Sequence[str], values: Sequence[str], problems: Problems
) -> Facts:
    there = {file.path for file in listing.files}
    for path in values:
        if path not in there:
            problems.add(f"The ONNX graph keeps values in {path}, which is not there")
    whole = tuple(sorted({*files, *(there & set(values))}))
    if len(whole) > MOST_FILES:
        return {}
    return {"files": whole, "weights_bytes": size_of_set(listing, whole)}


def _of_keras(found: Keras) -> Facts:
    told: Facts = {
        "architecture": found.class_name,
        "num_layers": found.layers,
        "dtype": found.dtype,
        "weights_bytes": found.weights_bytes,
    }
    return {name: value for name, value in told.items() if value}


def whisper_facts(
    reader: Reader, paths: Sequence[str], forms: Mapping[str, str], problems: Problems
) -> tuple[Facts, JsonObject]:
    """Return what the speech models of whisper.cpp say, and their shape as config.json tells it.

    Of several only what all of them share is told, and least where not all were looked at.
    """
    read = (read_whisper(reader, path, problems) for path in forms if forms[path] == "whisper")
    found = [one for one in read if one is not None]
    if not found:
        return {}, {}
    shapes = [as_config(one) for one in found]
    shared = {name: value for name, value in shapes[0].items() if _all_say(shapes, name, value)}
    if len(found) < sum(format_of(path) == "ggml" for path in paths):
        return {}, {name: shared[name] for name in _ALL_SHARE}
    return _number_format(found), shared


def _all_say(shapes: Sequence[JsonObject], name: str, value: object) -> bool:
    return all(shape.get(name) == value for shape in shapes)


def _number_format(found: Sequence[Whisper]) -> Facts:
    types = {one.file_type for one in found}
    name = types.pop() if len(types) == 1 else ""
    if name in PLAIN:
        return {"dtype": name}
    return {"quantization": {"method": "ggml", "scheme": name}} if name else {}


def vosk_facts(listing: Listing) -> Facts:
    """Return the files and the size of a folder of Vosk; nothing where there are other weights."""
    folder = vosk_folder(file.path for file in listing.files)
    if folder is None or any(format_of(file.path) for file in listing.files):
        return {}
    below = [file.path for file in listing.files if file.path.startswith(folder)]
    files = sorted(p for p in below if not p.endswith(".conf") and not is_always_taken(p))
    chosen = tuple(files) if len(files) <= MOST_FILES else ()
    return {"formats": ("kaldi",), "files": chosen, "weights_bytes": size_of_set(listing, files)}
