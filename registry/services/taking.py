"""Take files into a pinned version that were left out of it: asked for, brought, then part of it.

Until the decision that follows, nothing of them is served and the version counts without them.
"""

from __future__ import annotations

from collections.abc import Iterable

from django.db import transaction

from registry import audit
from registry.callers import Caller
from registry.models import TAKEN, ModelVersion
from registry.services.holding import count_served


def ask_for(version: ModelVersion, paths: Iterable[str]) -> int:
    """Let files that are left out come in; say how many were not on their way yet."""
    waiting = version.files.exclude(TAKEN).filter(is_coming=False, path__in=list(paths))
    return waiting.update(is_coming=True)


@transaction.atomic
def take_in(version: ModelVersion, *, actor: Caller | str = "yard") -> int:
    """Make files that have come part of the version; say how many.

    One whose bytes did not come is left out as before. Call it in the transaction that decides.
    """
    version.files.filter(is_coming=True, content__isnull=True).update(is_coming=False)
    count = version.files.filter(is_coming=True).update(is_coming=False, left_out="")
    if not count:
        return 0
    count_served(version)
    audit.record(
        actor=actor,
        action="version.take_in",
        subject_type="version",
        subject=str(version),
        details={"files": count, "file_count": version.file_count},
    )
    return count


def put_back(version: ModelVersion) -> int:
    """Leave out again what was on its way: its job ended without a decision. Say how many."""
    return version.files.filter(is_coming=True).update(is_coming=False, content=None)
