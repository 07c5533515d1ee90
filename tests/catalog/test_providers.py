"""Which language models are asked, in which order, and how far requests to them reach."""

from __future__ import annotations

import pytest

from catalog.providers import http_policy, provider_parts, providers

LOCAL = "http://127.0.0.1:8000/v1"
NOTHING = {
    "OPENAI_API_KEY": "",
    "OPENAI_BASE_URL": "",
    "OPENAI_COMPATIBLE_API_KEY": "",
    "PERPLEXITY_API_KEY": "",
    "PERPLEXITY_BASE_URL": "https://api.perplexity.ai",
    "LLM_MODEL": (),
}
OPENAI = ("openai", "https://api.openai.com/v1", "gpt-4.1-mini", "k")
EACH = {
    "OPENAI_API_KEY": "k",
    "PERPLEXITY_API_KEY": "p",
    "OPENAI_BASE_URL": LOCAL,
    "OPENAI_COMPATIBLE_API_KEY": "c",
}
PERPLEXITY = ("perplexity", "https://api.perplexity.ai", "sonar", "p")


@pytest.fixture
def configure(settings):
    def configure(**given):
        for name, value in {**NOTHING, **given}.items():
            setattr(settings, name, value)

    return configure


@pytest.mark.parametrize(
    ("given", "found"),
    [
        ({}, []),
        ({"OPENAI_API_KEY": "k"}, [OPENAI]),
        ({"PERPLEXITY_API_KEY": "p"}, [PERPLEXITY]),
        ({"OPENAI_API_KEY": "k", "PERPLEXITY_API_KEY": "p"}, [OPENAI, PERPLEXITY]),
        ({"OPENAI_API_KEY": "k", "OPENAI_BASE_URL": LOCAL}, [("openai", LOCAL, OPENAI[2], "k")]),
        ({"OPENAI_BASE_URL": LOCAL}, [("compatible", LOCAL, OPENAI[2], "")]),
        (
            {"OPENAI_BASE_URL": LOCAL, "PERPLEXITY_API_KEY": "p"},
            [PERPLEXITY, ("compatible", LOCAL, OPENAI[2], "")],
        ),
        (EACH, [OPENAI, PERPLEXITY, ("compatible", LOCAL, OPENAI[2], "c")]),
        (
            {**EACH, "OPENAI_COMPATIBLE_API_KEY": "none"},
            [OPENAI, PERPLEXITY, ("compatible", LOCAL, OPENAI[2], "")],
        ),
    ],
)
def test_providers_are_asked_in_this_order(configure, given, found):
    configure(**given)
    assert [(one.slug, one.base_url, one.model, one.key) for one in providers()] == found


@pytest.mark.parametrize(
    ("words", "models"),
    [
        ((), ["gpt-4.1-mini", "sonar"]),
        (("llama3.2:3b",), ["llama3.2:3b", "sonar"]),
        (("openai=a", "perplexity=b"), ["a", "b"]),
        (("a", "perplexity=b"), ["a", "b"]),
        (("perplexity=b",), ["gpt-4.1-mini", "b"]),
    ],
)
def test_the_setting_names_models_for_one_provider_or_each(configure, words, models):
    configure(OPENAI_API_KEY="k", PERPLEXITY_API_KEY="p", LLM_MODEL=words)
    assert [one.model for one in providers()] == models


def test_openai_itself_calls_the_limit_of_an_answer_by_its_newer_name(configure):
    configure(OPENAI_API_KEY="k", PERPLEXITY_API_KEY="p")
    assert [one.limit_name for one in providers()] == ["max_completion_tokens", "max_tokens"]


def test_requests_reach_the_configured_places_once_and_nothing_else_inside(configure, settings):
    configure(OPENAI_BASE_URL=LOCAL)
    settings.UPSTREAM_ALLOW = ("inner.example:80",)
    settings.LLM_TIMEOUT = 7.0
    policy = http_policy(providers())
    assert policy.allows("127.0.0.1", 8000)
    assert not policy.allows("127.0.0.1", 8001)
    configure(OPENAI_API_KEY="k", PERPLEXITY_API_KEY="p")
    assert http_policy(providers()).allowed_origins == frozenset()
    assert not policy.allows("inner.example", 80)
    assert (policy.attempts, policy.max_redirects) == (1, 0)
    assert (policy.read_timeout, policy.longest_connection) == (7.0, 7.0)


def test_health_says_what_is_configured_and_asks_nobody(configure):
    configure()
    (part,) = provider_parts()
    assert (part.state, part.text) == ("idle", "by rules alone; no language model is configured")
    configure(OPENAI_API_KEY="secret-key", LLM_MODEL=("m",))
    (part,) = provider_parts()
    assert (part.state, part.text) == ("ok", "openai (m)")
    assert "secret-key" not in repr(part)
