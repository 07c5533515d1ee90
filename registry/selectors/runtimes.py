"""What was collected about runtimes, as the rules take it."""

from __future__ import annotations

from registry.enums import CollectedName
from registry.models import CollectedList
from registry.runtimes import NOTHING_COLLECTED, Collected, RuntimeFacts


def runtime_facts() -> RuntimeFacts:
    """Give the lists that were collected; one query."""
    rows = {row.name: row for row in CollectedList.objects.all()}
    if not rows:
        return NOTHING_COLLECTED
    listed = rows.get(CollectedName.VLLM_ARCHITECTURES)
    return RuntimeFacts(
        vllm_architectures=_collected(listed) if listed else None,
        generation=sum(row.generation for row in rows.values()),
    )


def _collected(row: CollectedList) -> Collected:
    return Collected(frozenset(row.items), row.source, row.collected_at.date())
