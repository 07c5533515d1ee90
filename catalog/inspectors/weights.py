"""What the weights of a version say by their headers and sizes, and the configuration besides."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from catalog.inspectors import counting, transformers_config
from catalog.inspectors.base import JsonObject, Problems, Reader, as_object
from catalog.inspectors.contents import formats_of, look, note_misnamed
from catalog.inspectors.headers import mlx
from catalog.inspectors.headers.dispatch import Once
from catalog.inspectors.headers.gguf import Gguf
from catalog.inspectors.headers.gguf_facts import GgufFacts, gguf_facts
from catalog.inspectors.headers.gguf_parts import gguf_sets, read_gguf_set
from catalog.inspectors.headers.gguf_types import is_packed, quantization_name
from catalog.inspectors.headers.ranges import LOCAL, REMOTE, Budget
from catalog.inspectors.headers.sharded import Weights, read_weights
from catalog.inspectors.other_weights import one_file_facts, vosk_facts, whisper_facts
from catalog.inspectors.quantized_bits import Read
from catalog.inspectors.sets import MOST_FILES, size_of_set, weight_set
from catalog.inspectors.signs import DENOISERS
from catalog.inspectors.subject import Facts, Subject
from downloads.planning.quantizations import is_projector

# The words of a vocabulary stand before the tensors: eight megabytes of them are common.
GGUF: Final = Budget(bytes=24 << 20, reads=48)
_HOW: Final = {
    "headers": "counted from the headers of all weights",
    "headers and sizes": "counted from headers, an index and the sizes of the other files",
    "size": "worked out from the size of the weights, which all have one dtype",
}
_HEADER: Final = "the header of a GGML file"
_GGUF_HOW: Final = "counted from the tensors of a GGUF file"


@dataclass(frozen=True, slots=True)
class Weighed:
    """Facts of every kind, and the header of a GGUF file where that is what tells them.

    `config` is the shape that another header tells, under the names of config.json.
    """

    facts: Facts = field(default_factory=dict)
    config: JsonObject = field(default_factory=dict)
    header: Gguf | None = None
    gguf: GgufFacts | None = None


def weigh(
    reader: Reader,
    subject: Subject,
    quantization: Read | None,
    problems: Problems,
    *,
    at_hand: bool = False,
) -> Weighed:
    """Return size, files, formats, dtype and parameters; what nothing tells is left empty.

    Where files are `at_hand` each of them is looked at, and headers are read to their end.
    """
    reader = Once(reader)
    files = weight_set(subject.listing, is_pipeline=bool(subject.pipeline))
    facts = _listed(subject, files, quantization)
    weights = _safetensors(reader, subject, problems)
    header = None if weights else _gguf(reader, subject, files, problems)
    unread = weights is None and header is None
    forms = look(reader, subject.paths, problems, headers=unread, at_hand=at_hand)
    formats = formats_of(subject.paths, forms)
    note_misnamed(forms, problems, alone=not formats)
    also = (mlx.FORMAT,) if weights and mlx.is_mlx(weights) else ()
    facts["formats"] = tuple(sorted({*formats, *also}))
    told = gguf_facts(header.keys) if header else None
    config: JsonObject = {}
    if weights is not None:
        _from_safetensors(facts, weights, subject)
    elif header is not None and told is not None:
        _from_gguf(facts, header, told, problems, is_one=bool(files))
    else:
        spoken, config = whisper_facts(reader, subject.paths, forms, problems)
        budget = LOCAL if at_hand else REMOTE
        facts |= spoken | one_file_facts(reader, subject.listing, files, problems, budget)
        facts |= vosk_facts(subject.listing)
    facts |= _by_rule(facts, subject.config or config, source="" if subject.config else _HEADER)
    return Weighed(facts, config, header, told)


def _listed(subject: Subject, files: tuple[str, ...], quantization: Read | None) -> Facts:
    """Return what names, sizes and settings say before any header is read."""
    listing, config = subject.listing, subject.config
    return {
        "dtype": transformers_config.dtype(config, transformers_config.language_part(config)),
        "files": files if len(files) <= MOST_FILES else (),
        "weights_bytes": size_of_set(listing, files),
        "quantization": quantization,
    }


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


def _from_gguf(
    facts: Facts, header: Gguf, told: GgufFacts, problems: Problems, *, is_one: bool
) -> None:
    """Of several alternatives only what all of them share is told."""
    if header.num_params:
        facts |= {"num_params": header.num_params, "num_params_how": _GGUF_HOW}
    if not is_one:
        return
    facts["params_by_dtype"] = header.by_type
    name = quantization_name(told.file_type, header.by_type)
    if not name or told.kind != "model" or facts["quantization"]:
        return
    is_true = not header.by_type or is_packed(header.by_type)
    if not is_true:
        problems.add(f"It calls itself {name}, and none of its tensors is packed")
    bits = header.bits_per_weight if is_true else None
    facts["quantization"] = {"method": "gguf", "scheme": name, "bits": bits}


def _by_rule(facts: Facts, config: Mapping[str, object], *, source: str) -> Facts:
    """Count by the configuration what no header tells; `source` is what stands in its place."""
    counted = counting.parameters(config) if config else None
    if counted is None:
        return {}
    told = facts.get("num_params")
    if told is None:
        return {
            "num_params": counted.total,
            "num_params_how": counted.how.replace("config.json", source or "config.json"),
            "active_params": counted.active,
        }
    return {"active_params": counted.active}
