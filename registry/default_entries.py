"""The models that a new yard lists from the start. Nothing of them is fetched or vouched for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from registry import audit
from registry.enums import ModelType, Tier
from registry.models import AuditEvent, Model

LISTED = "model.list"  # the audit event that says: this entry was installed once
NOT_YET = (
    "Listed, not imported yet: nothing was fetched or inspected. Import {} to have it decided."
)


@dataclass(frozen=True, slots=True)
class Entry:
    """What is told of a model before anybody looked: an import overwrites it."""

    slug: str
    repo_id: str
    model_type: ModelType
    tier: Tier
    size_bytes: int
    filename: str = ""
    parameters: Mapping[str, int] = field(default_factory=dict)


ENTRIES = (
    Entry(
        slug="llama-3-8b",
        repo_id="TheBloke/Llama-3-8B-GGUF",
        model_type=ModelType.LLM,
        tier=Tier.PROFESSIONAL,
        size_bytes=4_000_000_000,
        filename="llama-3-8b.Q4_K_M.gguf",
        parameters={"context_length": 4096, "batch_size": 512},
    ),
    Entry(
        slug="phi-4-multimodal",
        repo_id="microsoft/Phi-4-Multimodal-GGUF",
        model_type=ModelType.LLM,
        tier=Tier.STANDARD,
        size_bytes=2_000_000_000,
    ),
    Entry(
        slug="layoutlmv3",
        repo_id="microsoft/layoutlmv3-base",
        model_type=ModelType.LAYOUT,
        tier=Tier.LITE,
        size_bytes=500_000_000,
    ),
)


def seed_entries() -> None:
    """List the default models, each once in the life of a yard: what was removed stays away."""
    if settings.DEFAULT_ENTRIES:
        for entry in ENTRIES:
            _install(entry)


@transaction.atomic
def _install(entry: Entry) -> None:
    if AuditEvent.objects.filter(subject=entry.repo_id, action=LISTED).exists():
        return
    here = Q(slug=entry.slug) | Q(source="huggingface", repo_id=entry.repo_id)
    if Model.objects.filter(here).exists():
        return  # somebody was first; what they made is theirs
    author, _, name = entry.repo_id.rpartition("/")
    Model.objects.create(
        slug=entry.slug,
        source="huggingface",
        repo_id=entry.repo_id,
        name=name,
        author=author,
        description=NOT_YET.format(entry.repo_id),
        model_type=entry.model_type,
        tier=entry.tier,
        tier_floor=entry.tier,
        size_bytes=entry.size_bytes,
        head_filename=entry.filename,
        parameters=dict(entry.parameters),
        updated_at=timezone.now(),
    )
    audit.record(actor="yard", action=LISTED, subject_type="model", subject=entry.repo_id)
