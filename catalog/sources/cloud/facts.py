"""What an answer tells, in the words of versions: kind, configuration, facts, what is missing."""

from __future__ import annotations

import hashlib
import json
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

from catalog.sources.cloud.answer import Details

_EXPECTED: Final = ("description", "provider_name", "modality", "endpoints")
# The first that is found decides.
_BY_ENDPOINT: Final = (
    ("/v1/embeddings", "embedding"),
    ("/v1/rerank", "reranker"),
    ("/v1/moderations", "classifier"),
)
_AUDIO: Final = frozenset({"audio_input", "audio_output"})


@dataclass(frozen=True, slots=True)
class Told:
    """An answer, the service that gave it, and whether it came out of the service's cache."""

    details: Details
    service: str
    is_cached: bool

    @property
    def commit(self) -> str:
        """Name what was told by its hash: the same words of the same service are one version."""
        told = self.details.model_dump(
            mode="json", exclude={"extraction_status", "extraction_metadata"}
        )
        content = json.dumps([self.service, told], sort_keys=True)
        return hashlib.sha256(content.encode()).hexdigest()[:40]

    @property
    def missing(self) -> tuple[str, ...]:
        """Name what a complete record would have and this one has not."""
        return tuple(name for name in _EXPECTED if not getattr(self.details, name))


def kind_of(details: Details) -> str:
    """Return the kind of model, by what it can be asked and what goes in and comes out."""
    endpoints, modality = set(details.endpoints or ()), set(details.modality or ())
    known = next((kind for path, kind in _BY_ENDPOINT if path in endpoints), "")
    if known:
        return known
    if "text_output" in modality:
        return "vision-language" if "image_input" in modality else "llm"
    if "image_output" in modality:
        return "image"
    return "audio" if modality & _AUDIO else "other"


def config_of(details: Details) -> dict[str, object]:
    """Return the facts that a typed configuration may have; what is not told is left out."""
    shape, named = details.architecture, details.architecture_class
    facts: dict[str, object] = {
        "architecture": named.class_name if named else None,
        "family": (shape and shape.family) or (named and named.architecture_family) or None,
        "num_params": shape.num_params if shape else None,
        "weights_bytes": shape.model_weights_size if shape else None,
        "context_length": (details.tokens or {}).get("max_input_tokens"),
        "is_hosted": True,
        "features": [name for name, has in (details.features or {}).items() if has],
    }
    text = (shape.text_config if shape else None) or {}
    embedding = (shape.embedding_config if shape else None) or {}
    facts["dimension"] = embedding.get("embedding_dimension")
    told = {name: value for name, value in facts.items() if value is not None}
    return {**{name: value for name, value in text.items() if value is not None}, **told}


def card_of(details: Details) -> dict[str, object]:
    """Return the fields of a card; the license as the service names it."""
    named = details.license
    return {"license": (named.key or named.name) if named else None}


def facts_of(told: Told) -> dict[str, Any]:
    """Return what a version keeps; web addresses that are none are null."""
    details = told.details
    listed = ("tags", "tasks", "languages", "use_cases")
    tree = details.model_tree.base_model if details.model_tree else None
    return {
        "author": details.provider_name or "",
        "address": _web(details.website_url) or "",
        "card": card_of(details),
        "description": details.description or "",
        **{name: getattr(details, name) or [] for name in listed},
        "strengths": details.advantages or [],
        "limitations": details.disadvantages or [],
        "papers": [paper.model_dump() | {"url": _web(paper.url)} for paper in details.papers or []],
        "base_models": [tree] if isinstance(tree, str) else tree or [],
        "modality": _modality(details),
        **{
            name: _web(getattr(details, name)) for name in ("github_url", "website_url", "logo_url")
        },
        "hosted": _hosted(told),
    }


def _hosted(told: Told) -> dict[str, Any]:
    kept = (
        "provider_name", "provider_type", "endpoints", "tokens", "features", "input_cost",
        "output_cost", "cache_cost", "rate_limits", "media_limits", "deprecation_date",
        "evaluations",
    )  # fmt: skip
    return {"service": told.service, **told.details.model_dump(mode="json", include=set(kept))}


def _modality(details: Details) -> list[str]:
    """Turn `text_input`, `text_output` into `text`, each once."""
    words = (word.removesuffix("_input").removesuffix("_output") for word in details.modality or ())
    return list(dict.fromkeys(word for word in words if word))


def _web(url: str | None) -> str | None:
    try:
        parts = urlsplit(url or "")
    except ValueError:
        return None
    return url if parts.scheme in {"http", "https"} and parts.hostname else None
