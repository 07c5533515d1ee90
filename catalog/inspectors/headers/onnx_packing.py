"""How many parameters the initializers of an ONNX graph hold, packed ones unpacked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from catalog.inspectors.headers.onnx_tensors import OnnxTensor

FLOATS: Final = frozenset(
    {"float32", "float16", "float64", "bfloat16", "float8e4m3fn", "float8e4m3fnuz", "float8e5m2",
     "float8e5m2fnuz", "float4e2m1"}
)  # fmt: skip
# Weights of whole numbers; of 32 and 64 bits there are only shapes, positions and sums.
WHOLE: Final = frozenset({"int8", "uint8", "int4", "uint4", "int2", "uint2"})
_SIDES: Final = (
    *("_scale", "_scales", "_zero_point", "_zero_points", "_zp", "_zeros", "_qzeros"),
    *(".scales", ".zero_points", ".qzeros"),
)
# Operators that take scales and zero points beside packed weights, by the places of these inputs.
_SCALES: Final[Mapping[str, tuple[int, ...]]] = {
    "MatMulNBits": (2, 3, 4),
    "GatherBlockQuantized": (2, 3),
    "DequantizeLinear": (1, 2),
    "MatMulInteger": (2, 3),
    "ConvInteger": (2, 3),
}
_UNKNOWN: Final = frozenset({"QMoE", "MatMulBnb4"})
_MATRIX: Final = 2


class PackedWeights:
    """Collects from the nodes what their initializers do not say by themselves."""

    def __init__(self) -> None:
        self._sides: set[str] = set()
        self._counts: dict[str, int] = {}
        self._per_byte: dict[str, int] = {}
        self._unknown = False

    def note(self, operator: str, inputs: list[str], numbers: Mapping[str, int]) -> None:
        """Take notice of one node: its operator, inputs, and attributes that are numbers."""
        self._unknown = self._unknown or operator in _UNKNOWN
        places = _SCALES.get(operator, ())
        self._sides.update(inputs[place] for place in places if place < len(inputs))
        if operator == "MatMulNBits" and len(inputs) > 1:
            self._counts[inputs[1]] = numbers.get("K", 0) * numbers.get("N", 0)
        if operator == "GatherBlockQuantized" and inputs:
            self._per_byte[inputs[0]] = 8 // max(1, min(8, numbers.get("bits", 4)))

    def parameters(self, tensors: Iterable[OnnxTensor]) -> int | None:
        """Return the numbers of all weights; None where an operator packs them in its own way.

        A number alone is a constant of the graph, no weight.
        """
        return None if self._unknown else sum(map(self._count, tensors)) or None

    def _count(self, tensor: OnnxTensor) -> int:
        if tensor.name in self._counts:
            return self._counts[tensor.name]
        if not tensor.shape or tensor.name in self._sides or tensor.name.endswith(_SIDES):
            return 0
        if tensor.dtype in FLOATS:
            return tensor.numbers
        if tensor.dtype not in WHOLE or len(tensor.shape) < _MATRIX:
            return 0
        return tensor.numbers * (self._per_byte.get(tensor.name, 1) if tensor.bits == 8 else 1)  # noqa: PLR2004 bytes
