"""Keep what lists show of a model in step with its head version."""

from __future__ import annotations

from django.utils import timezone

from registry.enums import Admission, Gate, GateOutcome, Reach, Tier
from registry.models import SERVED, Model, ModelVersion
from registry.selectors.runtimes import runtime_facts
from registry.services.judging import judge
from registry.services.lineage import refresh_bases

_NUMBERS = ("num_params", "context_length")


def refresh_head(model: Model) -> Model:
    """Point the model at its newest admitted version (else its newest) and repeat its facts.

    A head that a curator keeps stays, even when it is held since: what they rolled back from must
    not come back by itself.
    """
    newest_first = model.versions.order_by("-number")
    admitted = newest_first.filter(admission=Admission.ADMITTED)
    head = model.kept_head or admitted.first() or newest_first.first()
    model.head = head
    model.updated_at = timezone.now()
    if head is not None:
        _copy_identity(model, head)
        _copy_facts(model, head)
        judge(model, runtime_facts())
        _assign_tier(model, head)
        _assign_privacy(model, head)
        refresh_bases(model, head)
    model.save()
    return model


def _copy_identity(model: Model, head: ModelVersion) -> None:
    taken = head.files.filter(SERVED).order_by("-size", "path")
    largest = taken.values_list("path", flat=True).first()
    model.head_number, model.head_commit = head.number, head.commit
    model.head_filename = largest or ""


def _copy_facts(model: Model, head: ModelVersion) -> None:
    for name in (
        "admission",
        "scan_verdict",
        "license_spdx",
        "license_class",
        "size_bytes",
        "model_type",
    ):
        setattr(model, name, getattr(head, name))
    config = head.config if isinstance(head.config, dict) else {}
    for name in _NUMBERS:
        value = config.get(name)
        setattr(model, name, value if isinstance(value, int) else None)
    model.family = str(config.get("family") or "")[:32]
    model.formats = _words(config.get("formats"), longest=24)
    model.languages = _words(head.facts.get("languages"), longest=16)
    if not model.description_by_curator:
        model.description = str(head.facts.get("description") or "")


def _words(found: object, *, longest: int) -> list[str]:
    """Take each word once: a model counts once for each."""
    words = found if isinstance(found, list) else []
    return list(dict.fromkeys(str(word)[:longest] for word in words if word))


def _assign_privacy(model: Model, head: ModelVersion) -> None:
    """A model that its source hides is hidden here too, until a version of it is admitted."""
    if head.admission == Admission.ADMITTED:
        model.is_private = False
    elif answer := head.gates.filter(gate=Gate.SOURCE).first():
        passed = answer.outcome == GateOutcome.PASSED
        model.is_private = not passed and answer.evidence.get("reach") == Reach.PRIVATE


def _assign_tier(model: Model, head: ModelVersion) -> None:
    """Policy gives the lowest tier that may have the head, never one below the model's floor.

    It gives the highest while none may.
    """
    if not model.tier_by_curator:
        allowed = Tier(head.lowest_tier) if head.lowest_tier else Tier.PROFESSIONAL
        model.tier = Tier.highest(allowed, model.tier_floor)
