"""The list of the API asked for with a session: nothing is kept of it, so nothing outlives it."""

from __future__ import annotations

import pytest
from django.contrib.sessions.models import Session

from registry.models import User
from tests.catalog.before_django import sign_in, web_client

LIST = "/api/v1/models"


@pytest.fixture
def web(db):
    with web_client() as client:
        yield client


def ids(answer):
    return [row["id"] for row in answer.json()["results"]]


def forget_sessions(person):
    Session.objects.all().delete()


def fall(person):
    User.objects.filter(pk=person.pk).update(tier="lite")


def leave(person):
    User.objects.filter(pk=person.pk).update(is_active=False)


@pytest.mark.parametrize(
    ("change", "shown"), [(forget_sessions, None), (leave, None), (fall, ["small"])]
)
def test_the_list_asked_for_with_a_session_is_never_kept(web, make_model, change, shown):
    make_model("small", tier="lite")
    make_model("big", tier="professional")
    person = sign_in(web, tier="professional")
    assert [sorted(ids(web.get(LIST))) for _ in range(2)] == [["big", "small"]] * 2
    change(person)
    for query in ("", "?limit=3"):
        answer = web.get(f"{LIST}{query}")
        assert (ids(answer) if answer.status_code == 200 else None) == shown
