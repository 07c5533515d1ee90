"""The GGUF quantizations of a repository that holds several: a runtime loads one of them."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from downloads.planning.quantizations import (
    GGUF_ORDER,
    is_projector,
    part_of,
    quantization_of,
)

_RANKS: Final = {label: place for place, label in enumerate(GGUF_ORDER)}
# Measured on a text to quantize by; no weights.
_NO_WEIGHTS: Final = "imatrix"


@dataclass(frozen=True, slots=True)
class WeightSet:
    """Weights that are loaded together, with their bytes; the name says which they are."""

    name: str
    size: int


def quantizations(files: Iterable[tuple[str, int]]) -> tuple[WeightSet, ...]:
    """Return the sets to choose from, by (path, bytes) of all files; () where there is one at most.

    The first is taken where nobody chose: the order is that of the preset `gguf`, by which a
    download takes one (Q4_K_M where there is one). A set is named by its quantization, or by its
    file where several have the same or none. Projectors go with any, and parts that are not
    complete are no set.
    """
    sets = {base: parts for base, parts in _by_base(files).items() if _is_whole(parts)}
    labels = {base: quantization_of(parts[0][0]) for base, parts in sets.items()}
    often = Counter(labels.values())
    named = [
        (labels[base], WeightSet(_name(base, labels[base], often), sum(size for _, size in parts)))
        for base, parts in sets.items()
    ]
    if len(named) <= 1:
        return ()
    ranked = sorted(named, key=lambda one: (_RANKS.get(one[0], len(_RANKS)), one[1].name))
    return tuple(one for _, one in ranked)


def _by_base(files: Iterable[tuple[str, int]]) -> dict[str, list[tuple[str, int]]]:
    found: defaultdict[str, list[tuple[str, int]]] = defaultdict(list)
    for path, size in sorted(files):
        name = path.rpartition("/")[2].lower()
        if name.endswith(".gguf") and not is_projector(path) and _NO_WEIGHTS not in name:
            part = part_of(path)
            found[part[0] if part else path].append((path, size))
    return found


def _is_whole(parts: Sequence[tuple[str, int]]) -> bool:
    part = part_of(parts[0][0])
    return len(parts) == (part[2] if part else 1)


def _name(base: str, label: str, often: Counter[str]) -> str:
    return label if label and often[label] == 1 else base.removesuffix(".gguf")
