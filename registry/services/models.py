"""What curators change of a model itself."""

from __future__ import annotations

from django.db import transaction
from django.utils import timezone

from core.errors import TierNotPermittedError
from registry import audit
from registry.callers import Caller, check_curator
from registry.models import Model
from registry.services.curation import change_tier


@transaction.atomic
def change_model(
    *,
    caller: Caller,
    model: Model,
    tier: str | None = None,
    parameters: dict[str, object] | None = None,
    description: str | None = None,
    reason: str = "",
) -> Model:
    """Set what is given and leave the rest. A description given here outlives the next version."""
    check_curator(caller)
    if tier is not None and not caller.sees(tier):
        raise TierNotPermittedError(f"You may not give tier {tier}.", field="tier")
    if parameters is not None or description is not None:
        model = _change_words(caller, model, parameters, description, reason)
    if tier is not None and tier != model.tier:
        model = change_tier(caller=caller, model=model, tier=tier, reason=reason)
    return model


def _change_words(
    caller: Caller,
    model: Model,
    parameters: dict[str, object] | None,
    description: str | None,
    reason: str,
) -> Model:
    model = Model.objects.select_for_update().get(pk=model.pk)
    if parameters is not None:
        model.parameters = parameters
    if description is not None:
        model.description, model.description_by_curator = description, True
    model.updated_at = timezone.now()
    model.save(update_fields=["parameters", "description", "description_by_curator", "updated_at"])
    changed = {"parameters": parameters, "description": description}
    audit.record(
        actor=caller,
        action="model.change",
        subject_type="model",
        subject=model.repo_id,
        reason=reason,
        details={name: value for name, value in changed.items() if value is not None},
    )
    return model
