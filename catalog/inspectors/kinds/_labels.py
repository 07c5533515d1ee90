"""Labels of a model that chooses among some."""

from __future__ import annotations

from heapq import nsmallest
from typing import Final

from catalog.inspectors.base import JsonObject, as_count, as_object, as_text

MOST_LABELS: Final = 200
_LONGEST_NUMBER: Final = 9
Labels = tuple[str, ...]


def labels_of(config: JsonObject) -> tuple[Labels, int | None]:
    """Return the first labels in the order of their numbers, and how many there are.

    `id2label` says it, or else `label2id`, or else no names and `num_labels`.
    """
    named = _numbered(config.get("id2label")) or _turned(config.get("label2id"))
    if not named:
        return (), as_count(config.get("num_labels"))
    first = nsmallest(MOST_LABELS, named, key=lambda pair: pair[0])
    return tuple(as_text(label) for _, label in first), len(named)


def _numbered(found: object) -> list[tuple[int, object]]:
    if isinstance(found, list):
        return list(enumerate(found))
    pairs = ((_number(key), label) for key, label in as_object(found).items())
    return [(number, label) for number, label in pairs if number is not None]


def _turned(found: object) -> list[tuple[int, object]]:
    pairs = ((_number(value), label) for label, value in as_object(found).items())
    return [(number, label) for number, label in pairs if number is not None]


def _number(value: object) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdecimal():
        return int(value) if len(value) <= _LONGEST_NUMBER else None
    return value if isinstance(value, int) and not isinstance(value, bool) else None
