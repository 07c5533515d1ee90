"""How weights were quantized, in the dialects of those who write it down."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from catalog.inspectors.base import JsonObject, Problems, as_object, as_text
from catalog.inspectors.files import Files
from catalog.inspectors.quantized_bits import Read, read_width
from catalog.inspectors.transformers_config import language_part

# Every word that `method` can be. Most are the `quant_method` that loaders are chosen by;
# `other` is said where the model names one that is not among them.
METHODS: Final = frozenset(
    {"gptq", "awq", "bitsandbytes", "fp8", "fbgemm_fp8", "compressed-tensors", "modelopt", "mxfp4"}
    | {"mxfp8", "nvfp4", "auto-round", "aqlm", "hqq", "eetq", "quanto", "torchao", "higgs", "vptq"}
    | {"spqr", "bitnet", "quark", "fp_quant", "fouroversix", "sinq", "metal", "gemma", "mlx"}
    | {"exl2", "exl3", "ggml", "gguf", "quip#", "squeezellm", "other"}
)
_ALSO: Final[Mapping[str, str]] = {
    "bitsandbytes_4bit": "bitsandbytes",
    "bitsandbytes_8bit": "bitsandbytes",
    "compressed_tensors": "compressed-tensors",
    "sparseml": "compressed-tensors",
    "intel/auto-round": "auto-round",
    "auto_round": "auto-round",
    "autoround": "auto-round",
    "gptq_marlin": "gptq",
    "gptqmodel": "gptq",
    "marlin": "gptq",
    "awq_marlin": "awq",
    "modelopt_fp4": "modelopt",
    "modelopt_fp8": "modelopt",
    "modelopt_mixed": "modelopt",
    "finegrained_fp8": "fp8",
    "quip_sharp": "quip#",
    "quip": "quip#",
}
# Files beside a config.json that says nothing, and the method that writes each.
SIDE_FILES: Final[Mapping[str, str]] = {
    "hf_quant_config.json": "modelopt",
    "quantize_config.json": "gptq",
    "quant_config.json": "awq",
}
# What only one of them writes, for those that do not give their name; the first that is there.
_MARKS: Final[Mapping[str, str]] = {
    "quant_algo": "modelopt",
    "config_groups": "compressed-tensors",
    "w_bit": "awq",
    "desc_act": "gptq",
    "weight_block_size": "fp8",
    "qformat_weight": "fp8",
}


def quantization_facts(files: Files, config: JsonObject, problems: Problems) -> Read | None:
    """Return `Quantization` of a version; beside config.json at most one file is read."""
    found = quantization(config)
    path = "" if found else files.first(*SIDE_FILES)
    if path:
        told = files.object(path)
        found = _described(told, SIDE_FILES[path]) if told else None
    if found and found["method"] == "other":
        problems.add("The weights are quantized by a method that is not known here")
    return found


def quantization(config: JsonObject) -> Read | None:
    """Return method, bits and scheme as far as config.json says them."""
    part = language_part(config)
    for place in (config, part):
        for name in ("quantization_config", "compression_config", "quantization"):
            if told := as_object(place.get(name)):
                return _described(told, "")
    return None


def _described(told: JsonObject, writer: str) -> Read | None:
    inner = as_object(told.get("quantization"))  # hf_quant_config.json keeps it one level down
    if inner.get("quant_algo"):
        told = {**inner, "producer": told.get("producer")}
    method = _named(told) or writer or _marked(told)
    return {"method": method, **read_width(method, told)} if method else None


def _named(told: JsonObject) -> str:
    named = as_text(told.get("quant_method")).lower()
    named = _ALSO.get(named, named)
    return named if named in METHODS else "other" if named else ""


def _marked(told: JsonObject) -> str:
    if as_text(as_object(told.get("producer")).get("name")) == "modelopt":
        return "modelopt"
    if True in (told.get("load_in_4bit"), told.get("load_in_8bit")):
        return "bitsandbytes"
    found = next((word for mark, word in _MARKS.items() if told.get(mark) is not None), "")
    return found or ("mlx" if told.keys() >= {"group_size", "bits"} else "")
