"""The weights of a model in one or many safetensors files, from as few headers as tell all."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from typing import Final, Literal

from catalog.inspectors.base import Problems, Reader
from catalog.inspectors.headers.packing import FLOATS, LOW_FLOATS, Count, count_parameters
from catalog.inspectors.headers.safetensors import (
    BITS,
    Header,
    Tensor,
    numbers_by_dtype,
    read_header,
)
from catalog.inspectors.headers.shard_index import ShardIndex, read_index
from catalog.inspectors.headers.shard_rest import predict

How = Literal["headers", "headers and sizes", "size", ""]
# One tells the rest of most models, more of those whose layers outgrow a file. Each costs three
# requests at a source: one to the source, two to its file server.
MOST_HEADERS: Final = 8
INDEX_SUFFIX: Final = ".safetensors.index.json"
SUFFIX: Final = ".safetensors"
_PART: Final = re.compile(r"(.*)-(\d{5,6})-of-(\d{5,6})\.safetensors\Z")
_PREFERRED: Final = ("model", "diffusion_pytorch_model", "consolidated")
_OTHER_USE: Final = ("training", "optimizer", "scheduler", "random_states")
_ADAPTER: Final = ("adapter", "pytorch_lora_weights")


@dataclass(frozen=True, slots=True)
class Weights:
    """What the files that make a model hold together.

    `how` says where the numbers come from: from all headers, from some of them with an index and
    the sizes of the other files that leave one answer, or (without `by_dtype`) from the size alone
    at a dtype that all tensors have. Empty: they are not known.
    """

    files: tuple[str, ...] = ()
    size: int = 0
    how: How = ""
    by_dtype: Mapping[str, int] = field(default_factory=dict)
    num_params: int | None = None
    num_expert_params: int | None = None
    schemes: tuple[str, ...] = ()
    metadata: Mapping[str, str] = field(default_factory=dict)
    tensors: Mapping[str, Tensor] = field(default_factory=dict, repr=False)

    @property
    def main_dtype(self) -> str:
        """The dtype of most parameters."""
        floats = {d: n for d, n in self.by_dtype.items() if d in FLOATS or d in LOW_FLOATS}
        return max(floats, key=lambda d: (floats[d], d), default="")


def read_weights(
    reader: Reader,
    paths: Iterable[str],
    problems: Problems,
    *,
    folder: str = "",
    quantization: Mapping[str, object] | None = None,
    tied: bool = False,
    most_headers: int = MOST_HEADERS,
) -> Weights | None:
    """Say what the safetensors files of one folder hold; None where there are none to trust.

    `most_headers` bounds the files that are opened where an index names what is in the others.
    `tied` says that input and output embedding are one, however often they are stored.
    """
    index = _index(reader, tuple(paths), folder, problems)
    if index is None:
        return None
    sizes = {path: reader.size(path) for path in index.files}
    headers: dict[str, Header] = {}
    whole = None
    for path in index.choose(most_headers):
        header = _header(reader, index, path, problems)
        if header is None:
            return None
        headers[path] = header
        whole = predict(index, headers, sizes)
        if whole is not None:
            break
    weights = Weights(tuple(sizes), sum(sizes.values()), metadata=_metadata(headers))
    if whole is None:
        return _by_size(weights, index, headers, problems)
    how: How = "headers" if len(headers) == len(index.files) else "headers and sizes"
    counted = count_parameters(whole, quantization, tied=tied)
    return _counted(replace(weights, how=how), whole, counted, problems)


def _counted(
    weights: Weights, tensors: Mapping[str, Tensor], count: Count, problems: Problems
) -> Weights:
    if count.params is None:
        problems.add(
            f"The weights are packed in a way that is not known ({count.unknown}): "
            "their parameters cannot be counted from the headers"
        )
    return replace(
        weights,
        by_dtype=numbers_by_dtype(tensors),
        num_params=count.params or None,
        num_expert_params=count.experts if count.params else None,
        schemes=count.schemes,
        tensors=tensors,
    )


def _by_size(
    weights: Weights, index: ShardIndex, headers: Mapping[str, Header], problems: Problems
) -> Weights:
    """Divide the bytes of all tensors where every kind of them was seen, in one plain dtype."""
    seen = {tensor.dtype for header in headers.values() for tensor in header.tensors.values()}
    dtype, told = next(iter(seen), ""), index.total_size or 0
    plain = len(seen) == 1 and dtype in FLOATS and index.kinds_missing(headers) == 0
    if (
        plain
        and told
        and 0 < weights.size - told < index.header_room
        and told * 8 % BITS[dtype] == 0
    ):
        count = told * 8 // BITS[dtype]
        return replace(weights, how="size", by_dtype={dtype: count}, num_params=count)
    problems.add(
        f"{len(headers)} of {len(weights.files)} safetensors headers were read, which do not tell "
        "the rest: parameters are not counted"
    )
    return weights


def _metadata(headers: Mapping[str, Header]) -> Mapping[str, str]:
    return next((dict(header.metadata) for header in headers.values()), {})


def _header(reader: Reader, index: ShardIndex, path: str, problems: Problems) -> Header | None:
    names, header = index.names(path), read_header(reader, path, problems)
    if header is not None and names and set(names) != header.tensors.keys():
        problems.add(f"{path} holds other tensors than the index says")
    return header


def _index(
    reader: Reader, paths: tuple[str, ...], folder: str, problems: Problems
) -> ShardIndex | None:
    """Find the files that together are the model: by an index, by number, or the only one."""
    prefix = f"{folder}/" if folder else ""
    here = [p for p in paths if p.startswith(prefix) and "/" not in p[len(prefix) :]]
    indexed = _first(p for p in here if p.endswith(INDEX_SUFFIX))
    files = [p for p in here if p.endswith(SUFFIX) and not _name(p).startswith(_OTHER_USE)]
    if indexed:
        return read_index(reader, indexed, problems)
    numbered = _numbered(files)
    if numbered:
        return ShardIndex(numbered)
    own = [p for p in files if not _name(p).startswith(_ADAPTER)] or files
    one = own[0] if len(own) == 1 else _preferred(own)
    if own and not one:
        # Variants of one model or parts of it: only an index could tell.
        problems.add(f"{len(own)} safetensors files without an index: parameters are not counted")
    return ShardIndex({one: ()}) if one else None


def _name(path: str) -> str:
    return path.rpartition("/")[2]


def _first(paths: Iterable[str]) -> str:
    """Return the path that is the model itself rather than a variant of it."""
    found = sorted(paths, key=lambda path: (len(path), path))
    return _preferred(found) or next(iter(found), "")


def _preferred(paths: Iterable[str]) -> str:
    names = {_name(path).partition(".safetensors")[0]: path for path in paths}
    return next((names[name] for name in _PREFERRED if name in names), "")


def _numbered(files: Iterable[str]) -> dict[str, tuple[str, ...]]:
    """Return the parts of one set that is complete without an index."""
    sets: dict[tuple[str, str], list[str]] = {}
    for path in sorted(files):
        if match := _PART.fullmatch(path):
            sets.setdefault((match[1], match[3]), []).append(path)
    whole = [parts for (_, count), parts in sets.items() if len(parts) == int(count)]
    return dict.fromkeys(whole[0], ()) if len(whole) == 1 else {}
