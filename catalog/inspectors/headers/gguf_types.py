"""The names of the types of GGUF files."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

PLAIN: Final = frozenset({"F64", "F32", "F16", "BF16"})
WHOLE: Final = frozenset({"I8", "I16", "I32", "I64"})

# general.file_type: the recipe by which types were given to tensors (llama_ftype).
FILE_TYPES: Final[Mapping[int, str]] = {
    0: "F32", 1: "F16", 2: "Q4_0", 3: "Q4_1", 4: "Q4_1_F16", 7: "Q8_0", 8: "Q5_0", 9: "Q5_1",
    10: "Q2_K", 11: "Q3_K_S", 12: "Q3_K_M", 13: "Q3_K_L", 14: "Q4_K_S", 15: "Q4_K_M",
    16: "Q5_K_S", 17: "Q5_K_M", 18: "Q6_K", 19: "IQ2_XXS", 20: "IQ2_XS", 21: "Q2_K_S",
    22: "IQ3_XS", 23: "IQ3_XXS", 24: "IQ1_S", 25: "IQ4_NL", 26: "IQ3_S", 27: "IQ3_M",
    28: "IQ2_S", 29: "IQ2_M", 30: "IQ4_XS", 31: "IQ1_M", 32: "BF16", 33: "Q4_0_4_4",
    34: "Q4_0_4_8", 35: "Q4_0_8_8", 36: "TQ1_0", 37: "TQ2_0", 38: "MXFP4_MOE", 39: "NVFP4",
    40: "Q1_0", 41: "Q2_0",
}  # fmt: skip
# Set beside a type that the writer guessed from the tensors.
GUESSED: Final = 1024


def file_type_name(value: object) -> str:
    """Return the name of general.file_type; '' for a number that is not known."""
    if isinstance(value, bool) or not isinstance(value, int):
        return ""
    return FILE_TYPES.get(value & ~GUESSED, "")


def mix_name(by_type: Mapping[str, int]) -> str:
    """Return the type of most numbers; '' without any."""
    return max(by_type, key=lambda name: (by_type[name], name), default="")


def quantization_name(told: str, by_type: Mapping[str, int]) -> str:
    """Name how a file is quantized: by its recipe, else by its tensors; '' where it is not.

    A recipe of plain floats is left over from before where the tensors are packed.
    """
    seen = mix_name(by_type)
    name = seen if not told or told in PLAIN else told
    return "" if name in PLAIN else name


def is_packed(by_type: Mapping[str, int]) -> bool:
    """Tell whether any tensor is of a type that packs several numbers."""
    return not by_type.keys() <= PLAIN | WHOLE
