"""What in a folder is a model: single weight files at its top, and folders that hold weights."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Collection, Iterable
from dataclasses import dataclass, field
from pathlib import PurePosixPath
from typing import Final

from catalog.sources.folder.reading import check_name
from catalog.sources.paths import check_path
from core.errors import InvalidInputError
from core.folders import FoundFile, Refused, in_words

WEIGHTS: Final = frozenset({".gguf", ".bin", ".safetensors", ".onnx"})
# A folder with one of these is a model even where its weights are in folders below.
MARKS: Final = frozenset({"config.json", "model_index.json", "modules.json"})
# What a VOSK speech model is made of, in the layout with folders and in the flat one.
ACOUSTIC: Final = "final.mdl"
_VOSK: Final = {
    "final.mdl (in am/)": ("am/final.mdl", ACOUSTIC),
    "HCLG.fst or HCLr.fst (in graph/)": (
        "graph/HCLG.fst",
        "graph/HCLr.fst",
        "HCLG.fst",
        "HCLr.fst",
    ),
    "mfcc.conf (in conf/)": ("conf/mfcc.conf", "mfcc.conf"),
}


@dataclass(frozen=True, slots=True)
class FoundModel:
    """A model on this machine; `fingerprint` changes when any of its files may have changed."""

    name: str
    kind: str
    size: int
    file_count: int
    fingerprint: str
    problem: str = ""


@dataclass(frozen=True, slots=True)
class Discovery:
    """What a look found, and what it could not take."""

    models: tuple[FoundModel, ...]
    problems: tuple[str, ...]
    file_count: int


@dataclass(slots=True)
class _Unit:
    kind: str
    size: int = 0
    weights: int = 0
    problem: str = ""
    files: list[FoundFile] = field(default_factory=list)


def discover(found: Iterable[FoundFile | Refused]) -> Discovery:
    """Sort what is in a folder into models; a highest folder that holds weights is one model.

    So is a folder that holds all of a VOSK speech model.
    """
    entries = list(found)
    holders = {_parent(one.at) for one in entries if _marks(one)} | _vosk_folders(entries)
    units: defaultdict[str, _Unit] = defaultdict(lambda: _Unit("folder"))
    stray: list[str] = []
    for entry in entries:
        name = _unit_of(entry.at, holders)
        if name is None:
            if isinstance(entry, Refused):
                stray.append(f"{in_words(entry.at)} is {entry.reason}; it is left out.")
            continue
        if name == entry.at:
            units[name] = _Unit("file")
        _add(units[name], entry)
    models, misnamed = _models(units)
    return Discovery(tuple(models), (*stray, *misnamed), len(entries))


def _marks(entry: FoundFile | Refused) -> bool:
    path = PurePosixPath(entry.at)
    return path.suffix.lower() in WEIGHTS or path.name in MARKS


def _vosk_folders(entries: Iterable[FoundFile | Refused]) -> set[str]:
    paths = {one.at for one in entries}
    acoustic = {path for path in paths if path.rpartition("/")[2] == ACOUSTIC}
    folders = {_parent(path) for path in acoustic}
    folders |= {_parent(folder) for folder in folders if folder.rpartition("/")[2] == "am"}
    return {folder for folder in folders if folder and not _lacking(paths, f"{folder}/")}


def _lacking(paths: Collection[str], start: str = "") -> list[str]:
    """Name what a VOSK model at this place would need and these files do not have."""
    return [
        words
        for words, names in _VOSK.items()
        if not any(f"{start}{name}" in paths for name in names)
    ]


def _parent(path: str) -> str:
    return path.rpartition("/")[0]


def _unit_of(path: str, holders: set[str]) -> str | None:
    """The model that a file belongs to: its highest folder that holds weights, or itself."""
    parts = path.split("/")
    for end in range(1, len(parts)):
        folder = "/".join(parts[:end])
        if folder in holders:
            return folder
    alone = len(parts) == 1 and PurePosixPath(path).suffix.lower() in WEIGHTS
    return path if alone else None


def _add(unit: _Unit, entry: FoundFile | Refused) -> None:
    fault = _fault_of(entry)
    unit.problem = unit.problem or fault
    if isinstance(entry, FoundFile):
        unit.size += entry.size
        path = PurePosixPath(entry.at)
        unit.weights += path.suffix.lower() in WEIGHTS or path.name == ACOUSTIC
        unit.files.append(entry)


def _fault_of(entry: FoundFile | Refused) -> str:
    if isinstance(entry, Refused):
        return (
            f"{in_words(entry.at)} is {entry.reason}: put the file itself there, or take it away."
        )
    try:
        check_path(entry.path)
    except InvalidInputError as error:
        return error.message
    return ""


def _models(units: dict[str, _Unit]) -> tuple[list[FoundModel], list[str]]:
    models, misnamed = [], []
    for name, unit in units.items():
        try:
            check_name(name)
        except InvalidInputError as error:
            misnamed.append(error.message)
            continue
        if unit.weights or unit.problem:
            count, fingerprint = len(unit.files), fingerprint_of(unit.files)
            models.append(FoundModel(name, unit.kind, unit.size, count, fingerprint, unit.problem))
    return models, misnamed


def fingerprint_of(files: Iterable[FoundFile]) -> str:
    """Hash names and stamps: another one means that the files have to be looked at again."""
    lines = sorted(f"{one.at!a} {one.stamp}" for one in files)
    return hashlib.sha256("\n".join(lines).encode()).hexdigest()


def place_problem(files: Iterable[str]) -> str:
    """Say why a folder is no VOSK speech model, '' when it is one (of either layout)."""
    missing = _lacking(set(files))
    if not missing:
        return ""
    return f"VOSK_MODEL_PATH names no VOSK model: {', '.join(missing)} is missing."
