"""Ranges of a number that models are counted by: few, with round bounds, one for "not known"."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from django.db.models import Case, Q, Value, When

UNKNOWN: Final = "unknown"


@dataclass(frozen=True, slots=True)
class Bucket:
    """Numbers from `low` (included) up to `high` (not included); None: no bound."""

    name: str
    label: str
    low: int | None
    high: int | None

    def condition(self, column: str) -> Q:
        """Select the rows whose column lies in it; bounds alone, so that an index can answer."""
        low = Q(**{f"{column}__gte": self.low}) if self.low is not None else Q()
        return low & Q(**{f"{column}__lt": self.high}) if self.high is not None else low


@dataclass(frozen=True, slots=True)
class Buckets:
    """The buckets of one column, from the smallest to the largest."""

    column: str
    ranges: tuple[Bucket, ...]

    def names(self) -> tuple[str, ...]:
        return (*(one.name for one in self.ranges), UNKNOWN)

    def label(self, name: str) -> str:
        return next((one.label for one in self.ranges if one.name == name), "not known")

    def condition(self, names: tuple[str, ...]) -> Q:
        """Select the rows that lie in any of these buckets."""
        chosen = Q(**{f"{self.column}__isnull": True}) if UNKNOWN in names else Q()
        for one in self.ranges:
            if one.name in names:
                chosen |= one.condition(self.column)
        return chosen

    def expression(self) -> Case:
        """Name the bucket of a row, for a generated column."""
        cases = [When(one.condition(self.column), then=Value(one.name)) for one in self.ranges]
        return Case(
            When(Q(**{f"{self.column}__isnull": True}), then=Value(UNKNOWN)),
            *cases,
            default=Value(UNKNOWN),
        )


_BILLION: Final = 10**9

PARAMS: Final = Buckets(
    "num_params",
    (
        Bucket("under-1b", "under 1 billion", None, _BILLION),
        Bucket("1b-4b", "1 to 4 billion", _BILLION, 4 * _BILLION),
        Bucket("4b-10b", "4 to 10 billion", 4 * _BILLION, 10 * _BILLION),
        Bucket("10b-40b", "10 to 40 billion", 10 * _BILLION, 40 * _BILLION),
        Bucket("40b-100b", "40 to 100 billion", 40 * _BILLION, 100 * _BILLION),
        Bucket("from-100b", "100 billion and more", 100 * _BILLION, None),
    ),
)
# Round in tens, so that 128 000 and 131 072 are in one.
CONTEXTS: Final = Buckets(
    "context_length",
    (
        Bucket("under-8k", "under 8k tokens", None, 8_000),
        Bucket("8k-32k", "8k to 32k tokens", 8_000, 32_000),
        Bucket("32k-128k", "32k to 128k tokens", 32_000, 128_000),
        Bucket("128k-1m", "128k to 1 million", 128_000, 1_000_000),
        Bucket("from-1m", "1 million and more", 1_000_000, None),
    ),
)
