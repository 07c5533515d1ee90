"""Counts beside the filters, made of what the caller may see and of nothing else."""

from __future__ import annotations

from dataclasses import replace

from catalog.selectors.facets.named import FACETS, NARROW, SETS, Count, Facets
from catalog.selectors.facets.pairs import covered, from_pairs
from catalog.selectors.facets.sums import by_counting, from_combinations
from catalog.selectors.filters import ModelFilter
from registry.callers import Caller

__all__ = ["FACETS", "Count", "Facets", "facets_for"]


def facets_for(caller: Caller, chosen: ModelFilter) -> Facets:
    """Count exactly what kept counts answer, and the rest over at most CAP models."""
    if not caller.tiers:
        return Facets(Count(0), {name: {} for name in FACETS}, None)
    narrowing = [name for name in chosen.used if name != "tier"]
    if len(narrowing) <= 1 and all(_kept_in_pairs(chosen, name) for name in narrowing):
        kept = from_pairs(caller, chosen, narrowing)
        known = covered(narrowing)
    elif set(narrowing) <= set(NARROW):
        kept = from_combinations(caller, chosen)
        known = tuple(kept.values)
    else:
        return by_counting(caller, chosen, FACETS)
    missing = [name for name in FACETS if name not in known]
    if not missing:
        return kept
    counted = by_counting(caller, chosen, missing)
    return replace(kept, values=kept.values | counted.values)


def _kept_in_pairs(chosen: ModelFilter, name: str) -> bool:
    """A model with two of the chosen values must not count twice; a device is no stored value."""
    return (
        name in FACETS and name != "fits" and (name not in SETS or len(getattr(chosen, name)) == 1)
    )
