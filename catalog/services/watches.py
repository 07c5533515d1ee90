"""Which models are looked after, by which rule, and who has read what happened."""

from __future__ import annotations

from django.conf import settings
from django.db import transaction
from django.utils import timezone

from catalog import upstreams
from catalog.enums import EventKind, Reach, UpdateRule
from catalog.models import ModelEvent, Watch
from catalog.sources.hf.watching import license_of
from core.errors import ConflictError, InvalidInputError
from registry import audit
from registry import enums as registry_enums
from registry.callers import Caller, check_steward
from registry.enums import Gate
from registry.models import Model, ModelVersion

_SCATTER = 2_654_435_761  # spreads neighbors: first looks are not all at once


def begin(version: ModelVersion) -> None:
    """Look after the model from its first decision on; what is decided is no news any more."""
    ModelEvent.objects.filter(
        model=version.model_id,
        kind=EventKind.NEW_VERSION,
        commit=version.commit,
        seen_at__isnull=True,
    ).update(seen_at=timezone.now(), seen_by="yard")
    if not upstreams.is_watched(version.model.source):
        return
    part = version.model_id * _SCATTER % 1000 / 1000
    Watch.objects.get_or_create(
        model_id=version.model_id,
        defaults={
            "next_check_at": timezone.now() + settings.MODEL_UPDATE_INTERVAL * max(part, 0.05),
            "last_commit": version.commit,
            "repo_id": version.model.repo_id,
            "reach": _reach(version),
            "gated": str(version.facts.get("gated") or ""),
            "license": license_of(version.facts.get("card") or {}),
        },
    )


def _reach(version: ModelVersion) -> str:
    """What the yard's own access saw when the version was brought: the source gate's answer."""
    gate = version.gates.filter(gate=Gate.SOURCE).first()
    reach = gate.evidence.get("reach") if gate else ""
    if reach == registry_enums.Reach.PRIVATE:
        return Reach.HIDDEN.value
    return Reach.PRIVATE.value if version.facts.get("private") is True else Reach.OPEN.value


def _locked(model: Model) -> Watch:
    watch = Watch.objects.select_for_update().filter(model=model).first()
    if watch is None:
        raise ConflictError(
            f"{model.repo_id} is not looked after: no version of it was decided yet, or its source"
            " has no news."
        )
    return watch


@transaction.atomic
def set_rule(*, caller: Caller, model: Model, rule: str, reason: str = "") -> Watch:
    """Say what happens with newer commits; looked at again soon where that starts something."""
    check_steward(caller)
    if rule not in UpdateRule.values:
        known = ", ".join(UpdateRule.values)
        raise InvalidInputError(f"There is no rule {rule!r}. Known: {known}.", field="rule")
    watch = _locked(model)
    before, watch.rule = watch.rule, rule
    if rule not in (before, UpdateRule.OFF):
        watch.next_check_at = min(watch.next_check_at, timezone.now())
    watch.save(update_fields=["rule", "next_check_at"])
    audit.record(
        actor=caller,
        action="model.update_rule",
        subject_type="model",
        subject=model.repo_id,
        reason=reason,
        details={"before": before, "after": rule},
    )
    return watch


@transaction.atomic
def check_soon(*, caller: Caller, model: Model) -> Watch:
    """Put the model at the head of those to look at; the rate of looks stays what it is."""
    check_steward(caller)
    watch = _locked(model)
    if watch.rule == UpdateRule.OFF:
        raise ConflictError("Nobody looks at this model: choose another rule first.")
    watch.next_check_at = min(watch.next_check_at, timezone.now())
    watch.save(update_fields=["next_check_at"])
    return watch


@transaction.atomic
def mark_seen(*, caller: Caller, event: ModelEvent) -> ModelEvent:
    """Take an event off the list of what needs somebody, for all who share that list."""
    check_steward(caller)
    event = ModelEvent.objects.select_for_update().select_related("model").get(pk=event.pk)
    if event.seen_at is None:
        event.seen_at, event.seen_by = timezone.now(), caller.name
        event.save(update_fields=["seen_at", "seen_by"])
    return event
