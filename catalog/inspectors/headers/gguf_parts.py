"""GGUF files that belong together: the parts of a split one, read as one."""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from catalog.inspectors.base import Problems, Reader, as_count
from catalog.inspectors.headers.gguf import Gguf, GgufTensor, read_gguf
from catalog.inspectors.headers.ranges import REMOTE, Budget

MOST_PARTS: Final = 8
_PART: Final = re.compile(r"(.+)-(\d{5})-of-(\d{5})\.gguf\Z", re.IGNORECASE)


def gguf_sets(paths: Iterable[str]) -> list[tuple[str, ...]]:
    """Group the GGUF files of a repository into models: alone, or all the parts of one in order.

    Files of one set are told by their names, as llama.cpp writes and finds them.
    """
    sets: dict[tuple[str, str], list[str]] = {}
    for path in sorted(path for path in paths if path.lower().endswith(".gguf")):
        match = _PART.match(path)
        sets.setdefault((match[1], match[3]) if match else (path, ""), []).append(path)
    return [tuple(parts) for parts in sets.values()]


def read_gguf_set(
    reader: Reader,
    paths: tuple[str, ...],
    problems: Problems,
    *,
    budget: Budget = REMOTE,
    most_parts: int = MOST_PARTS,
) -> Gguf | None:
    """Read the parts of one model; each holds tensors, the first holds the keys of all.

    `tensors` is None where a part is missing, or where there are more than are to be read.
    """
    first = read_gguf(reader, paths[0], problems, budget=budget)
    match = _PART.match(paths[0])
    count = as_count(first.keys.get("split.count")) if first else None
    count = max(count or 1, int(match[3]) if match else 1)
    if first is None or count == 1:
        return first
    if len(paths) != count or int(match[2] if match else 1) != 1:
        problems.add(f"{paths[0]} is one of {count} parts, of which {len(paths)} are there")
        return replace(first, tensors=None)
    if count > most_parts or first.tensors is None:
        problems.add(f"{paths[0]} has {count} parts: their headers are not all read")
        return replace(first, tensors=None)
    others = [read_gguf(reader, path, problems, budget=budget) for path in paths[1:]]
    return _joined(first, others, paths[0], problems)


def _joined(first: Gguf, others: list[Gguf | None], path: str, problems: Problems) -> Gguf:
    whole: dict[str, GgufTensor] = dict(first.tensors or {})
    for part in others:
        if part is None or part.tensors is None:
            return replace(first, tensors=None)
        if whole.keys() & part.tensors.keys():
            problems.add(f"{path}: two of its parts hold the same tensor")
            return replace(first, tensors=None)
        whole.update(part.tensors)
    told = as_count(first.keys.get("split.tensors.count"))
    if told is not None and told != len(whole):
        problems.add(f"{path}: its parts hold {len(whole)} tensors where it says {told}")
        return replace(first, tensors=None)
    return replace(first, tensors=whole, tensor_count=len(whole))
