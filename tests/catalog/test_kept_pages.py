"""The Models page that is sent again is the one that would be made now, for this person alone."""

from __future__ import annotations

import pytest
from django.conf import settings
from django.contrib.auth.models import Group
from django.contrib.messages import INFO
from django.contrib.messages.storage.base import Message
from django.contrib.messages.storage.cookie import CookieStorage
from django.contrib.sessions.models import Session
from django.db import connection
from django.test import RequestFactory
from django.test.utils import CaptureQueriesContext

from catalog.services.facets import fold_facets
from catalog.views import models as view
from core.answers import facts
from core.models import Run
from registry.authentication import caller_of_user
from registry.models import Device, Model, User
from registry.seeds import seed
from registry.services.curation import request_access
from tests.catalog.before_django import sign_in, web_client
from tests.factories.registry import UserFactory

LIST = "/models/"


@pytest.fixture
def web(db, monkeypatch):
    monkeypatch.setattr(facts, "STEP", 10**9)  # however long a test takes, no step ends in it
    seed()
    with web_client() as client:
        yield client


@pytest.fixture
def made(monkeypatch):
    """Count the pages that are made."""
    counted = []

    def counting(request, caller, original=view.list_context):
        counted.append(request.get_full_path())
        return original(request, caller)

    monkeypatch.setattr(view, "list_context", counting)
    return counted


@pytest.fixture
def person(web, make_model, made):
    """Somebody whose page is kept."""
    make_model("acme/one")
    fold_facets()
    person = sign_in(web, tier="standard")
    assert web.get(LIST).status_code == 200
    made.clear()
    return person


def test_what_is_looked_at_again_is_not_made_again(web, person, made):
    first, again = web.get(LIST), web.get(LIST)
    assert made == []
    assert again.text == first.text
    assert "acme--one" in again.text
    assert settings.CSRF_COOKIE_NAME in web.cookies
    assert first.headers["x-request-id"] != again.headers["x-request-id"]
    assert "content-security-policy" in again.headers


def test_it_asks_who_it_is_and_what_there_is_at_once(web, person, made):
    with CaptureQueriesContext(connection) as queries:
        web.get(LIST)
    assert made == []
    (asked,) = [query["sql"] for query in queries]
    for table in ("django_session", "registry_user", "registry_model", "catalog_facetfold"):
        assert table in asked


CHANGES = {
    "a model more": lambda make: make("acme/two", days=1),
    "a column": lambda make: Model.objects.update(license_spdx="MIT"),
    "a model less": lambda make: Model.objects.update(tier="professional"),
    "other counts": lambda make: (Model.objects.update(family="New"), fold_facets()),
    "a device more": lambda make: Device.objects.create(
        slug="new", name="New", kind="cpu", memory_bytes=1 << 34
    ),
}


@pytest.mark.parametrize("change", CHANGES.values(), ids=CHANGES)
def test_each_change_shows_at_once(web, person, made, make_model, change):
    before = web.get(LIST).text
    assert made == []
    change(make_model)
    assert web.get(LIST).text != before


def test_what_the_frame_counts_shows_at_once(web, made, make_model):
    make_model("acme/one", tier="lite", admission="held")
    curator = sign_in(web, tier="standard")
    curator.groups.add(Group.objects.get(name="curator"))
    web.get(LIST)
    made.clear()
    before = web.get(LIST).text
    assert made == []
    asker = caller_of_user(UserFactory(tier="lite"))
    request_access(caller=asker, model=Model.objects.get(), needs_curator=True)
    after = web.get(LIST).text
    assert after != before
    Run.objects.create(kind="intake", state="running")
    assert web.get(LIST).text != after


def test_ages_are_told_anew_after_a_while(web, person, made, monkeypatch):
    monkeypatch.setattr(facts.time, "time", lambda: 1_000_000.0)
    web.get(f"{LIST}?status=admitted")
    web.get(f"{LIST}?status=admitted")
    assert len(made) == 2


def test_who_signed_out_is_sent_to_sign_in(web, person, made):
    Session.objects.all().delete()
    answer = web.get(LIST)
    assert answer.status_code == 302
    assert "sign-in" in answer.headers["location"] or "login" in answer.headers["location"]


@pytest.mark.parametrize("change", [{"is_active": False}, {"password": "another"}])
def test_who_is_out_is_sent_to_sign_in(web, person, change):
    User.objects.filter(pk=person.pk).update(**change)
    assert web.get(LIST).status_code == 302


def test_who_fell_to_a_lower_tier_sees_less_at_once(web, person, make_model):
    make_model("acme/three", tier="standard", days=2)
    assert "three" in web.get(LIST).text
    User.objects.filter(pk=person.pk).update(tier="lite")
    assert "three" not in web.get(LIST).text


def test_who_lost_a_role_sees_it_at_once(web, person):
    person.groups.add(Group.objects.get(name="curator"))
    assert "/approvals/" in web.get(LIST).text
    person.groups.clear()
    assert "/approvals/" not in web.get(LIST).text


def test_a_change_of_the_person_while_the_page_is_made_is_not_lost(web, person, monkeypatch):
    def meanwhile(request, caller, original=view.list_context):
        context = original(request, caller)
        User.objects.filter(pk=person.pk).update(tier="lite")
        return context

    Model.objects.update(tier="standard")
    with monkeypatch.context() as patch:
        patch.setattr(view, "list_context", meanwhile)
        assert "acme--one" in web.get(LIST).text
    assert "acme--one" not in web.get(LIST).text


def test_nobody_is_given_what_was_made_for_somebody_else(web, person, make_model):
    make_model("acme/three", tier="standard", days=2)
    assert "three" in web.get(LIST).text
    mine = dict(web.cookies)
    sign_in(web, tier="lite")
    for _ in range(2):
        assert "three" not in web.get(LIST).text
    web.cookies.clear()
    web.cookies.update(mine)
    assert "three" in web.get(LIST).text


def test_a_part_is_not_the_whole_and_a_theme_is_another_page(web, person):
    whole = web.get(LIST).text
    part = web.get(LIST, headers={"HX-Request": "true"}).text
    assert "<html" in whole
    assert "<html" not in part
    assert web.get(LIST, headers={"HX-Request": "true"}).text == part


def test_what_is_told_once_is_told_once(web, person):
    storage = CookieStorage(RequestFactory().get("/"))
    told = storage._encode([Message(INFO, "Told once")])
    web.cookies.set("messages", told)
    assert "Told once" in web.get(LIST).text
    del web.cookies["messages"]  # as the answer said
    assert "Told once" not in web.get(LIST).text
    web.cookies.set("messages", told)
    assert "Told once" in web.get(LIST).text


def test_a_header_that_is_written_in_another_way_is_read_by_django(web, person):
    asked = {"HX-Request": "tru%65"}
    for _ in range(2):
        assert "<html" in web.get("/models/", headers=asked).text
        part = web.get("/models/", headers={**asked, "HX-Request-URI-AutoEncoded": "true"})
        assert "<html" not in part.text
