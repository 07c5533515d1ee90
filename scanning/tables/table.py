"""Names and shapes of the tensors in a file of weights, by its header: two files are compared.

Nothing is unpickled: the opcodes that write a table of tensors are followed, any other end it.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LONGEST_HEADER = 20_000_000
_FLOATS = ("F", "BF", "C", "Float", "Half", "Double", "BFloat", "Complex")
_RENAMED = ((".gamma", ".weight"), (".beta", ".bias"))


@dataclass(frozen=True, slots=True)
class Tensor:
    """`bytes_of` names where its numbers are: tensors of one place are one tensor."""

    shape: tuple[int, ...]
    dtype: str
    bytes_of: str = ""

    @property
    def is_trained(self) -> bool:
        return self.dtype.startswith(_FLOATS)

    def to_json(self) -> list[Any]:
        return [list(self.shape), self.dtype, self.bytes_of]

    @classmethod
    def from_json(cls, told: list[Any]) -> Tensor:
        shape, dtype, bytes_of = told
        return cls(tuple(int(one) for one in shape), str(dtype), str(bytes_of))


Table = Mapping[str, Tensor]


def difference(ours: Table, theirs: Table) -> str:
    """Name a trained tensor of ours that is not among theirs; '' where all are.

    Numbers may be of another width. Of tensors that share their bytes one is enough.
    """
    there = {tensor.bytes_of for name, tensor in ours.items() if _is_in(name, tensor, theirs)}
    for name, tensor in ours.items():
        if not tensor.is_trained or _is_in(name, tensor, theirs):
            continue
        if name in theirs or not tensor.bytes_of or tensor.bytes_of not in there:
            return name
    return ""


def _is_in(name: str, tensor: Tensor, theirs: Table) -> bool:
    names = {name, *(name.removesuffix(old) + new for old, new in _RENAMED if name.endswith(old))}
    return any(name in theirs and theirs[name].shape == tensor.shape for name in names)


def read_safetensors(path: Path) -> dict[str, Tensor]:
    """The table of a safetensors file; ValueError where it has none that can be read."""
    with path.open("rb") as file:
        length = int.from_bytes(file.read(8), "little")
        if length > LONGEST_HEADER:
            raise ValueError("the header is too long")
        header = json.loads(file.read(length))
    if not isinstance(header, dict):
        raise TypeError("the header is no object")
    return {
        name: Tensor(tuple(int(size) for size in entry["shape"]), str(entry["dtype"]))
        for name, entry in header.items()
        if name != "__metadata__"
    }
