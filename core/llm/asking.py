"""Ask one provider after the other, until one answers in the form that was asked for."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TypeVar

import structlog

from core.errors import InvalidInputError, LlmRefusedError, LlmUnavailableError
from core.http import HttpPolicy
from core.llm.base import Allowance, Answer, Provider, Question
from core.llm.chat import Failed, Options, Reply, complete

log = structlog.get_logger(__name__)
T = TypeVar("T")


@dataclass(slots=True)
class _Trouble:
    """What went wrong with each provider, in the order they were asked."""

    found: list[tuple[str, Failed]] = field(default_factory=list)

    def error(self) -> LlmUnavailableError | LlmRefusedError:
        """Say all of it; another try may help as soon as it may with one of them."""
        words = "; ".join(f"{slug} {failed.reason}" for slug, failed in self.found)
        passing = [failed for _, failed in self.found if failed.may_pass]
        if not passing:
            return LlmRefusedError(f"No provider gave an answer: {words or 'none was asked'}.")
        waits = [failed.retry_after for failed in passing]
        known = [wait for wait in waits if wait is not None]
        details = {"retry_after": min(known)} if len(known) == len(waits) else {}
        return LlmUnavailableError(f"No provider gave an answer: {words}.", **details)


def ask(
    providers: Sequence[Provider],
    question: Question,
    *,
    http: HttpPolicy,
    allowance: Allowance,
    accept: Callable[[object], T],
) -> Answer[T]:
    """Return the first answer that `accept` takes; it raises InvalidInputError for any other.

    The next provider is asked on an error, a time-out, a limit or an answer that is none. Raises
    LlmUnavailableError when another try may help, else LlmRefusedError.
    """
    trouble = _Trouble()
    for provider in providers:
        try:
            return _ask_one(provider, question, http=http, allowance=allowance, accept=accept)
        except Failed as failed:
            log.info("llm_failed", provider=provider.slug, reason=failed.reason)
            trouble.found.append((provider.slug, failed))
    raise trouble.error()


def _ask_one(
    provider: Provider,
    question: Question,
    *,
    http: HttpPolicy,
    allowance: Allowance,
    accept: Callable[[object], T],
) -> Answer[T]:
    """Ask one provider; a setting that it does not take is left out and it is asked again."""
    options: Options | None = Options(provider.limit_name)
    while options is not None:
        try:
            reply = _spend(provider, question, options, http=http, allowance=allowance)
        except Failed as failed:
            options = options.without(failed.param) if failed.param else None
            if options is None:
                raise
            continue
        return Answer(
            value=_accepted(reply.text, accept),
            provider=provider.slug,
            model=reply.model[:200],
            tokens_in=reply.tokens_in or 0,
            tokens_out=reply.tokens_out or 0,
            temperature=options.temperature,
        )
    raise Failed("takes no form of the request")


def _spend(
    provider: Provider,
    question: Question,
    options: Options,
    *,
    http: HttpPolicy,
    allowance: Allowance,
) -> Reply:
    if not allowance.allows(question.tokens):
        raise Failed("was not asked: the requests or tokens of this run are used up")
    allowance.attempts -= 1
    try:
        reply = complete(provider, question, options, http)
    except Failed as failed:
        allowance.spent += 0 if failed.was_free else question.tokens
        raise
    told = reply.tokens_in is not None and reply.tokens_out is not None
    used = (reply.tokens_in or 0) + (reply.tokens_out or 0)
    allowance.spent += used if told else question.tokens
    return reply


def _accepted(text: str, accept: Callable[[object], T]) -> T:
    try:
        return accept(_json_in(text))
    except InvalidInputError as error:
        raise Failed(f"answers in another form than asked for ({error.message})") from None


def _json_in(text: str) -> object:
    """Read the JSON of an answer, also out of a code fence or from behind some words."""
    text = text.rpartition("</think>")[2].strip()
    start, end = text.find("{"), text.rfind("}")
    for candidate in (text, text[start : end + 1] if 0 <= start < end else ""):
        try:
            found: object = json.loads(candidate)
        except (ValueError, RecursionError):
            continue
        return found
    raise InvalidInputError("it is no JSON")
