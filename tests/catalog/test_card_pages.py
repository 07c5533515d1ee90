"""What is known of a card is told by REST and by the model's page, with who found it and where."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from django.contrib.auth.models import Group

from catalog import inspection
from catalog.cards.analysis import Address, Evidence, Item, Paper, Reading
from catalog.models import CARD_READING, CardReading
from core.jobs import start_run
from core.models import Run, RunState
from registry.enums import Scope
from registry.models import User
from tests.catalog.cards.reading import analysed
from tests.factories.registry import UserFactory

CARD = """---
language: en
---
A model that reads invoices.

## Uses

Sorting paper of *shops*.

## Limitations

None

- **Paper:** [Tiny <b>](https://arxiv.org/abs/2401.01234)
"""
READ = Reading(
    provider="openai",
    model="gpt-x <b>",
    prompt="p",
    sought=("strengths",),
    temperature=0.0,
    tokens_in=1,
    tokens_out=2,
    dropped=0,
    at=datetime(2026, 1, 1, tzinfo=UTC),
)


@pytest.fixture
def known(make_model):
    """A model whose card was read by rules and by a language model."""
    model = make_model()
    place = Evidence(section="Uses", start=1, end=2)
    card = analysed(CARD).model_copy(
        update={
            "strengths": (Item(text="Quick <script>", evidence=place, by="llm"),),
            "papers": (*analysed(CARD).papers, Paper(title="A Title")),
            "website_url": Address(url="https://acme.ai/?a=1&b=2", by="llm"),
            "reading": READ,
        }
    )
    version = model.head
    version.facts = version.facts | inspection.facts_of_card(card)
    version.extraction_status = "partial"
    version.save()
    return model


@pytest.fixture
def sign_in(client, db):
    def sign_in(role="operator", tier="professional"):
        user = UserFactory(tier=tier)
        user.groups.add(Group.objects.get_or_create(name=role)[0])
        client.force_login(User.objects.get(pk=user.pk))
        return client

    return sign_in


def extracted(ask, make_key, model):
    body = {"model_uri": f"{model.repo_id}@{model.head.commit}"}
    key = make_key(scopes=[Scope.READ, Scope.REQUEST])
    return ask("/model-info/extract", key=key, method="POST", body=body).json()["model_info"]


def test_rest_tells_every_field_and_what_is_missing(ask, make_key, known):
    told = extracted(ask, make_key, known)
    assert told["use_cases"] == ["Sorting paper of shops."]
    assert told["strengths"] == ["Quick <script>"]
    assert (told["limitations"], told["absent"]) == ([], ["limitations"])
    assert told["languages"] == ["en"]
    assert told["papers"] == [
        {"title": None, "url": "https://arxiv.org/abs/2401.01234",
         "arxiv_id": "2401.01234", "doi": None},
        {"title": "A Title", "url": None, "arxiv_id": None, "doi": None},
    ]  # fmt: skip
    assert told["website_url"] == "https://acme.ai/?a=1&b=2"
    assert (told["github_url"], told["logo_url"]) == (None, None)
    assert (told["extraction_status"], told["missing"]) == ("partial", ["github_url", "logo_url"])


def test_rest_tells_who_found_it_and_where(ask, make_key, known):
    told = extracted(ask, make_key, known)
    (place,) = told["evidence"]["use_cases"]
    assert (place["by"], place["section"]) == ("card", "Uses")
    assert CARD[place["start"] : place["end"]] == "Sorting paper of *shops*."
    assert told["evidence"]["strengths"][0]["by"] == "llm"
    assert told["evidence"]["website_url"] == [
        {"by": "llm", "section": None, "start": None, "end": None}
    ]
    assert (told["card_reading"]["model"], told["card_reading"]["prompt"]) == ("gpt-x <b>", "p")


def test_a_version_that_nobody_read_misses_everything(ask, make_key, make_model):
    told = extracted(ask, make_key, make_model())
    assert (told["use_cases"], told["papers"], told["website_url"]) == ([], [], None)
    assert (len(told["missing"]), told["evidence"], told["card_reading"]) == (9, {}, None)


def test_the_model_page_shows_the_card_and_escapes_it(sign_in, known):
    page = sign_in("viewer").get(f"/models/{known.slug}/").content.decode()
    assert "What it is for" in page
    assert "Sorting paper of shops." in page
    assert "Quick &lt;script&gt;" in page
    assert "quoted from the card by gpt-x &lt;b&gt;" in page
    assert 'href="https://acme.ai/?a=1&amp;b=2"' in page
    assert "arXiv:2401.01234" in page
    assert "The card does not say: github and logo." in page
    assert "It states that there are none: limitations." in page
    assert "<script>" not in page.partition("Quick")[2][:40]


def test_a_page_without_a_card_says_nothing_of_one(sign_in, make_model):
    page = sign_in("viewer").get(f"/models/{make_model().slug}/").content.decode()
    assert "What it is for" not in page
    assert "The card does not say" not in page


@pytest.fixture
def run(known):
    run, _ = start_run(kind=CARD_READING, key="card of acme/one")
    CardReading.objects.create(run=run, version=known.head)
    return run


def test_staff_find_the_run_among_the_jobs_with_its_model(sign_in, run, known):
    client = sign_in()
    assert "Read card of acme/one" in client.get("/jobs/").content.decode()
    page = client.get(f"/jobs/{run.pk}/").content.decode()
    assert "Read card of acme/one" in page
    assert f"/models/{known.slug}/" in page


@pytest.mark.parametrize(
    ("role", "tier", "private", "seen"),
    [
        ("operator", "professional", False, True),
        ("curator", "professional", True, True),
        ("operator", "professional", True, False),
        ("operator", "lite", False, False),
        ("viewer", "professional", False, False),
    ],
)
def test_who_may_not_know_the_model_does_not_see_its_run(
    sign_in, run, known, role, tier, private, seen
):
    known.tier, known.is_private = "standard", private
    known.save()
    client = sign_in(role, tier)
    assert client.get(f"/jobs/{run.pk}/").status_code == (200 if seen else 404)
    assert ("Read card of" in client.get("/jobs/").content.decode()) == seen


def test_a_workflow_of_a_card_leads_to_its_model(ask, make_key, run, known):
    told = ask(f"/api/v1/workflows/{run.pk}", key=make_key(role="operator")).json()
    assert (told["kind"], [step["name"] for step in told["steps"]]) == ("card-reading", ["read"])
    assert told["links"]["model"] == f"/api/v1/models/{known.slug}"


def test_a_run_that_failed_is_tried_again_from_its_page(sign_in, run):
    Run.objects.filter(pk=run.pk).update(
        state=RunState.FAILED, finished_at=datetime.now(UTC), error_code="llm_unavailable"
    )
    client = sign_in()
    assert "Nothing depends on it" in client.get(f"/jobs/{run.pk}/").content.decode()
    client.post(f"/jobs/{run.pk}/retry/")
    run.refresh_from_db()
    assert run.state == RunState.QUEUED
