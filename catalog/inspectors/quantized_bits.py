"""Bits and number format of quantized weights, for each way of writing them down.

Fields as in `transformers.utils.quantization_config`, compressed-tensors, ModelOpt, mlx-lm and
exllamav2 write them.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from itertools import islice
from typing import Final

from catalog.inspectors.base import JsonObject, as_count, as_number, as_object, as_text

Read = dict[str, object]
Width = tuple[float | None, str]
_UNKNOWN: Final[Width] = (None, "")
_PLAIN: Final = ("bits", "w_bit", "num_bits", "nbits", "weight_bits", "wbits")
_WIDEST_PACKED = 15  # what stays at 16 bits or more is not quantized
_MOST_LAYERS = 10_000
# The weight in names like Int8DynamicActivationInt4WeightConfig; else what the name begins with.
_WORDS: Final = (
    re.compile(r"(u?int|float|fp)(\d)_?weight", re.IGNORECASE),
    re.compile(r"^(u?int|float|fp|nvfp|mxfp)(\d)", re.IGNORECASE),
)
_BLOCKED = re.compile(r"(?:nvfp|mxfp)\d")
_ALGORITHMS: Final[tuple[tuple[str, Width], ...]] = (
    ("MIXED", _UNKNOWN),
    ("NVFP4", (4, "nvfp4")),
    ("MXFP4", (4, "mxfp4")),
    ("MXFP8", (8, "mxfp8")),
    ("W4A", (4, "int4")),
    ("INT4", (4, "int4")),
    ("FP8", (8, "fp8")),
    ("INT8", (8, "int8")),
)


def read_width(method: str, told: JsonObject) -> Read:
    """Return `bits` and `scheme` of what a method's settings say."""
    bits, scheme = _READERS.get(method, _plain)(told)
    return {"bits": bits, "scheme": scheme}


def _plain(told: JsonObject) -> Width:
    """Whole numbers of so many bits, unless a layer has others."""
    bits = _bits(told)
    others = {_bits(layer) for layer in _layers(told)}
    others = {b for b in others if b is not None and b <= _WIDEST_PACKED}
    if bits is None or others - {bits}:
        return _UNKNOWN
    return bits, f"int{bits:g}" if bits.is_integer() else ""


def _bits(told: JsonObject) -> float | None:
    found = (as_number(told.get(name), 0.5, 64) for name in _PLAIN)
    return next((bits for bits in found if bits is not None), None)


def _layers(told: JsonObject) -> Iterable[JsonObject]:
    """Settings of single layers, wherever they are kept; in bounds."""
    places = [told, *(as_object(told.get(n)) for n in ("dynamic", "extra_config", "layer_bits"))]
    places += [as_object(told.get("module_quant_configs"))]
    found = (value for place in places for value in place.values() if isinstance(value, dict))
    return islice(found, _MOST_LAYERS)


def _fixed(bits: float, scheme: str) -> Callable[[JsonObject], Width]:
    return lambda _: (bits, scheme)


def _bitsandbytes(told: JsonObject) -> Width:
    if True in (told.get("load_in_4bit"), told.get("_load_in_4bit")):
        return 4, as_text(told.get("bnb_4bit_quant_type")) or "fp4"
    if True in (told.get("load_in_8bit"), told.get("_load_in_8bit")):
        return 8, "int8"
    method = as_text(told.get("quant_method"))
    return (4, "") if "4bit" in method else (8, "int8") if "8bit" in method else _UNKNOWN


def _groups(told: JsonObject) -> Width:
    """compressed-tensors: what all groups of layers have in common."""
    named = _named_format(as_text(told.get("format")))
    groups = list(islice(as_object(told.get("config_groups")).values(), 100))
    weights = [as_object(as_object(group).get("weights")) for group in groups]
    found = {_group_width(w, told) for w in weights if w}
    if len(found) == 1:
        bits, scheme = found.pop()
        return bits, named or scheme
    return _UNKNOWN


def _group_width(weights: JsonObject, told: JsonObject) -> Width:
    bits = _bits(weights)
    if bits is None:
        return _UNKNOWN
    kind = "fp" if as_text(weights.get("type")) == "float" else "int"
    small = f"{kind}{bits:g}"
    is_nvfp4 = small == "fp4" and as_text(told.get("quant_algo")).upper().endswith("NVFP4")
    return bits, "nvfp4" if is_nvfp4 else small


def _named_format(name: str) -> str:
    return name.partition("-")[0] if name.startswith(("nvfp", "mxfp")) else ""


def _modelopt(told: JsonObject) -> Width:
    algorithm = as_text(told.get("quant_algo")).upper()
    named = next((width for word, width in _ALGORITHMS if word in algorithm), None)
    return named if named is not None else _groups(told)


def _hqq(told: JsonObject) -> Width:
    settings = as_object(told.get("quant_config"))
    plain = as_object(settings.get("weight_quant_params"))
    layers = [plain] if plain else [as_object(v) for v in islice(settings.values(), _MOST_LAYERS)]
    found = {_bits(as_object(layer.get("weight_quant_params")) or layer) for layer in layers}
    bits = found.pop() if len(found) == 1 else _bits(told) if not found else None
    return (bits, f"int{bits:g}") if bits else _UNKNOWN


def _aqlm(told: JsonObject) -> Width:
    """So many codebooks of so many bits stand for one group of weights."""
    names = ("num_codebooks", "nbits_per_codebook", "in_group_size", "out_group_size")
    books, width, inner, outer = (as_count(told.get(name)) for name in names)
    if books is None or width is None or inner is None:
        return _UNKNOWN
    return as_number(books * width / (inner * (outer or 1)), 0.1, 64), ""


def _by_words(*names: str) -> Callable[[JsonObject], Width]:
    """Read a format from words like int4, float8 or Int4WeightOnlyConfig."""

    def read(told: JsonObject) -> Width:
        found = (told.get(name) for name in names)
        return next((_word_width(_word(value)) for value in found if value), _UNKNOWN)

    return read


def _word(value: object) -> str:
    """The name in a text, or in the object that a configuration of torchao becomes."""
    if isinstance(value, dict):
        default = value.get("default", value)
        return as_text(as_object(default).get("_type")) or as_text(default)
    return as_text(value)


def _word_width(word: str) -> Width:
    found = next((match for form in _WORDS if (match := form.search(word))), None)
    if found is None:
        return _UNKNOWN
    kind = {"uint": "int", "float": "fp"}.get(found[1].lower(), found[1].lower())
    return float(found[2]), f"{kind}{found[2]}"


def _quark(told: JsonObject) -> Width:
    """AMD Quark; a legacy export names the method of others and says their bits."""
    weight = as_object(told.get("global_quant_config")).get("weight")
    if isinstance(weight, list) or as_object(told.get("layer_quant_config")):
        return _UNKNOWN
    return _word_width(as_text(as_object(weight).get("dtype")))


def _mlx(told: JsonObject) -> Width:
    bits, scheme = _plain(told)
    mode = as_text(told.get("mode"))
    return bits, mode if bits and _BLOCKED.fullmatch(mode) else scheme


def _exl(told: JsonObject) -> Width:
    """An average over layers, chosen by measuring; often no whole number."""
    return _bits(told), ""


_READERS: Final[Mapping[str, Callable[[JsonObject], Width]]] = {
    "bitsandbytes": _bitsandbytes,
    "fp8": _fixed(8, "fp8"),
    "fbgemm_fp8": _fixed(8, "fp8"),
    "mxfp4": _fixed(4, "mxfp4"),
    "mxfp8": _fixed(8, "mxfp8"),
    "nvfp4": _fixed(4, "nvfp4"),
    "bitnet": _fixed(1.58, ""),  # three values: log2(3)
    "compressed-tensors": _groups,
    "modelopt": _modelopt,
    "hqq": _hqq,
    "aqlm": _aqlm,
    "quanto": _by_words("weights"),
    "eetq": _by_words("weights"),
    "torchao": _by_words("quant_type"),
    "fp_quant": _by_words("forward_dtype"),
    "fouroversix": _by_words("weight_dtype", "dtype"),
    "quark": _quark,
    "mlx": _mlx,
    "exl2": _exl,
    "exl3": _exl,
    "gguf": lambda _: _UNKNOWN,
    "other": lambda _: _UNKNOWN,
}
