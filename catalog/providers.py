"""The configured language models: `core.llm` knows no settings, so this file hands it theirs."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from django.conf import settings

from catalog import upstreams
from core.health import Part
from core.http import HttpPolicy, origin_of
from core.llm import Provider

OPENAI_URL: Final = "https://api.openai.com/v1"
PERPLEXITY_URL: Final = "https://api.perplexity.ai"
OPENAI: Final = "openai"
PERPLEXITY: Final = "perplexity"
COMPATIBLE: Final = "compatible"
WITHOUT_KEY: Final = "none"
_PUBLIC: Final = frozenset({OPENAI_URL, PERPLEXITY_URL})
_MODELS: Final = {
    OPENAI: "gpt-4.1-mini",
    PERPLEXITY: "sonar",
    COMPATIBLE: "gpt-4.1-mini",  # many local servers take any name; LLM_MODEL gives the right one
}


def providers() -> tuple[Provider, ...]:
    """Give those that are configured in the order in which they are asked; () where none is.

    OpenAI, then Perplexity, then the service at OPENAI_BASE_URL. A service without a key of its own
    has OpenAI's: that key was then given for it and goes nowhere else.
    """
    base, key, own = (
        settings.OPENAI_BASE_URL,
        settings.OPENAI_API_KEY,
        settings.OPENAI_COMPATIBLE_API_KEY,
    )
    stands_in = bool(base and key and not own)
    found: list[tuple[str, str, str]] = []
    if key:
        found.append((OPENAI, base if stands_in else OPENAI_URL, key))
    if settings.PERPLEXITY_API_KEY:
        found.append((PERPLEXITY, settings.PERPLEXITY_BASE_URL, settings.PERPLEXITY_API_KEY))
    if base and not stands_in:
        found.append((COMPATIBLE, base, "" if own == WITHOUT_KEY else own))
    return tuple(
        Provider(
            slug=slug,
            base_url=url,
            model=_model_of(slug, is_first=place == 0),
            key=secret,
            limit_name="max_completion_tokens" if url == OPENAI_URL else "max_tokens",
        )
        for place, (slug, url, secret) in enumerate(found)
    )


def _model_of(slug: str, *, is_first: bool) -> str:
    """Choose the model that the setting names for a provider, else its default."""
    named = dict(word.split("=", 1) for word in settings.LLM_MODEL if "=" in word)
    plain = [word for word in settings.LLM_MODEL if "=" not in word]
    return named.get(slug) or (plain[0] if plain and is_first else _MODELS[slug])


def http_policy(asked: Sequence[Provider]) -> HttpPolicy:
    """What requests to these may reach: public addresses, and inside only what an operator named.

    No other request of the yard is allowed there by it. A request is sent once and follows no
    redirect, since it carries a card.
    """
    return replace(
        upstreams.http_policy(),
        allowed_origins=frozenset(map(origin_of, {one.base_url for one in asked} - _PUBLIC)),
        attempts=1,
        max_redirects=0,
        read_timeout=settings.LLM_TIMEOUT,
        longest_connection=settings.LLM_TIMEOUT,
    )


def provider_parts() -> list[Part]:
    """Say which are configured; none of them is asked, since that costs money."""
    found = providers()
    if not found:
        return [Part("card analysis", "idle", "by rules alone; no language model is configured")]
    names = ", ".join(f"{one.slug} ({one.model})" for one in found)
    return [Part("card analysis", "ok", names, {"providers": [one.slug for one in found]})]
