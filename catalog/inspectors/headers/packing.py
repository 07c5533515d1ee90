"""How many parameters tensors hold, with the packing of quantized weights undone."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Final

from catalog.inspectors.headers.safetensors import BITS, Tensor
from catalog.inspectors.headers.widths import Settings

Tensors = Mapping[str, Tensor]
Rule = Callable[[str, Tensor, Tensors, Settings], int | None]

FLOATS: Final = frozenset({"F64", "F32", "F16", "BF16"})
LOW_FLOATS: Final = frozenset({"F8_E5M2", "F8_E4M3", "F8_E4M3FNUZ", "F8_E5M2FNUZ", "F4", "F6_E2M3",
                               "F6_E3M2"})  # fmt: skip
PACKED: Final = frozenset({"I32", "U32", "I16", "U16", "I8", "U8"})
# A whole number per row or a flag beside weights; packed weights are far more.
_FEW: Final = 1 << 12
# What a module keeps beside its parameters, as PyTorch tells them apart.
_BUFFERS: Final = re.compile(
    r"(?:^|\.)(?:running_mean|running_var|num_batches_tracked|position_ids|token_type_ids"
    r"|final_logits_bias|masked_bias|(?:original_)?inv_freq|relative_position_index|rel_pos_index)\Z"
)
_MASK: Final = re.compile(r"(?:^|\.)(?:attn|attention|self_attn|self_attention)\.(?:bias|mask)\Z")
_MASK_DIMENSIONS: Final = 4
_EXPERT: Final = re.compile(r"(?:^|\.)experts\.")
_INPUTS: Final = (
    *("embed_tokens.weight", "wte.weight", "word_embeddings.weight", "tok_embeddings.weight"),
    *("embed_in.weight", "shared.weight", "embedding.weight"),
)
_OUTPUTS: Final = (
    *("lm_head.weight", "embed_out.weight", "predictions.decoder.weight", "output_layer.weight"),
)
_COPIES: Final = ("encoder.embed_tokens.weight", "decoder.embed_tokens.weight")
# Numbers that only say how weights were packed: `x.weight_scale` beside `x.weight`.
_SIDE: Final = re.compile(
    r"_(?:scale|scale_inv|scale_2|scales|scales_inv|zero_point|zeros|global_scale|g_idx|shape"
    r"|scale_and_zero)\Z"
)
_SIDES: Final = frozenset(
    {
        *("qzeros", "g_idx", "scales", "biases", "scale", "pre_quant_scale"),
        *("input_scale", "input_scale_ub", "output_scale", "activation_scale", "weight_scale_2"),
        *("input_global_scale", "weight_global_scale", "input_zero_point", "output_zero_point"),
        *("SCB", "weight_format", "absmax", "nested_absmax", "quant_map", "nested_quant_map"),
        *("q_scale", "q_scale_max", "q_groups", "q_group_map", "q_perm", "q_invperm"),
        *("suh", "svh", "su", "sv", "mcg", "mul1"),
    }
)
_CACHE_SCALES: Final = frozenset({"k_scale", "v_scale", "q_scale", "kv_scale", "prob_scale"})
_MAINS: Final = ("weight", "qweight", "weight_packed", "q_weight", "trellis")


@dataclass(frozen=True, slots=True)
class Count:
    """Parameters of a set of tensors; None where one is packed in a way that is not known.

    `experts` of them belong to routed experts. `schemes` are the packings that were seen.
    """

    params: int | None
    experts: int
    schemes: tuple[str, ...]
    unknown: str = ""


def count_parameters(
    tensors: Tensors, quantization: Mapping[str, object] | None = None, *, tied: bool = False
) -> Count:
    """Count what was trained: no buffers, scales or zero points; two tied tables are one.

    `quantization` is quantization_config of config.json, `quantization` of MLX, or the whole of
    hf_quant_config.json. Shapes decide before it wherever they can.
    """
    settings = Settings(quantization or {})
    total = experts = 0
    schemes: dict[str, None] = {}
    doubled = _doubled(tensors) if tied else frozenset()
    for name, tensor in tensors.items():
        scheme, count = _count(name, tensor, tensors, settings)
        if count is None:
            return Count(None, 0, tuple(schemes), name)
        if scheme:
            schemes[scheme] = None
        if name not in doubled:
            total += count
            experts += count if _EXPERT.search(name) else 0
    return Count(total, experts, tuple(schemes))


def _count(
    name: str, tensor: Tensor, tensors: Tensors, settings: Settings
) -> tuple[str, int | None]:
    """Return packing and parameters of one tensor; None for a packing that is not known."""
    leaf = name.rpartition(".")[2]
    rules = _RULES.get("_blocks" if leaf.endswith("_blocks") else leaf, ())
    for scheme, rule in rules:
        count = rule(name, tensor, tensors, settings)
        if count is not None:
            return scheme, count
    if _is_side(name, leaf, tensors) or _is_buffer(name, tensor):
        return "", 0
    return _plain(tensor)


def _plain(tensor: Tensor) -> tuple[str, int | None]:
    """Count floats; whole numbers are positions and flags, or packed in a way that is not known."""
    if tensor.dtype in FLOATS:
        return "", tensor.numbers
    if tensor.dtype in LOW_FLOATS:
        return f"fp{BITS[tensor.dtype]}", tensor.numbers
    wide = sum(1 for size in tensor.shape if size > 1) > 1
    packed = tensor.dtype in PACKED or tensor.dtype == "F8_E8M0"
    return "", None if packed and (wide or tensor.numbers > _FEW) else 0


def _is_buffer(name: str, tensor: Tensor) -> bool:
    if _BUFFERS.search(name):
        return True
    shape = tensor.shape
    square = len(shape) == _MASK_DIMENSIONS and shape[:2] == (1, 1) and shape[2] == shape[3]
    return square and _MASK.search(name) is not None


def _is_side(name: str, leaf: str, tensors: Tensors) -> bool:
    """Tell whether a tensor only says how another one was packed."""
    stem = name.removesuffix(leaf)
    if leaf in _CACHE_SCALES and tensors[name].numbers == 1:
        return True
    if leaf.startswith("bitsandbytes__"):
        return stem.removesuffix(".quant_state.") in tensors
    if leaf in _SIDES:
        mains = [f"{stem}{main}" for main in _MAINS] + [stem.removesuffix(".")]
        return any(_is_low(tensors, main) for main in mains)
    base = _SIDE.sub("", name)
    mains = [base, f"{base}_packed", f"{base}_blocks"]
    return base != name and any(_is_low(tensors, main) for main in mains)


def _is_low(tensors: Tensors, name: str) -> bool:
    tensor = tensors.get(name)
    if tensor is None:
        return False
    return tensor.dtype not in FLOATS or f"{name}.quant_map" in tensors


def _beside(name: str, other: str, tensors: Tensors) -> Tensor | None:
    return tensors.get(f"{name.rpartition('.')[0]}.{other}")


def _qweight(name: str, tensor: Tensor, tensors: Tensors, settings: Settings) -> int | None:
    """GPTQ and AWQ: several whole weights in 32 bits, along either side.

    The zero points are packed alike, one for each scale, which tells the width without a setting.
    """
    zeros, scales = _beside(name, "qzeros", tensors), _beside(name, "scales", tensors)
    if tensor.dtype != "I32" or len(tensor.shape) < 2 or scales is None:  # noqa: PLR2004 a matrix
        return None
    bits = settings.gptq_bits(zeros.shape if zeros else (), scales.shape)
    return None if bits is None else tensor.numbers * 32 // bits


def _packed(name: str, tensor: Tensor, tensors: Tensors, settings: Settings) -> int | None:
    """compressed-tensors: words of 32 bits that whole weights fill, or bytes of 4-bit floats."""
    scale = _beside(name, "weight_scale", tensors)
    if scale is None or not tensor.shape:
        return None
    if tensor.dtype == "U8":
        return settings.byte_weights(tensor, scale)
    bits = settings.compressed_bits(tensor.shape[-1], scale.shape[-1] if scale.shape else 1)
    return None if bits is None or tensor.dtype != "I32" else tensor.numbers * 32 // bits


def _mlx(name: str, tensor: Tensor, tensors: Tensors, settings: Settings) -> int | None:
    """MLX: weights of 2 to 8 bits without a gap in 32, with a scale for each group of a row."""
    scales = _beside(name, "scales", tensors)
    if tensor.dtype != "U32" or scales is None or not (scales.shape and tensor.shape):
        return None
    module = name.rpartition(".")[0]
    bits = settings.mlx_bits(module, tensor.shape[-1], scales.shape[-1])
    return None if bits is None else tensor.numbers * 32 // bits


def _bitsandbytes(name: str, tensor: Tensor, tensors: Tensors, _: Settings) -> int | None:
    """bitsandbytes: two 4-bit values a byte, whatever type stores them; or rows of 8 bits."""
    if f"{name}.absmax" in tensors and f"{name}.quant_map" in tensors:
        return tensor.size * 2
    rows = _beside(name, "SCB", tensors)
    return tensor.numbers if rows is not None and tensor.dtype == "I8" else None


def _bytes(name: str, tensor: Tensor, tensors: Tensors, settings: Settings) -> int | None:
    """Bytes that hold one or two weights each: how many, the scale of each group tells."""
    scale = _beside(name, "weight_scale", tensors)
    scale = _beside(name, "scale", tensors) if scale is None else scale
    scale = _beside(name, "weight_scales", tensors) if scale is None else scale
    fits = tensor.dtype in {"U8", "I8"} and scale is not None
    return settings.byte_weights(tensor, scale) if fits and scale is not None else None


def _blocks(name: str, tensor: Tensor, tensors: Tensors, _: Settings) -> int | None:
    """MXFP4 of gpt-oss: blocks of 16 bytes with 32 weights, and a scale for each."""
    scales = tensors.get(name.removesuffix("_blocks") + "_scales")
    fits = scales is not None and tensor.dtype == "U8" and tensor.shape[:-1] == scales.shape
    return 2 * tensor.numbers if fits and tensor.shape[-1] == 16 else None  # noqa: PLR2004 bytes


def _trellis(name: str, tensor: Tensor, tensors: Tensors, _: Settings) -> int | None:
    """EXL3: one trellis for each tile of 16 x 16 weights."""
    fits = tensor.dtype == "I16" and len(tensor.shape) == 3  # noqa: PLR2004 rows, columns, words
    return tensor.shape[0] * tensor.shape[1] * 256 if fits else None


def _exl2(name: str, tensor: Tensor, tensors: Tensors, _: Settings) -> int | None:
    """EXL2: rows of mixed widths; the order of the rows tells how many they were."""
    order = _beside(name, "q_invperm", tensors) or _beside(name, "q_perm", tensors)
    fits = order is not None and tensor.dtype == "I32" and len(tensor.shape) == 2  # noqa: PLR2004
    return order.numbers * tensor.shape[1] if order is not None and fits else None


_RULES: Final[Mapping[str, tuple[tuple[str, Rule], ...]]] = {
    "qweight": (("gptq/awq", _qweight),),
    "weight_packed": (("compressed-tensors", _packed),),
    "weight": (("mlx", _mlx), ("bitsandbytes", _bitsandbytes), ("bytes", _bytes)),
    "_blocks": (("mxfp4", _blocks),),
    "trellis": (("exl3", _trellis),),
    "q_weight": (("exl2", _exl2),),
}


def _doubled(tensors: Tensors) -> frozenset[str]:
    """Return the tables that are stored although one of their shape, which they are, is stored."""
    inputs = {tensor.shape for name, tensor in tensors.items() if name.endswith(_INPUTS)}
    shared = {tensor.shape for name, tensor in tensors.items() if name.endswith("shared.weight")}
    return frozenset(
        name
        for name, tensor in tensors.items()
        if (name.endswith(_OUTPUTS) and tensor.shape in inputs)
        or (name.endswith(_COPIES) and tensor.shape in shared)
    )
