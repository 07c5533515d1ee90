"""A version as model information: the contract's names, filled from source, card and files."""

from __future__ import annotations

from typing import Any

from catalog.selectors.lineage import bases_of_model, derived_models
from registry.callers import Caller
from registry.configs import load_config
from registry.configs.answers import architecture_of
from registry.models import Model, ModelVersion

_TEXTS = ("github_url", "website_url", "logo_url")
_MODALITIES = {
    "vision-language": ["text", "image"],
    "image": ["image"],
    "audio": ["audio"],
    "video": ["video"],
    "layout": ["image", "text"],
    "ocr": ["image", "text"],
    "other": None,
}
_LISTS = ("tasks", "papers", "use_cases", "strengths", "limitations", "languages")


def model_info(caller: Caller, model: Model, version: ModelVersion) -> dict[str, Any]:
    """Give every field of the contract; what nobody said is null or empty, never invented."""
    facts = version.facts if isinstance(version.facts, dict) else {}
    return {
        "author": model.author,
        "description": model.description or facts.get("description") or "",
        "uri": f"{model.repo_id}@{version.commit}",
        "modality": facts.get("modality") or _MODALITIES.get(version.model_type, ["text"]),
        "provider_url": facts.get("address") or None,
        **{name: facts.get(name) for name in _TEXTS},
        **{name: facts.get(name) or [] for name in _LISTS},
        "tags": facts.get("tags") or [],
        "model_tree": _tree(caller, model),
        "architecture": _architecture(version),
        "license": {"id": version.license_spdx or None, "type": version.license_class},
        "extraction_status": version.extraction_status or None,
        "missing": facts.get("problems") or [],
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


def _architecture(version: ModelVersion) -> dict[str, object] | None:
    """Null until the version was inspected."""
    if not version.config:
        return None
    config = load_config(version.model_type, version.config)
    return architecture_of(version.model_type, config)
