"""Keep with a version, in words, what is new in it."""

from __future__ import annotations

from catalog.policy.changes import FIRST, sentence
from catalog.selectors.changes import changes_between
from registry.models import ModelVersion
from registry.services.versions import record_changes


def note_changes(version: ModelVersion) -> None:
    """Write the version's `changes` from its difference to its parent; safe to do again."""
    parent = version.parent
    text = sentence(changes_between(parent, version)) if parent else FIRST
    if text != version.changes:
        record_changes(version=version, text=text)
