"""Keep lists that were collected elsewhere; what rests on them is judged again."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from typing import Final

from django.db import transaction

from core.errors import InvalidInputError
from registry import audit
from registry.callers import Caller
from registry.enums import CollectedName
from registry.models import CollectedList

MOST_ITEMS: Final = 5000
_ITEM: Final = re.compile(r"[A-Za-z_][A-Za-z0-9_.-]{0,199}")
_LONGEST_SOURCE: Final = 400


@transaction.atomic
def record_collected(
    *,
    name: CollectedName,
    items: Iterable[str],
    source: str,
    collected_at: datetime,
    caller: Caller | str,
) -> CollectedList:
    """Put a list in the place of the one before.

    Models are judged again where what is on it changed. An empty list is refused: it is what a page
    gives that was not understood, and not what a runtime supports.
    """
    wanted = _checked_items(items)
    if not source.isprintable() or not 0 < len(source) <= _LONGEST_SOURCE:
        raise InvalidInputError(f"The source is a text of at most {_LONGEST_SOURCE} characters")
    told = {"items": wanted, "source": source, "collected_at": collected_at}
    rows = CollectedList.objects.select_for_update()
    row, is_new = rows.get_or_create(name=name, defaults=told)
    before: set[str] = set() if is_new else set(row.items)
    if not is_new:
        row.generation += before != set(wanted)
        row.items, row.source, row.collected_at = wanted, source, collected_at
        row.save()
    audit.record(
        actor=caller,
        action="collected.record",
        subject_type="collected",
        subject=row.name,
        details={
            "source": source,
            "items": len(wanted),
            "added": len(set(wanted) - before),
            "removed": len(before - set(wanted)),
        },
    )
    return row


def _checked_items(items: Iterable[str]) -> list[str]:
    wanted: set[str] = set()
    for item in items:
        if not _ITEM.fullmatch(item):
            raise InvalidInputError(f"{item[:80]!r} is no name: letters, digits, `_`, `.` and `-`")
        wanted.add(item)
        if len(wanted) > MOST_ITEMS:
            raise InvalidInputError(f"The list has more than {MOST_ITEMS} names")
    if not wanted:
        raise InvalidInputError("The list is empty")
    return sorted(wanted)
