"""A language model reads the card beside the import, and only what the card says is kept."""

from __future__ import annotations

import json

import pytest
from django.db import connection

from catalog.cards import read_analysis
from catalog.models import CARD_READING
from catalog.services import readings
from core.models import Run, RunState
from registry.models import ModelVersion
from tests.standins import openai

KEY = "sk-" + "q" * 40
REPO = "acme/reader"
CARD = """---
license: mit
---
# Reader

Reader is a small model that reads **invoices** of shops.

It was made for book-keepers who sort paper. It does not work with handwriting.
Its accuracy on printed text is high. Source: [here](https://github.com/others/kassenbon).
"""
QUOTES = {
    "use_cases": ["made for book-keepers"],
    "strengths": ["Its accuracy on printed text is high."],
    "limitations": ["work with handwriting", "It cannot count beyond ten."],
    "languages": [],
    "papers": [],
    "github_url": "https://github.com/others/kassenbon",
    "website_url": "https://elsewhere.example/",
}


@pytest.fixture
def provide(settings):
    """Start a scripted provider and configure it as OpenAI's: `provide(turn, ...)`."""
    running = []

    def provide(*turns):
        one = openai.Provider(turns).__enter__()
        running.append(one)
        settings.OPENAI_BASE_URL, settings.OPENAI_API_KEY = one.url, KEY
        settings.LLM_TIMEOUT = 20.0
        return one

    yield provide
    for one in running:
        one.__exit__()


@pytest.fixture
def bring(yard):
    """Import a model with this card as far as it is inspected, and give its version."""

    def bring(card=CARD, *, text=REPO, **words):
        if not (yard.upstream.repos.root / "models" / REPO).exists():
            yard.upstream.repos.llm(REPO, card=card)
            yard.upstream.reload()
        run = yard.drive(yard.ask(text, **words).run, until="license")
        return yard.version(run)

    return bring


def reading_run():
    return Run.objects.filter(kind=CARD_READING).order_by("-created_at").first()


def read(yard, version):
    run = yard.drive(reading_run())
    version.refresh_from_db()
    return run, read_analysis(version.facts)


def texts(items):
    return [item.text for item in items]


def test_without_a_provider_the_record_is_partial_and_says_what_is_missing(bring):
    version = bring()
    assert reading_run() is None
    assert version.extraction_status == "partial"
    card = read_analysis(version.facts)
    assert card.description.text.startswith("Reader is a small model that reads invoices")
    assert card.missing == (
        "use_cases", "strengths", "limitations", "languages", "papers",
        "github_url", "website_url", "logo_url",
    )  # fmt: skip


def test_what_the_card_says_is_filled_in_its_own_words_and_nothing_else(bring, provide, yard):
    provider = provide(QUOTES)
    version = bring()
    assert reading_run().state == RunState.QUEUED  # the import did not wait for it
    run, card = read(yard, version)
    assert (run.state, run.error) == (RunState.DONE, "")
    assert texts(card.use_cases) == ["It was made for book-keepers who sort paper."]
    assert texts(card.strengths) == ["Its accuracy on printed text is high."]
    assert texts(card.limitations) == ["It does not work with handwriting."]
    assert card.github_url.url == "https://github.com/others/kassenbon"
    assert card.website_url is None
    assert {item.by for item in (*card.use_cases, card.github_url)} == {"llm"}
    assert card.description.by == "card"
    assert card.missing == ("languages", "papers", "website_url", "logo_url")
    assert run.result["missing"] == list(card.missing)
    assert len(provider.asked) == run.result["requests"] == 1
    assert run.result["tokens"] == 160


def test_it_is_known_how_it_was_asked(bring, provide, yard):
    provider = provide(QUOTES)
    version = bring()
    reading = read(yard, version)[1].reading
    assert (reading.provider, reading.model) == ("openai", "stand-in-2026")
    assert (reading.prompt, reading.temperature) == ("card-quotes-1", 0.0)
    assert (reading.tokens_in, reading.tokens_out, reading.dropped) == (120, 40, 2)
    (asked,) = provider.asked
    assert asked.body["model"] == "gpt-4.1-mini"
    fields = asked.body["response_format"]["json_schema"]["schema"]["required"]
    assert {"description", "logo_url"} & set(fields) == set()  # known by rules; and no image there
    assert set(reading.sought) == {*fields, "logo_url"}
    assert "reads invoices of shops" in asked.material
    assert "invoices" not in asked.system


def test_evidence_leads_to_the_sentence_in_the_card(bring, provide, yard):
    provide(QUOTES)
    version = bring()
    _, card = read(yard, version)
    place = card.limitations[0].evidence
    assert place.section == "Reader"
    assert CARD[place.start : place.end] == "It does not work with handwriting."


def test_an_import_is_admitted_whatever_the_providers_do(provide, yard):
    provide(openai.Turn(status=401))
    yard.upstream.repos.llm(REPO, card=CARD)
    yard.upstream.reload()
    version = yard.admit(REPO)
    run, card = read(yard, version)
    assert (run.state, run.error_code) == (RunState.FAILED, "llm_refused")
    assert "openai refuses the key (status 401)" in run.error
    assert KEY not in json.dumps(list(Run.objects.values()), default=str)
    assert card.reading is None
    assert version.extraction_status == "partial"


def test_a_provider_that_limits_is_asked_again_when_it_said_and_then_no_more(bring, provide, yard):
    limited = openai.Turn(status=429, headers={"Retry-After": "90"})
    provider = provide(limited, limited, QUOTES)
    version = bring()
    run = yard.turn(reading_run())
    assert run.state == RunState.RUNNING
    assert 80 < (run.not_before - run.created_at).total_seconds() < 200
    run, card = read(yard, version)
    assert (run.state, len(provider.asked), run.result["requests"]) == (RunState.DONE, 3, 3)
    assert card.use_cases


def test_requests_have_an_end_over_all_tries(bring, provide, yard, settings):
    broken = provide(openai.Turn(status=500))
    settings.PERPLEXITY_API_KEY, settings.PERPLEXITY_BASE_URL = KEY, broken.url
    run, _ = read(yard, bring())
    assert (run.state, run.error_code) == (RunState.FAILED, "llm_unavailable")
    assert len(broken.asked) == run.result["requests"] == readings.MOST_REQUESTS


def test_tokens_have_an_end_over_all_tries(bring, provide, yard, settings):
    settings.LLM_RUN_TOKENS = 6000
    provider = provide(openai.Turn(QUOTES, usage=(5000, 900), finish_reason="length"))
    run, _ = read(yard, bring())
    assert run.state == RunState.FAILED
    assert run.result["tokens"] <= 6000
    assert len(provider.asked) <= 2


def test_the_second_provider_answers_for_the_first(bring, provide, yard, settings):
    second = provide(QUOTES)
    settings.PERPLEXITY_API_KEY, settings.PERPLEXITY_BASE_URL = KEY, second.url
    provide(openai.Turn(status=500))
    version = bring()
    run, card = read(yard, version)
    assert run.state == RunState.DONE
    assert (card.reading.provider, second.asked[0].body["model"]) == ("perplexity", "sonar")


def test_a_card_that_was_read_is_read_again_only_when_somebody_insists(bring, provide, yard):
    provider = provide(QUOTES)
    version = bring()
    yard.drive(yard.ask(REPO).run)  # the import goes on
    known = read(yard, version)[1]
    again = bring(text=f"{REPO}@main")
    assert (again, read_analysis(again.facts)) == (version, known)
    assert len(provider.asked) == Run.objects.filter(kind=CARD_READING).count() == 1
    yard.drive(yard.ask(f"{REPO}@main").run)
    forced = bring(text=f"{REPO}@{version.commit}", force=True)
    assert read_analysis(forced.facts).reading is None
    assert read(yard, forced)[1].use_cases == known.use_cases
    assert len(provider.asked) == 2


def test_a_new_commit_with_the_same_card_keeps_what_was_found(bring, provide, yard):
    provider = provide(QUOTES)
    first = bring()
    known = read(yard, first)[1]
    yard.drive(yard.ask(REPO).run)
    yard.upstream.push(REPO, {"notes.txt": "new"})
    second = bring()
    assert second.pk != first.pk
    assert read_analysis(second.facts) == known
    assert len(provider.asked) == 1


@pytest.mark.parametrize("hidden", ["private at its source", "private here"])
def test_a_card_that_is_not_public_stays_here(bring, provide, yard, settings, hidden):
    version = bring()
    provider = provide(QUOTES)
    if hidden == "private here":
        version.model.is_private = True
    else:
        version.facts = version.facts | {"private": True}
    version.model.save()
    version.save()
    assert readings.begin(version) is None
    settings.LLM_PRIVATE_CARDS = True
    assert readings.begin(version) is not None
    settings.LLM_PRIVATE_CARDS = False
    run, _ = read(yard, version)
    assert run.steps.get().message == "The card is not public, so nobody was asked."
    assert provider.asked == []


@pytest.mark.django_db(transaction=True)
def test_a_card_that_changed_meanwhile_keeps_what_its_rules_read(bring, provide, yard):
    version = bring()

    def change(request):
        row = ModelVersion.objects.get(pk=version.pk)
        row.facts["analysis"]["card"] = "0" * 64
        row.save()
        connection.close()  # of the provider's thread
        return QUOTES

    provide(change)
    readings.begin(version)
    run, card = read(yard, version)
    assert (run.state, card.use_cases) == (RunState.DONE, ())
    assert run.steps.get().message == "The card was read anew meanwhile."


def test_the_words_of_a_language_model_reach_lists_too(bring, provide, yard):
    provide({"languages": ["Trained on German and English receipts"], "use_cases": []})
    version = bring("---\nlicense: mit\n---\n# R\n\n- Trained on German and English receipts\n")
    read(yard, version)
    version.model.refresh_from_db()
    assert version.facts["languages"] == version.model.languages == ["de", "en"]
