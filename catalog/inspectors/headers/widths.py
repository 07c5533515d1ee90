"""How many bits a packed weight has: by shapes where they tell, else by the model's settings."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from catalog.inspectors.base import as_count, first_count
from catalog.inspectors.headers.safetensors import Tensor

WIDTHS: Final = frozenset({2, 3, 4, 5, 6, 8})
WORD: Final = 32
_GROUPS: Final = frozenset({16, 32, 64, 128})
_MOST_GROUPS: Final = 1000
# Weights in a group, by the dtype of its scale and the bytes that it takes.
_POWERS: Final = {16: 32, 24: 32, 32: 32}
_GROUP_BYTES: Final = {"F8_E4M3": {8: 16}, "F8_E8M0": _POWERS, "U8": _POWERS}


@dataclass(frozen=True, slots=True)
class Settings:
    """The quantization settings of a model, as its files write them."""

    found: Mapping[str, object]

    @property
    def bits(self) -> int | None:
        """The width that holds for all weights, where one is given."""
        return _width(first_count(self.found, "bits", "w_bit", "num_bits", "weight_bits"))

    def gptq_bits(self, zeros: tuple[int, ...], scales: tuple[int, ...]) -> int | None:
        """Return the width for which the packed zero points are as many as the scales."""
        if zeros and scales and scales[-1] and (zeros[-1] * WORD) % scales[-1] == 0:
            return _width(zeros[-1] * WORD // scales[-1]) or self.bits
        return self.bits

    def compressed_bits(self, words: int, scales: int) -> int | None:
        """Return the one width among the groups of settings that fits words and scales of a row."""
        fitting = {
            bits for bits, size in self._schemes() if scales == _groups(words * WORD // bits, size)
        }
        return fitting.pop() if len(fitting) == 1 else None

    def mlx_bits(self, module: str, words: int, scales: int) -> int | None:
        """Return the width that a row of words and its scales agree on.

        The module's own settings stand beside the common ones, under its name.
        """
        own = self.found.get(module)
        found = own if isinstance(own, dict) else self.found
        size, bits = first_count(found, "group_size"), _width(first_count(found, "bits"))
        if bits is not None and _fits(words, scales, bits, size):
            return bits
        if size is None or not scales or (words * WORD) % (scales * size):
            return None
        return _width(words * WORD // (scales * size))

    def byte_weights(self, tensor: Tensor, scale: Tensor) -> int | None:
        """Return how many weights bytes hold, which the scale of each group of them tells.

        Groups of NVFP4 have 16 weights and a scale of 8 bits; those of MXFP4, MXFP6 and MXFP8 have
        32 and a power of two. Whole bytes with one scale for a row or a matrix are one weight each.
        """
        columns = tensor.shape[-1] if tensor.shape else 0
        groups = scale.shape[-1] if scale.shape and len(scale.shape) == len(tensor.shape) else 1
        size = columns // groups if groups and columns % groups == 0 else 0
        if scale.dtype in _GROUP_BYTES:
            weights = _GROUP_BYTES[scale.dtype].get(size)
            return None if weights is None else tensor.numbers // size * weights
        if tensor.dtype == "I8":
            return tensor.numbers
        return 2 * tensor.numbers if self._is_four_bits() else None

    def _is_four_bits(self) -> bool:
        """Tell whether the settings name bytes of two whole weights (modelopt)."""
        inner = self.found.get("quantization")
        places = (self.found, inner) if isinstance(inner, dict) else (self.found,)
        names = [str(place.get("quant_algo")) for place in places]
        return any(name.startswith(("W4", "INT4", "NVFP4")) for name in names)

    def _schemes(self) -> list[tuple[int, int | None]]:
        """Return width and group size of the weights in each group of compressed-tensors."""
        groups = self.found.get("config_groups")
        entries = list(groups.values())[:_MOST_GROUPS] if isinstance(groups, dict) else []
        weights = [e["weights"] for e in entries if isinstance(e, dict) and e.get("weights")]
        found = [
            (_width(first_count(each, "num_bits")), as_count(each.get("group_size")))
            for each in weights
            if isinstance(each, dict)
        ]
        return [(bits, size) for bits, size in found if bits is not None]


def _groups(columns: int, size: int | None) -> int:
    """Return the groups of a row; without a size there is one for the whole."""
    return 1 if size is None else -(-columns // size)


def _width(bits: int | None) -> int | None:
    return bits if bits in WIDTHS else None


def _fits(words: int, scales: int, bits: int, size: int | None) -> bool:
    columns = words * WORD // bits
    if not scales or (words * WORD) % bits or columns % scales:
        return False
    return columns // scales == size if size is not None else columns // scales in _GROUPS
