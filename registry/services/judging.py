"""Keep what lists filter by, memory and runtimes, in step with the head and with the rules."""

from __future__ import annotations

from typing import Any, Final

from django.db import transaction

from core.errors import InvalidInputError
from registry.configs import load_config
from registry.fit.listed import class_of, listed_needs
from registry.models import Model

# Raised when a rule of `registry.runtimes` or `registry.fit` changes: every model is judged again.
RULES: Final = 1
BATCH: Final = 500
_NOTHING: Final[dict[str, Any]] = {
    "memory_8k": None,
    "memory_32k": None,
    "memory_128k": None,
    "memory_class": "",
    "runtimes": [],
}
_COLUMNS: Final = (*_NOTHING, "judged_by")


def judgement_of(model_type: str, config: object) -> dict[str, Any]:
    """Return the columns that follow from a stored configuration; an invalid one tells nothing."""
    try:
        typed = load_config(model_type, config if isinstance(config, dict) else {})
    except InvalidInputError:
        return {**_NOTHING, "judged_by": RULES}
    needs = listed_needs(typed)
    return {
        **needs,
        "memory_class": class_of(needs["memory_8k"]),
        "runtimes": [one.runtime for one in typed.compatibilities() if one.compatible],
        "judged_by": RULES,
    }


@transaction.atomic
def judge_again() -> int:
    """Judge models that older rules judged, a batch of them; say how many they were.

    Who changes a model holds its row; such a model is left for the next time.
    """
    old = Model.objects.filter(judged_by__lt=RULES).select_for_update(
        skip_locked=True, of=("self",)
    )
    models = list(old.select_related("head").order_by()[:BATCH])
    for model in models:
        found = judgement_of(model.head.model_type, model.head.config) if model.head else {}
        for name, value in ({**_NOTHING, "judged_by": RULES} | found).items():
            setattr(model, name, value)
    Model.objects.bulk_update(models, _COLUMNS)
    return len(models)
