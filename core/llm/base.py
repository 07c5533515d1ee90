"""What is asked of whom, within which bounds, and what comes back."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")
_BYTES_OF_A_TOKEN = 3  # fewer than of English, as many as of a Chinese sign: never too few tokens


@dataclass(frozen=True, slots=True)
class Provider:
    """A service that speaks OpenAI's protocol of chat completions.

    `limit_name` is how it calls the most tokens of an answer.
    """

    slug: str
    base_url: str
    model: str
    key: str = field(default="", repr=False)
    limit_name: str = "max_tokens"


@dataclass(frozen=True, slots=True)
class Question:
    """One request: what we say, what others said, the form of the answer, its most tokens.

    `material` is text that nobody vouches for; it travels as a message of its own.
    """

    instructions: str
    material: str
    schema: Mapping[str, object]
    name: str
    max_tokens: int

    @property
    def tokens(self) -> int:
        """What it costs at most, answer included."""
        return estimated_tokens(self.instructions + self.material) + self.max_tokens


@dataclass(frozen=True, slots=True)
class Answer(Generic[T]):
    """What was accepted, and from whom; `temperature` is None where the provider takes none."""

    value: T
    provider: str
    model: str
    tokens_in: int
    tokens_out: int
    temperature: float | None


@dataclass(slots=True)
class Allowance:
    """How many requests and tokens are left; tokens nobody counted are counted as estimated."""

    attempts: int
    tokens: int
    spent: int = 0

    def allows(self, tokens: int) -> bool:
        return self.attempts > 0 and self.spent + tokens <= self.tokens


def estimated_tokens(text: str) -> int:
    """Return a number of tokens that a text does not exceed with any usual tokenizer."""
    return len(text.encode("utf-8", "replace")) // _BYTES_OF_A_TOKEN + 1
