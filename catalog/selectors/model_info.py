"""A version as model information: the contract's names, filled from source, card and files."""

from __future__ import annotations

from typing import Any

from catalog.cards import FIELDS, CardAnalysis, read_analysis
from catalog.cards.analysis import ADDRESSES, LISTS, Address, Evidence, Paper
from catalog.selectors.lineage import bases_of_model, derived_models
from registry.callers import Caller
from registry.configs import load_config
from registry.configs.answers import architecture_of
from registry.models import Model, ModelVersion

_MODALITIES = {
    "vision-language": ["text", "image"],
    "image": ["image"],
    "audio": ["audio"],
    "video": ["video"],
    "layout": ["image", "text"],
    "ocr": ["image", "text"],
    "other": None,
}


def model_info(caller: Caller, model: Model, version: ModelVersion) -> dict[str, Any]:
    """Give every field of the contract; what nobody said is null or empty, never invented."""
    facts = version.facts if isinstance(version.facts, dict) else {}
    card = read_analysis(facts)
    return {
        "author": model.author,
        "description": model.description or facts.get("description") or "",
        "uri": f"{model.repo_id}@{version.commit}",
        "modality": facts.get("modality") or _MODALITIES.get(version.model_type, ["text"]),
        "provider_url": facts.get("address") or None,
        "tasks": facts.get("tasks") or [],
        "tags": facts.get("tags") or [],
        **{name: [item.text for item in getattr(card, name)] for name in LISTS},
        "languages": facts.get("languages") or [],
        "datasets": facts.get("datasets") or [],
        "evaluations": facts.get("evaluations") or [],
        **{name: facts.get(name) for name in ("downloads", "likes")},
        "gated": facts.get("gated") or None,
        "papers": [_paper(paper) for paper in card.papers],
        **{name: _url(getattr(card, name)) for name in ADDRESSES},
        "model_tree": _tree(caller, model),
        "architecture": _architecture(version),
        "license": {"id": version.license_spdx or None, "type": version.license_class},
        "extraction_status": version.extraction_status or None,
        "missing": facts["missing"] if "missing" in facts else list(card.missing),
        "absent": list(card.absent),
        "problems": facts.get("problems") or [],
        "evidence": _evidence(card),
        "card_reading": card.reading.model_dump(mode="json") if card.reading else None,
    }


def _tree(caller: Caller, model: Model) -> dict[str, Any]:
    """Bases of the head, the nearest first, and what was made from the model, as far as it is here.

    `id` is null where a base is not in this yard, or not for this caller.
    """
    bases = sorted(bases_of_model(caller, model), key=lambda base: base.depth)
    return {
        "base_models": [
            {
                "uri": base.repo_id,
                "id": base.slug or None,
                "relation": base.relation or None,
                "depth": base.depth,
            }
            for base in bases
        ],
        "derived_models": [
            {
                "relation": derived.relation or None,
                "count": derived.count,
                "newest": [{"uri": one.repo_id, "id": one.slug} for one in derived.newest],
            }
            for derived in derived_models(caller, model)
        ],
    }


def _url(address: Address | None) -> str | None:
    return address.url if address else None


def _paper(paper: Paper) -> dict[str, str | None]:
    return {
        "title": paper.title or None,
        "url": paper.url or None,
        "arxiv_id": paper.arxiv or None,
        "doi": paper.doi or None,
    }


def _evidence(card: CardAnalysis) -> dict[str, list[dict[str, Any]]]:
    """Say of each value, in its order, who found it and where in README.md it stands."""
    told = {}
    for name in FIELDS:
        value = getattr(card, name)
        items = value if isinstance(value, tuple) else (value,) if value else ()
        told[name] = [{"by": item.by, **_place(item.evidence)} for item in items]
    return {name: items for name, items in told.items() if items}


def _place(evidence: Evidence | None) -> dict[str, Any]:
    if evidence is None:
        return {"section": None, "start": None, "end": None}
    return evidence.model_dump()


def _architecture(version: ModelVersion) -> dict[str, object] | None:
    """Null until the version was inspected."""
    if not version.config:
        return None
    config = load_config(version.model_type, version.config)
    return architecture_of(version.model_type, config)
