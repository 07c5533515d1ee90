"""The model tree on the model page: bases above, the model, what was made from it below."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.urls import reverse

from catalog.selectors.lineage import Base, Derived, bases_of_model, derived_models
from registry.callers import Caller
from registry.enums import Relation
from registry.models import Model

_MADE_FROM: dict[str, str] = {
    Relation.FINETUNE: "fine-tuned from",
    Relation.ADAPTER: "adapter for",
    Relation.QUANTIZED: "quantized from",
    Relation.MERGE: "merged from",
}
_MADE_INTO: dict[str, str] = {
    Relation.FINETUNE: "Fine-tuned from it",
    Relation.ADAPTER: "Adapters for it",
    Relation.QUANTIZED: "Quantized from it",
    Relation.MERGE: "Merged from it and others",
}


def tree_context(caller: Caller, model: Model) -> dict[str, Any]:
    """Give `tree`: {bases, derived}; None where neither is known."""
    bases, derived = bases_of_model(caller, model), derived_models(caller, model)
    if not bases and not derived:
        return {"tree": None}
    return {"tree": {"bases": _nested(bases), "derived": [_group(model, d) for d in derived]}}


def _nested(bases: list[Base]) -> list[dict[str, Any]]:
    """Put each base below what was made from it; `bases` come in the order of the tree."""
    top: list[dict[str, Any]] = []
    levels = [top]
    for base in bases:
        row = _base_row(base)
        levels[base.depth - 1].append(row)
        levels[base.depth :] = [row["bases"]]
    return top


def _base_row(base: Base) -> dict[str, Any]:
    return {
        "repo_id": base.repo_id,
        "words": _MADE_FROM.get(base.relation, "made from"),
        "url": reverse("catalog:model", args=[base.slug]) if base.slug else "",
        "bases": [],
        "is_circle": base.is_circle,
    }


def _group(model: Model, derived: Derived) -> dict[str, Any]:
    return {
        "title": _MADE_INTO.get(derived.relation, "Made from it"),
        "count": derived.count,
        "models": derived.newest,
        "more": derived.count - len(derived.newest),
        "url": f"{reverse('catalog:models')}?{urlencode({'base': model.repo_id})}",
    }
