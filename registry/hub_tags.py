"""By what the Hub protocol finds and sorts a model, from what is known of its head."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any, Final

_LONGEST: Final = 200  # a longer one is not kept in part: that would be another tag
_LONGEST_TASK: Final = 64
_MOST_LIKES: Final = 2**63 - 1  # that a column holds


def hub_tags(
    facts: Mapping[str, Any], *, spdx: str, languages: Iterable[str], own: Iterable[str]
) -> list[str]:
    """What the source says, then its library, task, license and languages, then our own words."""
    told = [*_texts(facts.get("source_tags")), *_texts([facts.get("library_name")])]
    told += [pipeline_tag(facts), *languages, *own]
    if spdx and " " not in spdx:  # of an expression the parts alone are tags, and the source's
        told.append(f"license:{spdx.lower()}")
    return [tag for tag in dict.fromkeys(told) if tag and len(tag) <= _LONGEST]


def pipeline_tag(facts: Mapping[str, Any]) -> str:
    """The task that the source names; '' for what is no name of one."""
    told = facts.get("pipeline_tag")
    return told if isinstance(told, str) and len(told) <= _LONGEST_TASK else ""


def likes(facts: Mapping[str, Any]) -> int | None:
    """How many like it at its source, as that said when the version was pinned; None for unsaid."""
    told = facts.get("likes")
    return told if type(told) is int and 0 <= told <= _MOST_LIKES else None


def _texts(told: object) -> list[str]:
    return [tag for tag in told if isinstance(tag, str)] if isinstance(told, list) else []
