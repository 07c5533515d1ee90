"""A version as model information: the contract's names, filled from source, card and files."""

from __future__ import annotations

from typing import Any

from catalog.cards import FIELDS, CardAnalysis, read_analysis
from catalog.cards.analysis import ADDRESSES, LISTS, Address, Evidence, Paper
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


def model_info(model: Model, version: ModelVersion) -> dict[str, Any]:
    """Give every field of the contract; what nobody said is null or empty, never invented."""
    facts = version.facts if isinstance(version.facts, dict) else {}
    card = read_analysis(facts)
    return {
        "author": model.author,
        "description": model.description or facts.get("description") or "",
        "uri": f"{model.repo_id}@{version.commit}",
        "modality": _MODALITIES.get(version.model_type, ["text"]),
        "provider_url": facts.get("address") or None,
        "tasks": facts.get("tasks") or [],
        "tags": facts.get("tags") or [],
        **{name: [item.text for item in getattr(card, name)] for name in LISTS},
        "languages": facts.get("languages") or [],
        "papers": [_paper(paper) for paper in card.papers],
        **{name: _url(getattr(card, name)) for name in ADDRESSES},
        "model_tree": {"base_models": facts.get("base_models") or []},
        "architecture": _architecture(version),
        "license": {"id": version.license_spdx or None, "type": version.license_class},
        "extraction_status": version.extraction_status or None,
        "missing": list(card.missing),
        "absent": list(card.absent),
        "problems": facts.get("problems") or [],
        "evidence": _evidence(card),
        "card_reading": card.reading.model_dump(mode="json") if card.reading else None,
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
