"""Three providers in their order: each with its own key, the next where one fails, no key told."""

from __future__ import annotations

import pytest

from catalog import providers
from core.models import RunState
from tests.catalog.test_readings import KEY, QUOTES, bring, provide, read
from tests.standins import openai

__all__ = ["bring", "provide"]
OWN = "sk-" + "o" * 40
THIRD = "sk-" + "t" * 40


@pytest.fixture
def chain(provide, settings, monkeypatch):
    """Three providers, each with its own address and key; OpenAI's address leads to the first."""

    def chain(first, second, third):
        started = [provide(turn) for turn in (first, second, third)]
        monkeypatch.setattr(providers, "OPENAI_URL", started[0].url)
        settings.OPENAI_API_KEY = OWN
        settings.PERPLEXITY_API_KEY, settings.PERPLEXITY_BASE_URL = KEY, started[1].url
        settings.OPENAI_BASE_URL = started[2].url
        settings.OPENAI_COMPATIBLE_API_KEY = THIRD
        return started

    return chain


@pytest.mark.parametrize("fault", [{"status": 500}, {"status": 429}, {"fault": "hang"}])
def test_each_of_three_providers_is_asked_with_its_own_key(
    bring, chain, yard, settings, caplog, fault
):
    caplog.set_level("DEBUG")
    one, two, three = chain(openai.Turn(**fault), openai.Turn(status=500), QUOTES)
    settings.LLM_TIMEOUT = 0.5 if "fault" in fault else 20.0
    run, card = read(yard, bring())
    assert run.state == RunState.DONE, run.error
    assert card.reading.provider == "compatible"
    keys = [each.asked[0].headers["authorization"] for each in (one, two, three)]
    assert keys == [f"Bearer {key}" for key in (OWN, KEY, THIRD)]
    assert not any(key in caplog.text for key in (OWN, KEY, THIRD))


def test_where_all_three_fail_the_record_stays_partial(bring, chain, yard, caplog):
    caplog.set_level("DEBUG")
    refused = openai.Turn(status=401)
    chain(refused, refused, refused)
    version = bring()
    run, card = read(yard, version)
    assert (run.state, run.error_code) == (RunState.FAILED, "llm_refused")
    assert all(f"{name} refuses the key" in run.error for name in ("openai", "perplexity"))
    assert card.reading is None
    version.refresh_from_db()
    assert version.extraction_status == "partial"
    assert not any(key in caplog.text + run.error for key in (OWN, KEY, THIRD))
