"""What the weights of a version say by their headers and sizes."""

from __future__ import annotations

from typing import Final

from catalog.inspectors import transformers_config
from catalog.inspectors.base import JsonObject, Problems, Reader
from catalog.inspectors.quantized_bits import Read
from catalog.inspectors.safetensors import Weights, read_weights
from catalog.inspectors.sets import MOST_FILES, formats, size_of_set, weight_set
from catalog.inspectors.subject import PIPELINE, Facts
from catalog.sources.base import Listing

_PACKED: Final = frozenset({"gptq", "awq", "bitsandbytes", "aqlm", "hqq", "quanto", "mxfp4"})


def weigh(
    reader: Reader,
    listing: Listing,
    config: JsonObject,
    quantization: Read | None,
    problems: Problems,
) -> Facts:
    """Return what every kind has of its weights: size, files, formats, dtype, parameters."""
    weights = read_weights(reader, tuple(file.path for file in listing.files), problems)
    files = weights.files if weights else weight_set(listing, is_pipeline=reader.has(PIPELINE))
    part = transformers_config.language_part(config)
    facts: Facts = {
        "dtype": transformers_config.dtype(config, part),
        "formats": formats(listing),
        "files": files if len(files) <= MOST_FILES else (),
        "weights_bytes": (weights.size or None) if weights else size_of_set(listing, files),
    }
    if weights is not None:
        facts["params_by_dtype"] = dict(weights.by_dtype)
        facts["dtype"] = facts["dtype"] or weights.main_dtype
        facts["num_params"] = _parameters(weights, quantization, problems)
    return facts


def _parameters(weights: Weights, quantization: Read | None, problems: Problems) -> int | None:
    """Return the number of parameters; packed weights hide it."""
    packed = quantization is not None and quantization.get("method") in _PACKED
    if packed or weights.is_packed:
        problems.add("The weights are packed: their parameters cannot be counted from the headers")
        return None
    return weights.floats or None
