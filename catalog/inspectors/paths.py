"""Models that lie in folders or single files, read where they are."""

from __future__ import annotations

import os
from collections.abc import Mapping
from pathlib import Path
from typing import Final

from catalog.inspectors.base import LARGEST_JSON, JsonObject, parse_json
from catalog.inspectors.headers.vosk import vosk_folder
from catalog.sources.base import Listing, ModelRef, RemoteFile
from core.errors import InvalidInputError, TooLargeError, UpstreamNotFoundError
from downloads.planning.formats import has_weights

MOST_FILES: Final = 100_000
# A file of settings alone is known by what it holds, whatever it is called.
_SETTINGS: Final = {
    "adapter_config.json": frozenset({"peft_type"}),
    "model_index.json": frozenset({"_class_name", "_diffusers_version"}),
    "params.json": frozenset({"dim", "n_layers"}),
    "config.json": frozenset({"model_type"}),
}
_SHAPE: Final = frozenset(
    {"architectures", "hidden_size", "n_embd", "d_model", "_class_name", "sampling_rate"}
)
# `model_type` of Mistral's own files; DistilBERT has the same names of sizes, and another type.
_NATIVE: Final = ("transformer", "mamba")


class PathReader:
    """Files of this machine, by the names they have in the model."""

    def __init__(self, files: Mapping[str, Path]) -> None:
        self._files = files

    def has(self, path: str) -> bool:
        return path in self._files

    def size(self, path: str) -> int:
        return self._found(path).stat().st_size

    def read_text(self, path: str, limit: int) -> bytes:
        if self.size(path) > limit:
            raise TooLargeError(f"{path} is larger than {limit} bytes.", limit=limit)
        return self.read_range(path, 0, limit)

    def read_range(self, path: str, start: int, end: int) -> bytes:
        with self._found(path).open("rb") as file:
            file.seek(start)
            return file.read(max(0, end - start))

    def _found(self, path: str) -> Path:
        try:
            return self._files[path]
        except KeyError:
            raise UpstreamNotFoundError(f"There is no file {path}.") from None


def read_path(path: Path) -> tuple[PathReader, Listing]:
    """Open a folder or a single file as a model.

    Raise InvalidInputError, in one line, where there is none.
    """
    if path.is_dir():
        files = _of_folder(path)
    elif path.is_file():
        files = {_name_of(path): path}
    else:
        there = os.path.lexists(path)
        raise InvalidInputError("is no file and no folder" if there else "does not exist")
    known = any(name in _SETTINGS or has_weights(name) for name in files)
    if not known and vosk_folder(files) is None:
        raise InvalidInputError("holds no model: no configuration and no weights of a known format")
    sizes = sorted((name, file.stat().st_size) for name, file in files.items())
    listing = Listing(
        ref=ModelRef("disk", path.name),
        commit="",
        files=tuple(RemoteFile(name, size, None, None) for name, size in sizes),
    )
    return PathReader(files), listing


def _of_folder(folder: Path) -> dict[str, Path]:
    """Links of files are followed: the cache of huggingface_hub is made of them."""
    found: dict[str, Path] = {}
    for place, folders, names in os.walk(folder):
        folders[:] = sorted(name for name in folders if not name.startswith("."))
        for name in names:
            file = Path(place, name)
            if not name.startswith(".") and file.is_file():
                found[file.relative_to(folder).as_posix()] = file
        if len(found) > MOST_FILES:
            raise InvalidInputError(f"holds more than {MOST_FILES} files")
    return found


def _name_of(file: Path) -> str:
    """Name a single file as it would be called in its model."""
    if file.suffix.lower() != ".json":
        return file.name
    if file.stat().st_size > LARGEST_JSON:
        raise InvalidInputError(f"is larger than {LARGEST_JSON} bytes")
    try:
        data = parse_json(file.read_bytes(), unique=True)
    except InvalidInputError as error:
        raise InvalidInputError(f"is not valid JSON: {error.message}") from error
    if isinstance(data, dict) and (name := _settings_of(data)):
        return name
    raise InvalidInputError("holds no model: it is no configuration of one")


def _settings_of(data: JsonObject) -> str:
    if str(data.get("_class_name")).endswith("Scheduler"):
        return ""
    refused = {"model_index.json": not _is_pipeline(data), "params.json": not _is_native(data)}
    for name, keys in _SETTINGS.items():
        if keys <= data.keys() and not refused.get(name):
            return name
    return "config.json" if _SHAPE & data.keys() else ""


def _is_native(data: JsonObject) -> bool:
    kind = data.get("model_type")
    return "architectures" not in data and (kind is None or kind in _NATIVE)


def _is_pipeline(data: JsonObject) -> bool:
    """A pipeline names its parts, each by library and class; a part lists numbers and blocks."""
    return any(map(_is_part, data.values()))


def _is_part(value: object) -> bool:
    match value:
        case [str(library), str(name)]:
            return library[:1].islower() and name[:1].isupper()
    return False
