"""Inspect a version: its card, its configuration and the headers of its weights."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from pydantic import ValidationError

from catalog.cards import analyse_card
from catalog.inspectors import adapter, civitai, gguf_config, transformers_config
from catalog.inspectors.base import Inspection, Problems, Reader
from catalog.inspectors.card import PATH, Card, card_of, place_of, read_card
from catalog.inspectors.evaluations import datasets_in, evaluations_in
from catalog.inspectors.faults import note_unusable
from catalog.inspectors.files import Files
from catalog.inspectors.kind import TASKS, decide_kind
from catalog.inspectors.kinds import facts_of
from catalog.inspectors.lineage import Hints, base_models
from catalog.inspectors.quantization import quantization_facts
from catalog.inspectors.signs import signs_of
from catalog.inspectors.subject import Facts, Subject, read_subject
from catalog.inspectors.weights import Weighed, weigh
from catalog.sources.base import Listing
from registry.configs import ModelConfig, config_class

# Without these a reader cannot tell whether the model fits; their absence makes it partial.
_EXPECTED: Final = {
    "llm": ("num_layers", "hidden_size", "context_length", "vocab_size", "num_params"),
    "embedding": ("dimension", "num_params"),
}


def inspect_version(reader: Reader, listing: Listing, *, at_hand: bool = False) -> Inspection:
    """Say what a model is, from small files and headers alone.

    Where reading costs nothing (`at_hand`), the beginning of every file of weights is looked at.

    What is malformed becomes a named problem and an unknown value. A source that is down or limits
    us, or bytes that differ from their published hash, are raised: the run tries again.
    """
    problems = Problems()
    card = _card(reader, listing, problems)
    subject = read_subject(listing, Files(reader, problems), card, problems)
    note_unusable(reader, subject.config, problems)
    quantization = quantization_facts(subject.files, subject.config, problems)
    weighed = weigh(reader, subject, quantization, problems, at_hand=at_hand)
    subject = _with_headers(subject, weighed)
    kind = decide_kind(signs_of(subject))
    facts = {**weighed.facts, **_common(subject, weighed.facts), **facts_of(kind, subject)}
    facts["base_models"] = base_models(_hints(subject, facts))
    facts |= civitai.image_facts(listing.card_data)
    typed = _typed(kind, facts, problems)
    _note_unknown(typed, problems)
    evaluations = evaluations_in(card.data, problems)
    return Inspection(
        model_type=kind,
        config=typed,
        card=card.data,
        licenses=card.licenses,
        tasks=_tasks(subject),
        tags=subject.tags,
        languages=tuple(item.text for item in card.analysis.languages),
        description=_description(card, listing),
        base_models=card.base_models or listing.base_models,
        problems=tuple(problems.found),
        analysis=card.analysis,
        evaluations=evaluations,
        datasets=datasets_in(card.data, subject.tags),
    )


def _card(reader: Reader, listing: Listing, problems: Problems) -> Card:
    place = place_of(listing.ref, listing.commit, listing.tags)
    card = read_card(reader, problems, place)
    if card.data or not listing.card_data:
        if not reader.has(PATH):
            problems.add(f"{PATH} is missing")
        return card
    # The source shows the head of a card even of a gated model, whose README it keeps back; others
    # have no README and tell the same in their own fields.
    told = analyse_card("", "", listing.card_data, place)
    analysis = card.analysis.model_copy(
        update={"languages": told.languages, "papers": card.analysis.papers or told.papers}
    )
    return replace(card_of(listing.card_data, problems), analysis=analysis)


def _description(card: Card, listing: Listing) -> str:
    told = card.analysis.description
    return told.text if told else civitai.description(listing.card_data)


def _with_headers(subject: Subject, weighed: Weighed) -> Subject:
    config = subject.config or weighed.config
    return replace(subject, config=config, header=weighed.header, gguf=weighed.gguf)


def _common(subject: Subject, weighed: Facts) -> Facts:
    """Return what models of every kind have beside their weights."""
    listing, config, gguf = subject.listing, subject.config, subject.gguf
    return {
        "architecture": transformers_config.architecture(config)
        or subject.class_name
        or weighed.get("architecture", ""),
        "family": transformers_config.family(config)
        or (gguf.architecture if gguf else weighed.get("family", "")),
        "library": subject.library,
        "custom_code": transformers_config.has_own_class(config),
        "adapter": adapter.adapter_facts(subject.adapter) or _gguf_adapter(subject),
        "languages": subject.card.languages or (gguf.languages if gguf else ()),
        "sha": listing.commit,
        "gated": listing.gated,
    }


def _gguf_adapter(subject: Subject) -> Facts | None:
    if subject.header is None or subject.gguf is None:
        return None
    return gguf_config.adapter_facts(subject.header, subject.gguf)


def _hints(subject: Subject, facts: Facts) -> Hints:
    listing, card = subject.listing, subject.card
    written = subject.gguf.base_models if subject.gguf else ()
    inside = tuple(base.repo_id for base in written if base.repo_id)
    return Hints(
        own=listing.ref.repo_id,
        named=card.base_models or listing.base_models or inside,
        relation=card.relation,
        tags=subject.tags,
        adapted=adapter.base_model(subject.adapter),
        is_adapter=_is_added(subject, facts),
        is_quantized=bool(facts.get("quantization")) or facts.get("formats") == ("gguf",),
    )


def _is_added(subject: Subject, facts: Facts) -> bool:
    told = bool(subject.adapter) or facts.get("adapter") is not None
    return told or facts.get("checkpoint_type") == "lora"


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
    """An adapter leaves its shape to the model that it is put into."""
    unknown = [name for name in _EXPECTED.get(config.slug, ()) if getattr(config, name) is None]
    if unknown and config.adapter is None:
        problems.add(f"Not known: {', '.join(unknown)}")


def _tasks(subject: Subject) -> tuple[str, ...]:
    """The task that the author names, that of the source, and those among the tags; each once."""
    named = (subject.card.pipeline_tag, subject.listing.pipeline_tag)
    tagged = (tag for tag in subject.tags if tag in TASKS)
    return tuple(dict.fromkeys(task for task in (*named, *tagged) if task))
