"""Labels of a model that chooses among some."""

from __future__ import annotations

from itertools import islice
from typing import Final

from catalog.inspectors.base import JsonObject, as_count, as_object, as_text

MOST_LABELS: Final = 200
_MOST_SORTED: Final = 10_000
_LONGEST_NUMBER: Final = 9
Labels = tuple[str, ...]
Named = dict[object, object]


def labels_of(config: JsonObject) -> tuple[Labels, int | None]:
    """Return the first labels in the order of their numbers, and how many there are.

    `id2label` says it, or else `label2id`, or else no names and `num_labels`. Of very many whose
    numbers do not begin with 0, 1, 2 ... only the number is told.
    """
    found = config.get("id2label")
    pairs = enumerate(found) if isinstance(found, list) else as_object(found).items()
    named: Named = dict(pairs)
    if row := _in_a_row(named):
        return _texts(row), len(named)
    if len(named) > _MOST_SORTED:
        return (), len(named)
    first = _sorted(named) or _sorted(_turned(config.get("label2id")))
    return _texts(first), len(first) or as_count(config.get("num_labels"))


def _texts(labels: list[object]) -> Labels:
    return tuple(as_text(label) for label in labels[:MOST_LABELS])


def _in_a_row(named: Named) -> list[object]:
    """The labels 0, 1, 2 ... looked up by their numbers, however many there are."""
    keys = range(min(len(named), MOST_LABELS))
    found = [named.get(str(n), named.get(n)) for n in keys]
    return [] if None in found else found


def _sorted(named: Named) -> list[object]:
    pairs = [(n, label) for key, label in named.items() if (n := _number(key)) is not None]
    return [label for _, label in sorted(pairs, key=lambda pair: pair[0])]


def _turned(found: object) -> Named:
    pairs = islice(as_object(found).items(), _MOST_SORTED)
    return {number: label for label, number in pairs if isinstance(number, int | str)}


def _number(value: object) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdecimal():
        return int(value) if len(value) <= _LONGEST_NUMBER else None
    return value if isinstance(value, int) and not isinstance(value, bool) else None
