"""What is known from a model card: each part with the place in the card that says so."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Final, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from core.errors import InvalidInputError

KEY: Final = "analysis"  # among the facts of a version
RULES: Final = 2  # raised when the same card is read otherwise than before
MOST_ITEMS: Final = 12
MOST_PAPERS: Final = 20
LONGEST_ITEM: Final = 300
LONGEST_DESCRIPTION: Final = 600
LISTS: Final = ("use_cases", "strengths", "limitations")
ADDRESSES: Final = ("github_url", "website_url", "logo_url")
FIELDS: Final = ("description", *LISTS, "languages", "papers", *ADDRESSES)
By = Literal["card", "llm", "service"]
Url = Annotated[str, Field(max_length=600)]
# Texts that are cut end in ` …`, beyond the bound.
_Cut = 4


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Evidence(_Part):
    """Where a card says it: the nearest heading, and the characters [start, end) of README.md.

    They count in the text as the yard keeps it: decoded as UTF-8, without NUL.
    """

    section: Annotated[str, Field(max_length=200)]
    start: Annotated[int, Field(ge=0)]
    end: Annotated[int, Field(ge=0)]


class Item(_Part):
    """A sentence or list item of the card as plain text; `by` says who chose it."""

    text: Annotated[str, Field(min_length=1, max_length=LONGEST_ITEM + _Cut)]
    evidence: Evidence | None = None
    by: By = "card"


class Description(Item):
    text: Annotated[str, Field(min_length=1, max_length=LONGEST_DESCRIPTION + _Cut)]


class Paper(_Part):
    """A paper that the card names; at least one of its names is there."""

    arxiv: Annotated[str, Field(max_length=40)] = ""
    doi: Annotated[str, Field(max_length=200)] = ""
    title: Annotated[str, Field(max_length=LONGEST_ITEM + _Cut)] = ""
    url: Url = ""
    evidence: Evidence | None = None
    by: By = "card"


class Address(_Part):
    """An address that stands in the card."""

    url: Url
    evidence: Evidence | None = None
    by: By = "card"


class Reading(_Part):
    """How a language model was asked for what the rules had not found.

    `sought` are the fields that were missing then; `dropped` counts what it gave that the card does
    not say. `temperature` is None where the provider takes none.
    """

    provider: Annotated[str, Field(max_length=80)]
    model: Annotated[str, Field(max_length=200)]
    prompt: Annotated[str, Field(max_length=40)]
    sought: tuple[str, ...]
    temperature: float | None
    tokens_in: int
    tokens_out: int
    dropped: int
    at: datetime


class CardAnalysis(_Part):
    """All that is known from one card. `card` is the SHA-256 of the text that was read."""

    rules: int = 0  # 0: never read
    card: Annotated[str, Field(max_length=64)] = ""
    is_cut: bool = False
    description: Description | None = None
    use_cases: Annotated[tuple[Item, ...], Field(max_length=MOST_ITEMS)] = ()
    strengths: Annotated[tuple[Item, ...], Field(max_length=MOST_ITEMS)] = ()
    limitations: Annotated[tuple[Item, ...], Field(max_length=MOST_ITEMS)] = ()
    languages: tuple[Item, ...] = ()
    papers: Annotated[tuple[Paper, ...], Field(max_length=MOST_PAPERS)] = ()
    github_url: Address | None = None
    website_url: Address | None = None
    logo_url: Address | None = None
    absent: dict[str, Evidence] = Field(default_factory=dict)
    reading: Reading | None = None

    @property
    def missing(self) -> tuple[str, ...]:
        """The fields that are neither filled nor stated to be absent."""
        return tuple(name for name in FIELDS if not getattr(self, name) and name not in self.absent)


def with_reading_of(analysis: CardAnalysis, earlier: CardAnalysis) -> CardAnalysis:
    """Add what a language model found earlier in the same card and rules do not find now."""
    if earlier.reading is None or earlier.card != analysis.card:
        return analysis
    found = {name: getattr(earlier, name) for name in analysis.missing}
    kept = {name: value for name, value in found.items() if _is_by_model(value)}
    return analysis.model_copy(update={**kept, "reading": earlier.reading})


def _is_by_model(value: Item | Paper | Address | tuple[Item | Paper, ...] | None) -> bool:
    items = value if isinstance(value, tuple) else (value,)
    return any(item is not None and item.by == "llm" for item in items)


def read_analysis(facts: Mapping[str, object]) -> CardAnalysis:
    """Read the analysis back from a version's facts; one that was never made misses everything.

    Raises InvalidInputError where what is stored has another form.
    """
    stored = facts.get(KEY)
    if stored is None:
        return CardAnalysis()
    try:
        return CardAnalysis.model_validate(stored)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        field = ".".join(str(part) for part in first["loc"]) or "the whole"
        message = f"The stored analysis of the card is not valid: {field}: {first['msg']}"
        raise InvalidInputError(message, field=field) from error
