"""A model that the yard lists and never imported: what page and API say, and how it gets in."""

from __future__ import annotations

import pytest
from django.test import Client

from core.models import RunState
from registry.authentication import caller_of_user
from registry.default_entries import seed_entries
from registry.models import Model
from registry.services.curation import request_access

REPO, SLUG = "microsoft/layoutlmv3-base", "layoutlmv3"
IMPORT = "/import/?uri=microsoft%2Flayoutlmv3-base"


@pytest.fixture
def entries(db):
    seed_entries()


def browser_of(key):
    client = Client()
    client.force_login(key.user, backend="django.contrib.auth.backends.ModelBackend")
    return client


@pytest.fixture
def browser(make_key):
    return browser_of(make_key(tier="lite"))


def test_the_page_says_so_and_leads_to_the_import_with_its_name(entries, browser):
    page = browser.get(f"/models/{SLUG}/")
    text = page.content.decode()
    assert page.status_code == 200
    assert "Listed, not imported yet" in text
    assert text.count(f'href="{IMPORT}"') == 2
    assert "about 500" in text
    assert "From the model card" not in text
    assert "Ask for it" not in text  # there is nothing yet that a curator could give


@pytest.mark.parametrize("tab", ["files", "scan", "license", "versions"])
def test_its_tabs_are_there_and_empty(entries, browser, tab):
    assert browser.get(f"/models/{SLUG}/{tab}/").status_code == 200


def test_its_file_and_settings_are_shown_as_told(entries, make_key):
    text = browser_of(make_key()).get("/models/llama-3-8b/").content.decode()
    assert "llama-3-8b.Q4_K_M.gguf" in text
    assert "Batch size" in text


def test_the_list_shows_it(entries, browser):
    assert REPO.rpartition("/")[2] in browser.get("/models/").content.decode()


def test_the_api_says_so_and_serves_nothing(entries, ask, make_key):
    shown = ask(f"/api/v1/models/{SLUG}", key=make_key(tier="lite")).json()
    assert shown["description"].startswith("Listed, not imported yet")
    assert REPO in shown["description"]
    assert (shown["status"], shown["scan"]) == ("pending", "none")
    assert (shown["version"], shown["revision"], shown["download_url"]) == (None, None, None)
    assert (shown["type"], shown["tier"], shown["size_bytes"]) == ("layout", "lite", 500_000_000)


def test_who_has_no_tier_for_it_does_not_find_it(entries, ask, make_key, browser):
    assert ask("/api/v1/models/llama-3-8b", key=make_key(tier="standard")).status_code == 404
    assert browser.get("/models/llama-3-8b/").status_code == 404


def test_who_asked_for_one_of_a_higher_tier_may_ask_a_curator_still(entries, make_key):
    key = make_key(tier="lite")
    model = Model.objects.get(slug="llama-3-8b")
    request_access(caller=caller_of_user(key.user), model=model)
    page = browser_of(key).get("/models/llama-3-8b/")
    assert page.status_code == 403
    assert "Your account may not ask" not in page.content.decode()


def test_a_curator_takes_it_off_the_list(entries, ask, make_key):
    curator = make_key(role="curator")
    body = {"reason": "Not for us"}
    answer = ask(f"/api/v1/models/{SLUG}", key=curator, method="DELETE", body=body)
    assert (answer.status_code, answer.json()["status"]) == (200, "withdrawn")
    page = browser_of(curator).get(f"/models/{SLUG}/").content.decode()
    assert "Was listed, never imported" in page


def test_an_import_attaches_to_the_entry(make_yard, start_upstream):
    yard = make_yard(start_upstream(lambda root: root.llm(REPO)))
    seed_entries()
    row = Model.objects.get(slug=SLUG)
    run = yard.bring(REPO)
    assert (run.state, run.error) == (RunState.DONE, "")
    model = Model.objects.get(repo_id=REPO)
    assert (model.pk, model.slug, model.admission, model.tier) == (row.pk, SLUG, "admitted", "lite")
    largest = yard.version(run).files.order_by("-size").first()
    assert (model.head, model.head_filename) == (yard.version(run), largest.path)
    assert model.size_bytes == yard.version(run).size_bytes != row.size_bytes
    assert model.model_type == "llm"  # what was read, not what was told
    assert not model.description.startswith("Listed")
