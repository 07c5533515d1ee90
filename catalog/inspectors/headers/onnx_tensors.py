"""The tensors of an ONNX graph: types, shapes and places, without their values."""

from __future__ import annotations

from collections.abc import Mapping
from math import prod
from typing import Final, NamedTuple

from catalog.inspectors.base import as_text
from catalog.inspectors.headers.protobuf import LENGTH, Wire
from core.errors import InvalidInputError

# onnx.TensorProto.DataType, with the bits of each number; texts have none.
TYPES: Final[Mapping[int, tuple[str, int]]] = {
    1: ("float32", 32), 2: ("uint8", 8), 3: ("int8", 8), 4: ("uint16", 16), 5: ("int16", 16),
    6: ("int32", 32), 7: ("int64", 64), 8: ("string", 0), 9: ("bool", 8), 10: ("float16", 16),
    11: ("float64", 64), 12: ("uint32", 32), 13: ("uint64", 64), 14: ("complex64", 64),
    15: ("complex128", 128), 16: ("bfloat16", 16), 17: ("float8e4m3fn", 8),
    18: ("float8e4m3fnuz", 8), 19: ("float8e5m2", 8), 20: ("float8e5m2fnuz", 8), 21: ("uint4", 4),
    22: ("int4", 4), 23: ("float4e2m1", 4), 24: ("float8e8m0", 8), 25: ("uint2", 2),
    26: ("int2", 2),
}  # fmt: skip
MOST_DIMENSIONS: Final = 64
LARGEST_DIMENSION: Final = 1 << 53


class OnnxTensor(NamedTuple):
    """One initializer; `location` is the file that holds its values, '' for the model's own."""

    name: str
    dtype: str
    shape: tuple[int, ...]
    bits: int
    location: str = ""

    @property
    def numbers(self) -> int:
        """Numbers in it."""
        return prod(self.shape)

    @property
    def size(self) -> int:
        """Bytes of its values."""
        return -(-self.numbers * self.bits // 8)


class OnnxValue(NamedTuple):
    """An input or output of the graph; a size that depends on the input is its name, or None."""

    name: str
    dtype: str
    shape: tuple[int | str | None, ...] | None


def read_tensor(wire: Wire, length: int) -> OnnxTensor:
    """Read a TensorProto and pass over its values."""
    name, kind, location, shape = "", 0, "", []
    for number, form, value in wire.message(length):
        if number == 1:
            shape += wire.numbers(form, value, MOST_DIMENSIONS)
            _check_shape(shape)
        elif number == 2 and form != LENGTH:  # noqa: PLR2004 data_type
            kind = value
        elif number == 8 and form == LENGTH:  # noqa: PLR2004 name
            name = wire.text(value)
        elif number == 13 and form == LENGTH:  # noqa: PLR2004 external_data
            location = read_entries(wire, value).get("location", location)
    dtype, bits = TYPES.get(kind, (f"type {kind}", 0))
    return OnnxTensor(name, dtype, tuple(shape), bits, as_text(location, 500))


def _check_shape(shape: list[int]) -> None:
    if len(shape) > MOST_DIMENSIONS or max(shape, default=0) > LARGEST_DIMENSION:
        raise InvalidInputError("a tensor has no usable shape")


def read_entries(wire: Wire, length: int) -> dict[str, str]:
    """Read a StringStringEntryProto: one name with one value."""
    pair = {1: "", 2: ""}
    for number, form, value in wire.message(length):
        if number in pair and form == LENGTH:
            pair[number] = wire.text(value)
    return {pair[1]: pair[2]}


def read_value(wire: Wire, length: int) -> OnnxValue:
    """Read a ValueInfoProto; `dtype` is '' for what is no tensor."""
    name, dtype, shape = "", "", None
    for number, form, value in wire.message(length):
        if form != LENGTH:
            continue
        if number == 1:
            name = as_text(wire.text(value), 500)
        elif number == 2:  # noqa: PLR2004 type
            for inner, inner_form, size in wire.message(value):
                if inner == 1 and inner_form == LENGTH:  # tensor_type
                    dtype, shape = _tensor_type(wire, size)
    return OnnxValue(name, dtype, shape)


def _tensor_type(wire: Wire, length: int) -> tuple[str, tuple[int | str | None, ...] | None]:
    dtype, shape = "", None
    for number, form, value in wire.message(length):
        if number == 1 and form != LENGTH:
            dtype = TYPES.get(value, (f"type {value}", 0))[0]
        elif number == 2 and form == LENGTH:  # noqa: PLR2004 shape
            sizes = [
                _size(wire, size) for inner, f, size in wire.message(value) if inner == 1 and f
            ]
            shape = tuple(sizes[:MOST_DIMENSIONS])
    return dtype, shape


def _size(wire: Wire, length: int) -> int | str | None:
    found: int | str | None = None
    for number, form, value in wire.message(length):
        if number == 1 and form != LENGTH:
            found = value if value <= LARGEST_DIMENSION else None  # negative: not known
        elif number == 2 and form == LENGTH:  # noqa: PLR2004 dim_param
            found = as_text(wire.text(value), 200) or None
    return found
