"""What the weights of a version say by their headers and sizes, and the configuration besides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from catalog.inspectors import counting, transformers_config
from catalog.inspectors.base import Problems, Reader, as_object
from catalog.inspectors.headers.ctranslate2 import CTranslate2
from catalog.inspectors.headers.dispatch import read_file
from catalog.inspectors.headers.gguf import Gguf
from catalog.inspectors.headers.gguf_facts import GgufFacts, gguf_facts
from catalog.inspectors.headers.gguf_parts import gguf_sets, read_gguf_set
from catalog.inspectors.headers.onnx import Onnx
from catalog.inspectors.headers.ranges import Budget
from catalog.inspectors.headers.sharded import Weights, read_weights
from catalog.inspectors.headers.torch import Torch
from catalog.inspectors.quantized_bits import Read
from catalog.inspectors.sets import MOST_FILES, formats, size_of_set, weight_set
from catalog.inspectors.signs import DENOISERS
from catalog.inspectors.subject import Facts, Subject
from downloads.planning.formats import format_of
from downloads.planning.quantizations import is_projector

# The words of a vocabulary stand before the tensors: eight megabytes of them are common.
GGUF: Final = Budget(bytes=24 << 20, reads=48)
_HOW: Final = {
    "headers": "counted from the headers of all weights",
    "headers and sizes": "counted from headers, an index and the sizes of the other files",
    "size": "worked out from the size of the weights, which all have one dtype",
}
_GGUF_HOW: Final = "counted from the tensors of a GGUF file"
_PLAIN_TYPES: Final = frozenset({"f32", "f16", "bf16", "f64"})
_LOOKED_INTO: Final = ("onnx", "pickle", "keras")


@dataclass(frozen=True, slots=True)
class Weighed:
    """Facts of every kind, and the header of a GGUF file where that is what tells them."""

    facts: Facts = field(default_factory=dict)
    header: Gguf | None = None
    gguf: GgufFacts | None = None


def weigh(
    reader: Reader, subject: Subject, quantization: Read | None, problems: Problems
) -> Weighed:
    """Return size, files, formats, dtype and parameters; what nothing tells is left empty."""
    listing, config = subject.listing, subject.config
    files = weight_set(listing, is_pipeline=bool(subject.pipeline))
    part = transformers_config.language_part(config)
    facts: Facts = {
        "dtype": transformers_config.dtype(config, part),
        "formats": formats(listing),
        "files": files if len(files) <= MOST_FILES else (),
        "weights_bytes": size_of_set(listing, files),
        "quantization": quantization,
    }
    weights = _safetensors(reader, subject, problems)
    header = None if weights else _gguf(reader, subject, files, problems)
    told = gguf_facts(header.keys) if header else None
    if weights is not None:
        _from_safetensors(facts, weights, subject)
    elif header is not None and told is not None:
        _from_gguf(facts, header, told, is_one=bool(files))
    else:
        facts |= _from_others(reader, files, problems)
    facts |= _by_rule(facts, config)
    return Weighed(facts, header, told)


def _safetensors(reader: Reader, subject: Subject, problems: Problems) -> Weights | None:
    """Read the weights of the model; of a pipeline, those of the part that makes the picture."""
    config = subject.config
    part = transformers_config.language_part(config)
    packing = config.get("quantization_config") or part.get("quantization_config")
    packing = packing or config.get("quantization") or config.get("compression_config")
    inside = [name for name in DENOISERS if name in subject.pipeline]
    return read_weights(
        reader,
        subject.paths,
        problems,
        folder=inside[0] if inside else "",
        quantization=as_object(packing) or None,
        tied=config.get("tie_word_embeddings") is True,
    )


def _gguf(
    reader: Reader, subject: Subject, files: tuple[str, ...], problems: Problems
) -> Gguf | None:
    """Read the one set there is; of alternatives the smallest: their shapes are the same."""
    sets = [one for one in gguf_sets(subject.paths) if not is_projector(one[0])]
    if not sets:
        return None
    own = next((one for one in sets if set(one) == set(files)), None)
    chosen = own or min(sets, key=lambda one: (sum(map(reader.size, one)), one))
    return read_gguf_set(reader, chosen, problems, budget=GGUF)


def _from_safetensors(facts: Facts, weights: Weights, subject: Subject) -> None:
    if not subject.pipeline:
        facts |= {"files": weights.files, "weights_bytes": weights.size or None}
    if len(weights.files) > MOST_FILES:
        facts["files"] = ()
    facts["params_by_dtype"] = dict(weights.by_dtype)
    facts["dtype"] = facts["dtype"] or weights.main_dtype
    if weights.num_params:
        facts |= {"num_params": weights.num_params, "num_params_how": _HOW[weights.how]}


def _from_gguf(facts: Facts, header: Gguf, told: GgufFacts, *, is_one: bool) -> None:
    """Of several alternatives only what all of them share is told."""
    if header.num_params:
        facts |= {"num_params": header.num_params, "num_params_how": _GGUF_HOW}
    if not is_one:
        return
    facts["params_by_dtype"] = header.by_type
    scheme = told.file_type.lower()
    if scheme and scheme not in _PLAIN_TYPES and not facts["quantization"]:
        facts["quantization"] = {"method": "gguf", "scheme": scheme}


def _from_others(reader: Reader, files: tuple[str, ...], problems: Problems) -> Facts:
    """Look into the one file of a format without an index."""
    if len(files) != 1 or format_of(files[0]) not in _LOOKED_INTO:
        return {}
    found = read_file(reader, files[0], problems)
    if isinstance(found, Onnx | CTranslate2) and found.num_params:
        how = "counted from the tensors of one file"
        return {
            "num_params": found.num_params,
            "num_params_how": how,
            "params_by_dtype": dict(found.by_dtype),
        }
    return {"weights_bytes": found.weights_bytes} if isinstance(found, Torch) else {}


def _by_rule(facts: Facts, config: Mapping[str, object]) -> Facts:
    """Count by the configuration what no header tells."""
    counted = counting.parameters(config) if config else None
    if counted is None:
        return {}
    told = facts.get("num_params")
    if told is None:
        return {
            "num_params": counted.total,
            "num_params_how": counted.how,
            "active_params": counted.active,
        }
    return {"active_params": counted.active}
