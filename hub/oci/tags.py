"""Which GGUF a tag means: pure, from the paths that are served."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Final

from core.errors import InvalidInputError
from downloads.planning.presets import PRESETS, taken_by
from downloads.planning.quantizations import is_projector, part_of, quantization_of

LATEST: Final = "latest"
_NAMED: Final = 12  # names in a sentence


@dataclass(frozen=True, slots=True)
class Chosen:
    """One file of weights and, where the model has one, the projector that goes with it."""

    weights: str
    projector: str = ""


def is_gguf(path: str) -> bool:
    return path.lower().endswith(".gguf")


def choose(tag: str, paths: Iterable[str]) -> Chosen:
    """Give what a tag means: the best there is, a quantization, or a file by its exact name."""
    paths = [path for path in paths if is_gguf(path)]
    weights = [path for path in paths if not is_projector(path)]
    if not weights:
        raise InvalidInputError("It has no GGUF file here, which is what Ollama takes.")
    found = _by_name(tag, weights) or _by_quantization(tag, weights)
    return _whole(_one(tag, found), paths)


def all_chosen(paths: Iterable[str]) -> Iterator[Chosen]:
    """Give everything that some tag could mean."""
    paths = [path for path in paths if is_gguf(path)]
    for path in sorted(paths):
        if not is_projector(path) and part_of(path) is None:
            yield _whole(path, paths)


def _by_name(tag: str, weights: list[str]) -> list[str]:
    names = {tag, f"{tag}.gguf"}
    return [path for path in weights if path.rpartition("/")[2] in names]


def _by_quantization(tag: str, weights: list[str]) -> list[str]:
    wanted = "" if tag == LATEST else tag.upper()
    labels = {quantization_of(path) for path in weights}
    if wanted and wanted not in labels:
        raise InvalidInputError(f"There is no {tag!r} here. There are: {_names(labels, weights)}.")
    taken = taken_by(PRESETS["gguf"], wanted, weights)
    return sorted(taken)


def _names(labels: set[str], weights: list[str]) -> str:
    """What else could be asked for: quantizations, or files where names tell none."""
    told = sorted(labels - {""}) or sorted(path.rpartition("/")[2] for path in weights)
    more = f" and {len(told) - _NAMED} more" if len(told) > _NAMED else ""
    return ", ".join(told[:_NAMED]) + more


def _one(tag: str, found: list[str]) -> str:
    """Of several files with one quantization, that which is called by nothing else wins."""
    if any(part_of(path) for path in found):
        raise InvalidInputError(
            "This GGUF is in parts, which Ollama does not take: merge them with llama-gguf-split."
        )
    if len(found) > 1:
        label = quantization_of(found[0])
        ending = f"-{label}.gguf".lower()
        found = [path for path in found if path.lower().endswith(ending)] or found
    if len(found) > 1:
        names = ", ".join(path.rpartition("/")[2] for path in found[:_NAMED])
        raise InvalidInputError(
            f"Several files are {tag!r}: {names}. Name one of them in place of the tag."
        )
    return found[0]


def _whole(path: str, paths: list[str]) -> Chosen:
    beside = [path, *(other for other in paths if is_projector(other))]
    taken = taken_by(PRESETS["gguf"], "", beside) - {path}
    return Chosen(path, next(iter(taken), ""))
