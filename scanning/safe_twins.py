"""Which files of a version need not be served, because the rest does all that they do. Pure.

A file that is not clean is held back alone where the same weights are there as safetensors, where
it is an export of those for another runtime, or where it is of training and no loader needs it.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import PurePosixPath

from downloads.planning.formats import family_of
from scanning.policy import WORST_FIRST
from scanning.scanners.base import Verdict
from scanning.tables.table import Table, difference

_SAFE = ".safetensors"
_LOADED = (_SAFE, ".gguf")
_SHARD = re.compile(r"(?P<stem>.+)-(?P<number>\d{5})-of-(?P<count>\d{5})(?P<end>\.[^./]+)")
_INDEX = re.compile(r"(?P<stem>.+)(?P<end>\.[^./]+)\.index(?P<variant>\.[^./]+)?\.json")
_MARKS = {"onnx": ".onnx", "tensorflow": ".ckpt."}  # what the parts of one graph share
_FOLDERS = re.compile(r"(?P<whole>.*?\.(?:mlpackage|mlmodelc))/.+", re.DOTALL)
_PICKLED = frozenset({".bin", ".pt", ".pth", ".ckpt", ".pkl", ".pickle"})
# How weights are called that a loader takes instead of those: by the beginning of the name.
_RENAMED = (
    ("diffusion_flax_model", "diffusion_pytorch_model"),
    ("pytorch_model", "model"),
    ("open_clip_pytorch_model", "open_clip_model"),
    ("tf_model", "model"),
    ("flax_model", "model"),
    ("rust_model", "model"),
    ("consolidated.00", "consolidated"),
)
_MAIN = frozenset({"model", "diffusion_pytorch_model"})
_OTHER_RUNTIMES = frozenset({"onnx", "openvino", "rust", "flax", "tensorflow", "coreml", "paddle"})
_THEIR_FOLDERS = frozenset(
    {"onnx", "openvino", "coreml", "flax", "jax", "tf", "tensorflow", "saved_model", "variables"}
    | {"tflite", "rust", "paddle"}
)
_OF_TRAINING = re.compile(
    r"(optimizer|scheduler|scaler|rng_state|random_states|training_args)[-_.\w]*"
    r"\.(pt|pth|bin|pkl)|.*_optim_states\.pt|events\.out\.tfevents.*"
)
_TRAINED_WITH = ("optimizer", "scheduler", "scaler", "rng_state", "random_states", "training_args")
_LEAST_SHARE = 4  # what is there instead has at least a quarter of the bytes


@dataclass(frozen=True, slots=True)
class Scanned:
    """A file with the verdict on it, and the words for that."""

    path: str
    size: int
    verdict: Verdict
    words: str = ""


def warned_of(path: str, size: int, word: str) -> Scanned:
    """A file that its source warns of, by the source's word for it."""
    verdict = Verdict.UNSAFE if word == "unsafe" else Verdict.SUSPICIOUS
    return Scanned(path, size, verdict, f"its source says {word or 'so'}")


TablesOf = Callable[[Sequence[str]], Table | None]


def held_back(files: Mapping[str, Scanned], tensors: TablesOf) -> dict[str, str]:
    """Give the paths that can be held back while the rest is served, each with the reason.

    `tensors` tells names and shapes in files that belong together; None where it cannot. Weights
    that are known to differ are no twins.
    """
    groups = _groups(files)
    view = _View(files, groups, tensors)
    found: dict[str, str] = {}
    for key, paths in groups.items():
        worst = min((files[path] for path in paths), key=lambda one: _rank(one.verdict))
        if worst.verdict is Verdict.CLEAN:
            continue
        if why := _spare(key, paths, view):
            found |= {path: _sentence(files[path], worst, why) for path in paths}
    return found


@dataclass(frozen=True)
class _View:
    files: Mapping[str, Scanned]
    groups: Mapping[str, Sequence[str]]
    tensors: TablesOf

    @cached_property
    def sound_weights(self) -> dict[str, str]:
        """One whole and clean set of weights for each folder that has any."""
        keys = (key for key in sorted(self.groups, reverse=True) if key.endswith(_LOADED))
        sound = (key for key in keys if not _is_of_training(key) and self.is_sound(key))
        return {key.rpartition("/")[0]: key for key in sound}

    def size(self, paths: Sequence[str]) -> int:
        return sum(self.files[path].size for path in paths if not path.endswith(".json"))

    def is_sound(self, key: str) -> bool:
        """Whether all parts of a set are there, and each is clean."""
        paths = self.groups.get(key, ())
        clean = all(self.files[path].verdict is Verdict.CLEAN for path in paths)
        return bool(paths) and clean and _is_whole(paths)


def _rank(verdict: Verdict) -> int:
    return WORST_FIRST.index(verdict)


def _groups(files: Mapping[str, Scanned]) -> dict[str, list[str]]:
    """Files that are of no use without each other, by the name of the whole."""
    found: dict[str, list[str]] = defaultdict(list)
    for path in sorted(files):
        found[_whole_of(path)].append(path)
    return found


def _whole_of(path: str) -> str:
    if match := _FOLDERS.fullmatch(path):
        return match["whole"]
    folder, slash, name = path.rpartition("/")
    above = folder.rpartition("/")[0]
    if family_of(path) == "tensorflow" and folder.rpartition("/")[2] == "variables":
        return f"{above}/saved_model.pb" if above else "saved_model.pb"
    return f"{folder}{slash}{_whole_name(name, family_of(path))}"


def _whole_name(name: str, family: str) -> str:
    if match := _SHARD.fullmatch(name):
        return match["stem"] + match["end"]
    if match := _INDEX.fullmatch(name):
        return f"{match['stem']}{match['variant'] or ''}{match['end']}"
    if family == "openvino":
        return f"{PurePosixPath(name).stem}.openvino"
    mark = _MARKS.get(family)
    return name.partition(mark)[0] + mark if mark and mark in name else name


def _is_whole(paths: Sequence[str]) -> bool:
    """Whether no shard is missing; shards without an index are found by no loader."""
    shards = [match for path in paths if (match := _SHARD.fullmatch(path.rpartition("/")[2]))]
    if not shards:
        return not any(path.endswith(".json") for path in paths)
    numbers = {int(match["number"]) for match in shards}
    count = int(shards[0]["count"])
    same = all(match["count"] == shards[0]["count"] for match in shards)
    return same and numbers == set(range(1, count + 1)) and len(paths) == count + 1


def _spare(key: str, paths: Sequence[str], view: _View) -> str:
    """Say why nobody misses these files; '' where somebody may."""
    folder, _, name = key.rpartition("/")
    if _OF_TRAINING.fullmatch(name):
        twin = _sound_at(folder, view)
        return f"It is of training; {twin} is loaded without it." if twin else ""
    if family_of(paths[0]) in _OTHER_RUNTIMES:
        return _spare_export(folder, name, paths, view)
    end = PurePosixPath(name).suffix
    if end not in _PICKLED:
        return ""
    for stem in _stems(name.removesuffix(end)):
        twin = _in(folder, stem)
        if view.is_sound(twin) and _is_twin(paths, twin, view):
            return f"The same weights are in {twin}."
    return ""


def _stems(stem: str) -> Iterator[str]:
    yield stem
    for old, new in _RENAMED:
        if stem == old or stem.startswith(f"{old}."):
            yield new + stem.removeprefix(old)


def _spare_export(folder: str, name: str, paths: Sequence[str], view: _View) -> str:
    """A file for another runtime, in the folder of the weights or in one of its own below that."""
    stems = {*_MAIN, *_stems(PurePosixPath(name).stem)}
    parts = PurePosixPath(folder).parts if folder else ()
    begin = next((n for n, part in enumerate(parts) if part.lower() in _THEIR_FOLDERS), None)
    places = [folder] if begin is None else [folder, "/".join(parts[:begin])]
    largest = max(view.files[path].size for path in paths)
    for place in places:
        for stem in sorted(stems):
            twin = _in(place, stem)
            if view.is_sound(twin) and _LEAST_SHARE * view.size(view.groups[twin]) >= largest:
                return f"It is for another runtime; the weights are in {twin}."
    return ""


def _in(folder: str, stem: str) -> str:
    return f"{folder}/{stem}{_SAFE}" if folder else f"{stem}{_SAFE}"


def _sound_at(folder: str, view: _View) -> str:
    """Sound weights in this folder or the nearest above it."""
    while folder not in view.sound_weights:
        if not folder:
            return ""
        folder = folder.rpartition("/")[0]
    return view.sound_weights[folder]


def _is_of_training(key: str) -> bool:
    return family_of(key) == "training" or key.rpartition("/")[2].startswith(_TRAINED_WITH)


def _is_twin(paths: Sequence[str], twin: str, view: _View) -> bool:
    """Whether nothing is lost with these files: by their tensors, else by their bytes."""
    instead = view.groups[twin]
    ours = view.tensors([path for path in paths if not path.endswith(".json")])
    theirs = view.tensors([path for path in instead if not path.endswith(".json")])
    if ours is not None and theirs is not None:
        return not difference(ours, theirs)
    return _LEAST_SHARE * view.size(instead) >= view.size(paths)


def _sentence(file: Scanned, worst: Scanned, why: str) -> str:
    if file.verdict is Verdict.CLEAN:
        return f"It goes with {worst.path}, which is {worst.verdict}. {why}"
    told = f": {file.words}" if file.words else ""
    return f"{file.verdict.capitalize()}{told}. {why}"
