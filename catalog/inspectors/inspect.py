"""Inspect a version: its card, its configuration and the headers of its weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from pydantic import ValidationError

from catalog.cards import analyse_card
from catalog.inspectors import sentence_transformers, transformers_config
from catalog.inspectors.base import (
    Inspection,
    JsonObject,
    Problems,
    Reader,
    as_text,
    read_object,
)
from catalog.inspectors.card import PATH, Card, card_of, place_of, read_card
from catalog.inspectors.kinds import TASKS, Signs, decide_kind
from catalog.inspectors.safetensors import Weights, read_weights
from catalog.sources.base import Listing
from downloads.planning.formats import FORMATS, format_of
from registry.configs import ModelConfig, config_class

CONFIG: Final = "config.json"
# Without these a reader cannot tell whether the model fits; their absence makes it partial.
_EXPECTED: Final = {
    "llm": ("num_layers", "hidden_size", "context_length", "vocab_size", "num_params"),
    "embedding": ("dimension", "num_params"),
}
_PACKED: Final = frozenset({"gptq", "awq", "bitsandbytes", "aqlm", "hqq", "quanto", "mxfp4"})


def inspect_version(reader: Reader, listing: Listing) -> Inspection:
    """Say what a model is, from small files and headers alone.

    What is malformed becomes a named problem and an unknown value. A source that is down or limits
    us, or bytes that differ from their published hash, are raised: the run tries again.
    """
    problems = Problems()
    card = _card(reader, listing, problems)
    config = read_object(reader, CONFIG, problems) or {}
    pipeline = read_object(reader, "model_index.json", problems) or {}
    kind = decide_kind(_signs(reader, listing, card, config, pipeline))
    weights = read_weights(reader, tuple(f.path for f in listing.files), problems)
    facts = _common(listing, config, pipeline, weights, problems)
    facts.update(_own_facts(kind, reader, config, problems))
    tags = tuple(dict.fromkeys((*card.tags, *listing.tags)))
    typed = _typed(kind, facts, problems)
    _note_unknown(typed, problems)
    return Inspection(
        model_type=kind,
        config=typed,
        card=card.data,
        licenses=card.licenses,
        tasks=_tasks(card, listing, tags),
        tags=tags,
        languages=tuple(item.text for item in card.analysis.languages),
        description=card.analysis.description.text if card.analysis.description else "",
        base_models=card.base_models or listing.base_models,
        problems=tuple(problems.found),
        analysis=card.analysis,
    )


def _card(reader: Reader, listing: Listing, problems: Problems) -> Card:
    place = place_of(listing.ref, listing.commit, listing.tags)
    card = read_card(reader, problems, place)
    if not reader.has(PATH):
        problems.add(f"{PATH} is missing")
    if card.data or not listing.card_data:
        return card
    # The source shows the head of a card even of a gated model, whose README it keeps back.
    told = analyse_card("", "", listing.card_data, place)
    analysis = card.analysis.model_copy(
        update={"languages": told.languages, "papers": card.analysis.papers or told.papers}
    )
    return replace(card_of(listing.card_data, problems), analysis=analysis)


def _signs(
    reader: Reader, listing: Listing, card: Card, config: JsonObject, pipeline: JsonObject
) -> Signs:
    return Signs(
        repo_id=listing.ref.repo_id,
        architecture=transformers_config.architecture(config),
        family=transformers_config.family(config),
        pipeline_tag=card.pipeline_tag or listing.pipeline_tag,
        library=card.library_name or listing.library_name,
        pipeline_class=as_text(pipeline.get("_class_name")),
        sees=transformers_config.has_vision(config),
        pools=sentence_transformers.is_pipeline(reader),
        tags=tuple(dict.fromkeys((*card.tags, *listing.tags))),
    )


def _common(
    listing: Listing,
    config: JsonObject,
    pipeline: JsonObject,
    weights: Weights | None,
    problems: Problems,
) -> dict[str, object]:
    quantization = transformers_config.quantization(config)
    part = transformers_config.language_part(config)
    facts: dict[str, object] = {
        "architecture": transformers_config.architecture(config)
        or as_text(pipeline.get("_class_name")),
        "family": transformers_config.family(config),
        "dtype": transformers_config.dtype(config, part),
        "formats": formats(listing),
        "weights_bytes": _weights_bytes(listing, weights),
        "quantization": quantization,
    }
    if weights is not None:
        facts["params_by_dtype"] = dict(weights.by_dtype)
        facts["dtype"] = facts["dtype"] or weights.main_dtype
        facts["num_params"] = _parameters(weights, quantization, problems)
    return facts


def _parameters(
    weights: Weights, quantization: Mapping[str, object] | None, problems: Problems
) -> int | None:
    """Return the number of parameters; packed weights hide it."""
    packed = quantization is not None and quantization.get("method") in _PACKED
    if packed or weights.is_packed:
        problems.add("The weights are packed: their parameters cannot be counted from the headers")
        return None
    return weights.floats or None


def formats(listing: Listing) -> tuple[str, ...]:
    """Return the formats that the weights come in, sorted."""
    return tuple(sorted({name for file in listing.files if (name := format_of(file.path))}))


def _weights_bytes(listing: Listing, weights: Weights | None) -> int | None:
    """Return the size of one set of weights: those counted, or all of the first format there is."""
    if weights is not None:
        return weights.size or None
    for wanted in dict.fromkeys(FORMATS.values()):
        size = sum(file.size for file in listing.files if format_of(file.path) == wanted)
        if size and wanted != "gguf":  # a repository of GGUF holds many alternatives
            return size
    return None


def _own_facts(
    kind: str, reader: Reader, config: JsonObject, problems: Problems
) -> dict[str, object]:
    """Return what only this kind of model has."""
    if kind in {"llm", "vision-language"}:
        return transformers_config.llm_facts(config)
    if kind != "embedding":
        return {}
    facts = transformers_config.embedding_facts(config)
    if sentence_transformers.is_pipeline(reader):
        facts.update(sentence_transformers.pipeline_facts(reader, problems))
    return facts


def _typed(kind: str, facts: Mapping[str, object], problems: Problems) -> ModelConfig:
    """Build the typed configuration; fields it refuses are named and left unknown."""
    cls = config_class(kind)
    known = {name: value for name, value in facts.items() if name in cls.model_fields}
    try:
        return cls.model_validate(known)
    except ValidationError as error:
        for fault in error.errors(include_url=False, include_input=False):
            name = str(fault["loc"][0])
            problems.add(f"{name} has no usable value: {fault['msg']}")
            known.pop(name, None)
        return cls.model_validate(known)


def _note_unknown(config: ModelConfig, problems: Problems) -> None:
    unknown = [name for name in _EXPECTED.get(config.slug, ()) if getattr(config, name) is None]
    if unknown:
        problems.add(f"Not known: {', '.join(unknown)}")


def _tasks(card: Card, listing: Listing, tags: tuple[str, ...]) -> tuple[str, ...]:
    named = (card.pipeline_tag, listing.pipeline_tag, *(tag for tag in tags if tag in TASKS))
    return tuple(dict.fromkeys(task for task in named if task))
