"""Another query of who was answered before is answered without Django, and just as Django would."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.contrib.auth.models import Group
from django.contrib.sessions.models import Session
from django.core.signals import request_started
from django.utils import timezone

from catalog.services.facets import fold_facets
from core.answers import facts
from registry.authentication import caller_of_user
from registry.models import ApiKey, Device, Model, User
from registry.seeds import seed
from registry.services.curation import request_access
from tests.catalog.before_django import sign_in, web_client
from tests.factories.registry import UserFactory

LIST = "/api/v1/models"
OTHERS = (f"{LIST}?limit=1", f"{LIST}?tier=standard", f"{LIST}?q=one", f"{LIST}?ordering=name")
# Django also renews the cookie against forged requests, which says the same again.
SENT_ONCE = {"x-request-id", "content-length", "set-cookie"}


@pytest.fixture
def django_answers():
    """Count the requests that Django is given."""
    seen = []

    def note(environ, **_):
        seen.append(environ["QUERY_STRING"])

    request_started.connect(note)
    yield seen
    request_started.disconnect(note)


@pytest.fixture
def ask(db):
    with web_client() as client:

        def send(path, *, key, **headers):
            return client.get(path, headers={"Authorization": f"Bearer {key.token}", **headers})

        yield send


@pytest.fixture
def known(ask, make_key, make_model, django_answers):
    """A key that was answered once."""
    make_model("acme/one", tier="standard")
    make_model("acme/two", days=1)
    key = make_key(tier="standard")
    assert ask(LIST, key=key).status_code == 200
    django_answers.clear()
    return key


@pytest.mark.parametrize("path", OTHERS)
def test_it_is_the_answer_that_django_gives(ask, known, django_answers, path):
    ours = ask(path, key=known)
    assert django_answers == []
    with web_client() as client:
        plain = client.get(path, headers={"Authorization": f"Bearer {known.token}"})
    assert django_answers
    assert ours.content == plain.content
    assert {name: value for name, value in ours.headers.items() if name not in SENT_ONCE} == {
        name: value for name, value in plain.headers.items() if name not in SENT_ONCE
    }
    assert ours.headers["content-length"] == str(len(ours.content))
    assert ours.headers["x-request-id"]


def test_pages_are_walked_to_the_end(ask, known, django_answers):
    path, found = f"{LIST}?limit=1", []
    while path:
        page = ask(path, key=known).json()
        found += [row["name"] for row in page["results"]]
        path = page["next"]
    assert found == ["two", "one"]
    assert django_answers == []


@pytest.mark.parametrize(
    ("change", "status"),
    [
        ({"revoked_at": timezone.now()}, 401),
        ({"expires_at": timezone.now() - timedelta(days=1)}, 401),
        ({"scopes": ["request"]}, 403),
    ],
    ids=["revoked", "expired", "scope"],
)
def test_a_key_that_changed_is_asked_by_django(ask, known, change, status):
    ApiKey.objects.filter(pk=known.pk).update(**change)
    for path in OTHERS:
        assert ask(path, key=known).status_code == status


def test_a_person_of_a_lower_tier_sees_less_at_once(ask, known):
    User.objects.filter(pk=known.user_id).update(tier="lite")
    assert [row["name"] for row in ask(f"{LIST}?limit=9", key=known).json()["results"]] == ["two"]
    assert ask(f"{LIST}?tier=standard", key=known).status_code == 403


def test_another_key_is_another_series(ask, known, make_key):
    lite = make_key(tier="lite")
    ask(LIST, key=lite)
    for path in (f"{LIST}?limit=8", f"{LIST}?limit=9"):
        assert len(ask(path, key=known).json()["results"]) == 2
        assert len(ask(path, key=lite).json()["results"]) == 1


@pytest.mark.parametrize(
    "query", ["colour=red", "limit=0", "cursor=x", "tier=professional", "q=%00"]
)
def test_what_is_no_page_is_told_as_ever(ask, known, django_answers, query):
    answer = ask(f"{LIST}?{query}", key=known)
    assert answer.status_code in {400, 403}
    assert answer.headers["content-type"] == "application/problem+json"
    assert django_answers == [query]


def test_what_was_made_so_is_kept_with_all_it_rests_on(ask, known, django_answers):
    path = f"{LIST}?fits=t4"
    Model.objects.update(memory_8k=14 << 30)
    Device.objects.create(slug="t4", name="T4", kind="data-centre", memory_bytes=16 << 30)
    for _ in range(2):
        assert len(ask(path, key=known).json()["results"]) == 2
    Device.objects.update(memory_bytes=8 << 30)
    assert ask(path, key=known).json()["results"] == []
    assert django_answers == []


def test_the_use_of_a_key_is_still_noted(ask, known):
    ApiKey.objects.filter(pk=known.pk).update(last_used_at=timezone.now() - timedelta(hours=1))
    ask(f"{LIST}?limit=1", key=known)
    known.refresh_from_db()
    assert timezone.now() - known.last_used_at < timedelta(minutes=1)


PAGE = "/models/"
_TOKEN = re.compile(r'(csrfmiddlewaretoken" value="|X-CSRFToken": ")[^"]+')


@pytest.fixture
def browser(db, monkeypatch, make_model, django_answers):
    """The browser of a curator who was shown the page once."""
    monkeypatch.setattr(facts, "STEP", 10**9)  # however long a test takes, no step ends in it
    seed()
    make_model("acme/one", tier="standard")
    make_model("acme/two", days=1)
    fold_facets()
    with web_client() as web:
        web.person = sign_in(web, tier="standard")
        web.person.groups.add(Group.objects.get(name="curator"))
        assert web.get(PAGE).status_code == 200
        django_answers.clear()
        yield web


def plain(answer):
    return _TOKEN.sub("", answer.text)


@pytest.mark.parametrize("query", ["tier=standard", "ordering=name", "status=held", "min_params=1"])
@pytest.mark.parametrize("headers", [{}, {"HX-Request": "true"}], ids=["whole", "part"])
def test_a_page_is_the_one_that_django_gives(browser, django_answers, query, headers):
    browser.get(PAGE, headers=headers)
    django_answers.clear()
    ours = browser.get(f"{PAGE}?{query}", headers=headers)
    assert django_answers == []
    with web_client() as other:
        for name, value in browser.cookies.items():
            other.cookies.set(name, value)
        by_django = other.get(f"{PAGE}?{query}", headers=headers)
    assert django_answers == [query]
    assert plain(ours) == plain(by_django)
    assert {name: value for name, value in ours.headers.items() if name not in SENT_ONCE} == {
        name: value for name, value in by_django.headers.items() if name not in SENT_ONCE
    }


def test_other_words_are_shown_in_the_field_for_words(browser, django_answers):
    assert 'value="two"' in browser.get(f"{PAGE}?q=two").text
    assert django_answers == ["q=two"]
    page = browser.get(f"{PAGE}?q=two&tier=lite").text
    assert 'value="two"' in page
    assert 'value="two"' not in browser.get(f"{PAGE}?tier=lite").text


def test_a_page_for_who_signed_out_is_none(browser):
    Session.objects.all().delete()
    assert browser.get(f"{PAGE}?tier=lite").status_code == 302


def test_a_page_for_who_fell_to_a_lower_tier_shows_less(browser):
    assert "acme--one" in browser.get(f"{PAGE}?ordering=name").text
    User.objects.filter(pk=browser.person.pk).update(tier="lite")
    page = browser.get(f"{PAGE}?ordering=-name").text
    assert "acme--two" in page
    assert "acme--one" not in page


def test_what_the_frame_counts_is_as_it_is_now(browser, django_answers, make_model):
    model = make_model("acme/three", tier="lite", admission="held")
    asker = caller_of_user(UserFactory(tier="lite"))
    request_access(caller=asker, model=model, needs_curator=True)
    page = browser.get(f"{PAGE}?tier=lite").text
    assert re.search(r'href="/approvals/".*?<span class="n">1</span>', page, re.DOTALL)
    assert django_answers == ["tier=lite"]
