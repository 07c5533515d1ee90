"""What the shards hold that were not opened: told by those that were, proven by their sizes."""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
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
    each file must then leave just the room that a header with these names takes.
    """
    found = {name: t for header in headers.values() for name, t in header.tensors.items()}
    rest = [path for path in index.files if path not in headers]
    if not rest:
        return found
    if any(set(index.names(path)) != header.tensors.keys() for path, header in headers.items()):
        return None
    kinds = _kinds(found)
    for path in rest:
        tensors = {name: kinds.get(kind_of(name)) for name in index.names(path)}
        known = {name: tensor for name, tensor in tensors.items() if tensor is not None}
        if len(known) < len(tensors) or not _fits(known, sizes[path], headers.values()):
            return None
        found.update(known)
    return found


def _kinds(tensors: Mapping[str, Tensor]) -> dict[str, Tensor | None]:
    """Return the one tensor that all of a kind are alike; None where they differ."""
    kinds: dict[str, Tensor | None] = {}
    for name, tensor in tensors.items():
        kind = kind_of(name)
        kinds[kind] = tensor if kinds.setdefault(kind, tensor) == tensor else None
    return kinds


def _fits(tensors: Mapping[str, Tensor], size: int, headers: Iterable[Header]) -> bool:
    """Tell whether a file of this size holds just these tensors and a header that names them."""
    room = size - sum(tensor.size for tensor in tensors.values())
    least = LENGTH_BYTES + sum(_entry(name, tensor, 1) for name, tensor in tensors.items())
    digits = len(str(size))
    most = least + 2 * (digits - 1 + _SPACES // 2) * len(tensors)
    free = max(len(json.dumps({METADATA: dict(header.metadata)})) for header in headers)
    return least <= room <= most + free + _PADDING


def _entry(name: str, tensor: Tensor, digits: int) -> int:
    """Return the bytes that one tensor takes in a header whose places have so many digits."""
    shape = ",".join(map(str, tensor.shape))
    text = f'"{name}":{{"dtype":"{tensor.dtype}","shape":[{shape}],"data_offsets":[,]}},'
    return len(text) + 2 * digits
