"""Variants that names tell: GGUF quantizations and their parts, precisions, flavors of ONNX."""

from __future__ import annotations

import re
from pathlib import PurePosixPath
from typing import Final

# The best that most machines can hold comes first; what nobody ranked comes last.
GGUF_ORDER: Final = (
    *("Q4_K_M", "Q4_K_S", "UD-Q4_K_XL", "Q4_K_L", "Q4_K_XL", "Q4_K", "IQ4_NL", "IQ4_XS", "Q4_0"),
    *("Q4_1", "MXFP4_MOE", "MXFP4", "Q5_K_M", "UD-Q5_K_XL", "Q5_K_S", "Q5_K", "Q5_0", "Q5_1"),
    *("Q6_K", "UD-Q6_K_XL", "Q6_K_L", "Q8_0", "UD-Q8_K_XL", "Q3_K_L", "UD-Q3_K_XL", "Q3_K_M"),
    *("Q3_K", "Q3_K_S", "IQ3_M", "IQ3_S", "IQ3_XS", "IQ3_XXS", "UD-IQ3_XXS", "Q2_K_L", "Q2_K"),
    *("UD-Q2_K_XL", "IQ2_M", "IQ2_S", "IQ2_XS", "IQ2_XXS", "IQ1_M", "IQ1_S", "TQ2_0", "TQ1_0"),
    *("F16", "FP16", "BF16", "F32", "FP32"),
)
_RECIPES: Final = {name.lower(): name for name in GGUF_ORDER if "_" in name}
PROJECTOR_ORDER: Final = ("F16", "FP16", "BF16", "Q8_0", "F32", "FP32")
_GGUF = re.compile(
    r"(?:^|[-._/ ])((?:UD-)?(?:I?Q[1-8]_(?:K(?:_(?:XS|S|M|L|XL))?|XXS|XS|S|M|NL|[01])|TQ[12]_0"
    r"|MXFP4(?:_MOE)?|B?F16|F32|FP16|FP32))(?=[-._/ ]|$)",
    re.IGNORECASE,
)
_PART = re.compile(r"-(\d{5})-of-(\d{5})$")
_PRECISION = re.compile(r"\.(fp16|bf16|fp32|fp8|int8|ema|non_ema|ema_only)(?=[-.]|$)")
_FLAVOR = re.compile(
    r"_(fp16|bf16|fp32|q4f16|q4|q8f16|q8|bnb4|int8|uint8|quantized|qint8[\w]*|quint8[\w]*|O[1-4])$"
)


def quantization_of(path: str) -> str:
    """Read the quantization of a GGUF file from its name, else its folder; '' when none is told."""
    stem = _PART.sub("", path.removesuffix(".gguf"))
    name = stem.rpartition("/")[2]
    found = _GGUF.findall(name) or _GGUF.findall(stem)
    return str(found[-1]).upper() if found else ""


def recipe_of(word: str) -> str:
    """Write a recipe of GGUF (`q4_k_m`) as its files do; every other word stays as it is."""
    return _RECIPES.get(word.lower(), word)


def part_of(path: str) -> tuple[str, int, int] | None:
    """Split `name-00002-of-00003.ext` into what all parts share, its number, and their number."""
    place = PurePosixPath(path)
    stem = path.removesuffix(place.suffix)
    found = _PART.search(stem)
    if found is None:
        return None
    return f"{stem[: found.start()]}{place.suffix}", int(found[1]), int(found[2])


def is_projector(path: str) -> bool:
    """Tell the vision or audio half of a GGUF model, which goes with any quantization."""
    return "mmproj" in path.rpartition("/")[2].lower()


def precision_of(path: str) -> tuple[str, str]:
    """Split `model.fp16.safetensors` into what it is (`folder/model`) and its variant."""
    folder, _, name = path.rpartition("/")
    found = _PRECISION.search(name)
    variant = found[1] if found else ""
    return f"{folder}/{name.partition('.')[0].partition('-0')[0]}", variant


def flavor_of(path: str) -> tuple[str, str]:
    """Split `onnx/model_q4.onnx` into what it is (`onnx/model`) and its flavor."""
    folder, _, name = path.rpartition("/")
    stem = name.partition(".")[0]
    found = _FLAVOR.search(stem)
    flavor = found[1] if found else ""
    return f"{folder}/{stem.removesuffix(f'_{flavor}') if flavor else stem}", flavor
