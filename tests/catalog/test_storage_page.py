"""The Storage page and its REST: who may look, what is shown, and at what cost."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test import Client
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from core import runs
from core.models import Run
from core.storage.configured import content_store
from registry.enums import Gate, GateOutcome, Scope
from registry.models import Content
from registry.seeds import seed
from registry.services import quarantine as quarantines
from registry.services.gates import record_gate
from tests.catalog.test_api_models import problem
from tests.factories.registry import ModelFactory, UserFactory, VersionFactory

BOTH = b"shared by both" * 50


@pytest.fixture
def store(settings, tmp_path):
    settings.STATE_DIR, settings.STORE_DIR = tmp_path, tmp_path / "store"
    settings.STAGING_DIR, settings.SCRATCH_DIR = tmp_path / "staging", tmp_path / "scratch"
    settings.S3_ENDPOINT = ""
    content_store.cache_clear()
    content_store().prepare()
    yield content_store()
    content_store.cache_clear()


@pytest.fixture
def stocked(db, store):
    """Two models that share a content; the first has two versions of the same files."""
    seed()
    first, second = ModelFactory(tier="lite"), ModelFactory(tier="professional")
    files = {"a.bin": BOTH, "own.bin": b"o" * 300}
    for _ in range(2):
        VersionFactory(model=first, files=files, store=store)
    VersionFactory(model=second, files={"b.bin": BOTH}, store=store)
    return first, second


@pytest.fixture
def browser(make_key, db):
    """A browser in which a person of that role is signed in."""

    def make(role, tier="professional"):
        user = UserFactory(tier=tier)
        make_key(user=user, role=role)
        client = Client()
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        return client

    return make


def page(client):
    response = client.get("/storage/")
    assert response.status_code == 200
    return response.content.decode()


def test_use_is_counted_once_for_each_content_and_the_rest_is_saved(stocked, ask, make_key):
    first, second = stocked
    document = ask("/api/v1/storage", key=make_key(role="operator")).json()
    size = len(BOTH)
    assert document["totals"] == {
        "contents": 2,
        "stored_bytes": size + 300,
        "files": 5,
        "asked_bytes": 3 * size + 600,
        "saved_bytes": 2 * size + 300,
        "quarantined": 0,
    }
    rows = {row["model"]: row for row in document["results"]}
    assert rows[first.slug]["stored_bytes"] == size + 300
    assert rows[first.slug]["own_bytes"] == 300
    assert rows[first.slug]["shared_bytes"] == size
    assert rows[first.slug]["asked_bytes"] == 2 * (size + 300)
    assert rows[second.slug]["own_bytes"] == 0
    places = [place for volume in document["volumes"] for place in volume["places"]]
    assert {"staging", "store"} <= set(places)
    assert document["collectable"] is None


def test_the_page_shows_use_disks_and_the_work_that_may_be_started(stocked, browser):
    text = page(browser("operator"))
    for words in (stocked[0].repo_id, "Saved by sharing", "Look what may go", "% full, warned of"):
        assert words in text
    assert 'href="/storage/"' in text
    assert "Look what may go" not in page(browser("curator"))


@pytest.mark.parametrize("role", ["viewer"])
def test_the_storage_is_not_for_everybody(stocked, browser, ask, make_key, role):
    client = browser(role)
    assert client.get("/storage/").status_code == 403
    assert 'href="/storage/"' not in client.get("/").content.decode()
    assert client.post("/storage/start/", {"work": "collect"}).status_code == 403
    assert not Run.objects.filter(kind="collect").exists()
    problem(ask("/api/v1/storage", key=make_key(role=role)), 403, "not_permitted")
    problem(ask("/api/v1/storage"), 401, "not_authenticated")


def test_models_above_the_tier_are_not_in_the_list(stocked, ask, make_key):
    key = make_key(role="operator", tier="lite")
    rows = ask("/api/v1/storage", key=key).json()["results"]
    assert [row["model"] for row in rows] == [stocked[0].slug]


def test_many_models_cost_as_many_queries_as_one(store, browser):
    client, costs = browser("operator"), []
    for count in (1, 9):
        for n in range(count):
            VersionFactory(files={"a.bin": b"%d" % n * 10}, store=store)
        page(client)
        with CaptureQueriesContext(
            connection,
        ) as found:
            page(client)
        costs.append(len(found))
    assert costs[0] == costs[1]


def test_the_list_goes_on_page_by_page(store, ask, make_key):
    for n in range(5):
        VersionFactory(files={"a.bin": b"x" * (100 + n)}, store=store)
    key, sizes = make_key(role="operator"), []
    url = "/api/v1/storage?limit=2"
    while url:
        document = ask(url, key=key).json()
        sizes += [row["stored_bytes"] for row in document["results"]]
        url = document["next"]
    assert sizes == [104, 103, 102, 101, 100]


def test_a_collection_is_started_followed_and_told(stocked, browser, ask, make_key):
    stocked[0].delete()
    client = browser("operator")
    Content.objects.update(used_at=timezone.now() - timezone.timedelta(days=9))
    assert client.post("/storage/start/", {"work": "look"}).status_code == 302
    run = Run.objects.get(kind="collect")
    text = page(client)
    assert "Look for unused contents" in text
    assert 'hx-trigger="every 2s"' in text
    for _ in range(3):
        runs.advance(run.pk)
    text = page(client)
    assert "would free 300" in text.replace("\u00a0", " ")
    assert 'hx-trigger="every 2s"' not in text
    key = make_key(role="operator")
    assert ask("/api/v1/storage", key=key).json()["collectable"]["freed_bytes"] == 300
    assert client.get(f"/jobs/{run.pk}/").status_code == 200


def test_the_polled_fragment_stops_when_nothing_is_under_way(stocked, browser):
    client = browser("operator")
    headers = {"HX-Request": "true"}
    assert client.get("/storage/", headers=headers).status_code == 286
    client.post("/storage/start/", {"work": "verify"})
    response = client.get("/storage/", headers=headers)
    assert response.status_code == 200
    assert "<html" not in response.content.decode()


def test_unknown_work_is_refused_with_what_there_is(stocked, ask, make_key):
    key = make_key(role="operator")
    answer = ask("/api/v1/storage/runs", method="POST", body={"work": "burn"}, key=key)
    assert answer.status_code == 400
    answer = ask("/api/v1/storage/runs", method="POST", body={"work": "verify"}, key=key)
    assert (answer.status_code, answer.json()["kind"]) == (202, "verify")
    curator = make_key(role="curator", scopes=[Scope.READ, Scope.CURATE])
    problem(
        ask("/api/v1/storage/runs", method="POST", body={"work": "verify"}, key=curator),
        403,
        "not_permitted",
    )


def test_quarantine_is_shown_with_the_versions_one_may_see(stocked, browser, ask, make_key):
    sha256 = Content.objects.get(size=len(BOTH)).pk
    quarantines.quarantine(sha256=sha256, reason="Its bytes rotted in the store.")
    text = page(browser("operator", tier="lite"))
    assert "Its bytes rotted" in text
    assert stocked[0].repo_id in text
    assert stocked[1].repo_id not in text
    assert "1 that you do not see" in text
    (row,) = ask("/api/v1/storage", key=make_key(role="operator")).json()["quarantine"]
    assert (row["sha256"], row["versions"]) == (sha256, 3)
    assert row["models"] == sorted(model.slug for model in stocked)
    assert "in quarantine" in browser("operator").get("/").content.decode()


def test_fetching_anew_starts_the_import_of_a_version_that_lost_it(stocked, browser):
    sha256 = Content.objects.get(size=300).pk
    quarantines.quarantine(sha256=sha256, reason="Gone.")
    client = browser("operator")
    response = client.post(f"/storage/quarantine/{sha256}/fetch/")
    run = Run.objects.get(kind="intake")
    assert response.headers["Location"] == f"/jobs/{run.pk}/"
    assert run.intake.repo_id == stocked[0].repo_id
    assert run.intake.force
    assert client.post(f"/storage/quarantine/{'0' * 64}/fetch/").status_code == 404


def test_an_empty_store_says_so(store, browser):
    text = page(browser("admin"))
    assert "Nothing is stored yet" in text
    assert "Nothing was collected or checked yet" in text


def test_a_rotten_content_is_never_handed_out_and_the_answer_says_why(stocked, store, make_key):
    key = make_key(role="viewer")
    version = stocked[0].versions.order_by("number").last()
    url = f"/hf/{stocked[0].repo_id}/resolve/{version.commit}/a.bin"
    headers = {"Authorization": f"Bearer {key.token}"}
    for gate in Gate:
        record_gate(version=version, gate=gate, outcome=GateOutcome.PASSED)
    before = Client().get(url, headers=headers)
    assert b"".join(before.streaming_content) == BOTH
    quarantines.quarantine(
        sha256=Content.objects.get(size=len(BOTH)).pk, reason="Its bytes rotted in the store."
    )
    after = Client().get(url, headers=headers)
    assert after.status_code == 403
    assert "rotted in the store" in after.content.decode()
