"""Keep what lists filter by and rules tell in step with head and rules."""

from __future__ import annotations

from typing import Any, Final

from django.db import transaction
from django.db.models import QuerySet

from core.errors import InvalidInputError
from registry.configs import load_config
from registry.configs.base import CATEGORIES
from registry.fit.listed import class_of, listed_needs
from registry.hub_tags import hub_tags, likes, pipeline_tag
from registry.models import Model
from registry.runtimes import RuntimeFacts
from registry.selectors.runtimes import runtime_facts

# Raised when a rule of `registry.runtimes`, `registry.fit`, `categories()` or `Quantization.label`
# or of `registry.hub_tags` changes: every model is judged again.
RULES: Final = 5
BATCH: Final = 500
_NOTHING: Final[dict[str, Any]] = {
    "memory_8k": None,
    "memory_32k": None,
    "memory_128k": None,
    "memory_class": "",
    "runtimes": [],
    "quantization": "",
    "categories": [],
}
_COLUMNS: Final = (*_NOTHING, "hub_tags", "pipeline_tag", "likes", "judged_by")


def judgement_of(model_type: str, config: object, facts: RuntimeFacts) -> dict[str, Any]:
    """Return the columns that follow from a stored configuration; an invalid one tells nothing."""
    judged = {"judged_by": judged_by(facts)}
    try:
        typed = load_config(model_type, config if isinstance(config, dict) else {})
    except InvalidInputError:
        return {**_NOTHING, **judged}
    needs = listed_needs(typed)
    return {
        **needs,
        "memory_class": class_of(needs["memory_8k"]),
        "runtimes": [one.runtime for one in typed.compatibilities(facts) if one.compatible],
        "categories": [one for one in CATEGORIES if one in typed.categories()],
        "quantization": typed.quantization.label[:32] if typed.quantization else "",
        **judged,
    }


def judged_by(facts: RuntimeFacts) -> int:
    """Number what models are judged by: it rises with the rules and with what was collected."""
    return RULES + facts.generation


def judge(model: Model, facts: RuntimeFacts) -> None:
    """Set what follows from the model's head, and the categories that curators gave it.

    The caller saves it. A model without a head, or with an invalid configuration, is in no
    category but theirs.
    """
    head = model.head
    found = judgement_of(head.model_type, head.config, facts) if head else {}
    for name, value in ({**_NOTHING, "judged_by": judged_by(facts)} | found).items():
        setattr(model, name, value)
    given = {row.name for row in model.capabilities.all()} if model.pk else set()
    model.categories = [one for one in CATEGORIES if one in given or one in model.categories]
    _tag(model)


def _tag(model: Model) -> None:
    """Repeat tags and likes of head and curators where the Hub protocol looks for them."""
    facts = model.head.facts if model.head and isinstance(model.head.facts, dict) else {}
    own = sorted(tag.name for tag in model.tags.all()) if model.pk else []
    model.pipeline_tag, model.likes = pipeline_tag(facts), likes(facts) or 0
    model.hub_tags = hub_tags(facts, spdx=model.license_spdx, languages=model.languages, own=own)


@transaction.atomic
def judge_anew(model: Model) -> None:
    """Bring the columns of one model up to date, after its capabilities or tags changed."""
    model = Model.objects.select_for_update(of=("self",)).select_related("head").get(pk=model.pk)
    judge(model, runtime_facts())
    model.save(update_fields=_COLUMNS)


def judge_later(models: QuerySet[Model]) -> None:
    """Let the next run of `judge_again` take these models: there may be any number of them."""
    models.update(judged_by=0)


@transaction.atomic
def judge_again() -> int:
    """Judge models that older rules or lists judged, a batch of them; say how many they were.

    Who changes a model holds its row; such a model is left for the next time.
    """
    facts = runtime_facts()
    old = Model.objects.filter(judged_by__lt=judged_by(facts)).select_for_update(
        skip_locked=True, of=("self",)
    )
    known = old.select_related("head").prefetch_related("capabilities", "tags")
    models = list(known.order_by()[:BATCH])
    for model in models:
        judge(model, facts)
    Model.objects.bulk_update(models, _COLUMNS)
    return len(models)
