"""What the shards hold that were not opened: told by those that were, proven by their sizes."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Final

from catalog.inspectors.headers.safetensors import LENGTH_BYTES, METADATA, Header, Tensor
from catalog.inspectors.headers.shard_index import ShardIndex, kind_of

# Writers fill a header up to a multiple of eight bytes, some of a page; some put spaces in it.
_PADDING: Final = 4096
_SPACES: Final = 12


def predict(
    index: ShardIndex, headers: Mapping[str, Header], sizes: Mapping[str, int]
) -> dict[str, Tensor] | None:
    """Return the tensors of all shards; None unless there is exactly one answer.

    Tensors whose names differ in numbers alone have the same type and shape in every layer of most
    models. Where all that were seen do, those that were not seen are taken to, and the size of
    each file must then leave just the room that a header with these names takes. One tensor in a
    file may be of a kind that was not seen: see `_alike`.
    """
    found = {name: t for header in headers.values() for name, t in header.tensors.items()}
    rest = [path for path in index.files if path not in headers]
    if not rest:
        return found
    if any(set(index.names(path)) != header.tensors.keys() for path, header in headers.items()):
        return None
    kinds, seen = _kinds(found), frozenset(found.values())
    notes = max(len(json.dumps({METADATA: dict(h.metadata)})) for h in headers.values())
    all_seen = True
    for path in rest:
        tensors = {name: kinds.get(kind_of(name)) for name in index.names(path)}
        known = {name: tensor for name, tensor in tensors.items() if tensor is not None}
        if len(known) == len(tensors) - 1:
            (name,) = tensors.keys() - known.keys()
            one = None if kind_of(name) in kinds else _alike(name, known, seen, sizes[path], notes)
            if one is not None:
                known[name], all_seen = one, False
        if len(known) < len(tensors) or not _fits(known, sizes[path], notes):
            return None
        found.update(known)
    told = sum(tensor.size for tensor in found.values())
    return found if all_seen or told == index.total_size else None


def _alike(
    name: str, others: Mapping[str, Tensor], seen: frozenset[Tensor], size: int, notes: int
) -> Tensor | None:
    """Return the only tensor of those seen that fits the rest of a file; None for none or several.

    In most models the output embedding is like the input embedding, and the last norm like the
    others. All that were seen must be of one type, and the whole must then have the size that the
    index tells, to the byte.
    """
    if len({tensor.dtype for tensor in seen}) > 1:
        return None
    fitting = [tensor for tensor in seen if _fits({**others, name: tensor}, size, notes)]
    return fitting[0] if len(fitting) == 1 else None


def _kinds(tensors: Mapping[str, Tensor]) -> dict[str, Tensor | None]:
    """Return the one tensor that all of a kind are alike; None where they differ."""
    kinds: dict[str, Tensor | None] = {}
    for name, tensor in tensors.items():
        kind = kind_of(name)
        kinds[kind] = tensor if kinds.setdefault(kind, tensor) == tensor else None
    return kinds


def _fits(tensors: Mapping[str, Tensor], size: int, notes: int) -> bool:
    """Tell whether a file of this size holds just these tensors and a header that names them.

    `notes` is the longest that writers left in the headers that were seen.
    """
    room = size - sum(tensor.size for tensor in tensors.values())
    least = LENGTH_BYTES + sum(_entry(name, tensor, 1) for name, tensor in tensors.items())
    digits = len(str(size))
    most = least + 2 * (digits - 1 + _SPACES // 2) * len(tensors)
    return least <= room <= most + notes + _PADDING


def _entry(name: str, tensor: Tensor, digits: int) -> int:
    """Return the bytes that one tensor takes in a header whose places have so many digits."""
    shape = ",".join(map(str, tensor.shape))
    text = f'"{name}":{{"dtype":"{tensor.dtype}","shape":[{shape}],"data_offsets":[,]}},'
    return len(text) + 2 * digits
