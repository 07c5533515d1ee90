"""The Demand page and its REST: who may look, and what is shown."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from registry.models import Demand, DemandAsker
from tests.catalog.test_storage_page import browser
from tests.factories.registry import ModelFactory, UserFactory

__all__ = ["browser"]
pytestmark = pytest.mark.django_db


def asked_for(repo_id, *, people=1, hours=0, **values):
    at = timezone.now() - timedelta(hours=hours)
    demand = Demand.objects.create(repo_id=repo_id, first_at=at, last_at=at, **values)
    for _ in range(people):
        DemandAsker.objects.create(demand=demand, user=UserFactory(), last_at=at)
    return demand


def test_stewards_see_what_is_asked_for_the_last_first(ask, make_key):
    asked_for("a/older", hours=2, people=3, count=7)
    asked_for("a/newer", revision="v2", state="absent", note="Not there.")
    asked_for("a/met", state="met")
    page = ask("/api/v1/demand", key=make_key(role="operator")).json()
    assert [row["repo_id"] for row in page["results"]] == ["a/newer", "a/older"]
    newer, older = page["results"]
    assert (newer["revision"], newer["state"], newer["note"]) == (
        "v2",
        "absent",
        "Not there.",
    )
    assert (older["people"], older["count"], older["workflow_id"]) == (3, 7, None)


def test_it_is_read_over_pages(ask, make_key):
    for number in range(3):
        asked_for(f"a/b{number}", hours=number)
    key = make_key(role="curator")
    first = ask("/api/v1/demand?limit=2", key=key).json()
    rest = ask(first["next"], key=key).json()
    assert [row["repo_id"] for row in first["results"] + rest["results"]] == [
        "a/b0",
        "a/b1",
        "a/b2",
    ]
    assert rest["next"] is None


def test_a_name_of_a_hidden_model_is_not_told(ask, make_key):
    model = ModelFactory(tier="professional")
    asked_for(model.repo_id, revision="x")
    for tier, seen in (("lite", []), ("professional", [model.repo_id])):
        page = ask("/api/v1/demand", key=make_key(role="operator", tier=tier)).json()
        assert [row["repo_id"] for row in page["results"]] == seen


def test_the_page_names_it_and_leads_to_its_import(browser):
    asked_for("a/thing", revision="v2", people=2, state="absent", note="Not there.")
    text = browser("operator").get("/demand/").content.decode()
    assert "a/thing@v2" in text
    assert 'href="/import/?uri=a%2Fthing%40v2"' in text
    assert "Not there." in text
    assert browser("viewer").get("/demand/").status_code == 403


def test_an_empty_page_says_so(browser):
    assert "Nothing is missed" in browser("operator").get("/demand/").content.decode()


def test_more_rows_take_no_more_queries(browser):
    client = browser("operator")
    counts = []
    for number in range(2):
        for more in range(5):
            asked_for(f"a/b{number}{more}")
        client.get("/demand/")
        with CaptureQueriesContext(connection) as queries:
            client.get("/demand/")
        counts.append(len(queries))
    assert counts[0] == counts[1]
