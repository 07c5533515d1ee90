"""A key is presumed to speak for whom it spoke for last; nothing leaves before that is proved."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext
from django.utils import timezone

from core.answers import facts
from core.answers.facts import Fact, Source, UnprovenError
from registry.models import ApiKey, AuditEvent, User
from tests.hub.conftest import make_version

pytestmark = pytest.mark.django_db
FILE, INFO = "/{repo}/resolve/main/config.json", "/api/models/{repo}"


@pytest.fixture
def told(ask):
    """The status of each of so many answers; nobody has a file by having asked for its headers."""
    return lambda path, key, count=2: [
        ask(path, key=key, method="HEAD").status_code for _ in range(count)
    ]


def changed(**values):
    return lambda key: ApiKey.objects.filter(pk=key.pk).update(**values)


def person(**values):
    return lambda key: User.objects.filter(pk=key.user_id).update(**values)


ENDS = {
    "revoked": changed(revoked_at=timezone.now()),
    "expired": changed(expires_at=timezone.now() - timedelta(seconds=1)),
    "inactive": person(is_active=False),
    "gone": lambda key: ApiKey.objects.filter(pk=key.pk).delete(),
}


@pytest.mark.parametrize("path", [FILE, INFO])
@pytest.mark.parametrize("how", ENDS)
def test_a_key_that_ended_is_refused_at_once(told, key, store, path, how):
    path = path.format(repo=make_version(store).model.repo_id)
    assert told(path, key) == [200, 200]
    ENDS[how](key)
    assert told(path, key) == [401, 401]


LESS = {
    "tier of the person": person(tier="lite"),
    "cap of the key": changed(tier_cap="lite"),
    "scopes of the key": changed(scopes=["request"]),
}


@pytest.mark.parametrize("path", [FILE, INFO])
@pytest.mark.parametrize("how", LESS)
def test_who_may_less_gets_less_at_once_and_more_at_once(told, key, store, path, how):
    path = path.format(repo=make_version(store, model__tier="professional").model.repo_id)
    assert told(path, key) == [200, 200]
    before = ApiKey.objects.get(pk=key.pk), User.objects.get(pk=key.user_id)
    LESS[how](key)
    expected = 403 if how == "scopes of the key" else 404
    assert told(path, key) == [expected] * 2
    for row in before:
        row.save()
    assert told(path, key) == [200, 200]


def test_what_is_missing_and_what_is_hidden_say_the_same(ask, lite_key, store):
    shown = make_version(store).model.repo_id
    hidden = make_version(store, model__tier="professional").model.repo_id
    assert ask(INFO.format(repo=shown), key=lite_key).status_code == 200
    missing = ask(INFO.format(repo="no/such"), key=lite_key)
    secret = ask(INFO.format(repo=hidden), key=lite_key)
    assert (missing.status_code, secret.status_code) == (404, 404)
    assert missing.content.replace(b"no/such", hidden.encode()) == secret.content


def test_a_new_number_of_requests_counts_at_once(told, key, store):
    path = FILE.format(repo=make_version(store).model.repo_id)
    ApiKey.objects.filter(pk=key.pk).update(rate=2)
    assert told(path, key, 3) == [200, 200, 429]
    ApiKey.objects.filter(pk=key.pk).update(rate=400)
    assert told(path, key) == [200, 200]
    ApiKey.objects.filter(pk=key.pk).update(rate=3)
    assert told(path, key) == [429, 429]


def test_a_refusal_names_who_was_refused_without_asking_again(ask, key, store):
    path = FILE.format(repo=make_version(store, admission="held").model.repo_id)
    ask("/api/whoami-v2", key=key)
    with CaptureQueriesContext(connection) as asked:
        assert ask(path, key=key, method="HEAD").status_code == 403
    assert sum("registry_apikey" in query["sql"] for query in asked.captured_queries) == 1
    assert AuditEvent.objects.get(action="hub.refused").key_prefix == key.prefix


ONE = Source("(VALUES (1), (2)) numbers(n)", (), "n < %s ORDER BY n", (9,))


def holds(text: str) -> Fact:
    return Fact("SELECT %s::text AS state", (text,), ("so",), plan_kept=True)


def test_the_first_statement_proves_and_the_next_ones_need_not(django_assert_num_queries):
    with django_assert_num_queries(2) as asked, facts.proving(holds("so")):
        for _ in range(2):
            assert facts.fetch_proving("n", ONE, plan_kept=True) == [(1,), (2,)]
    assert [query["sql"].count("state") for query in asked.captured_queries] == [1, 0]


@pytest.mark.parametrize("plan_kept", [True, False])
def test_nothing_leaves_where_the_fact_does_not_hold(plan_kept):
    with pytest.raises(UnprovenError), facts.proving(holds("otherwise")):
        facts.fetch_proving("n", ONE, plan_kept=plan_kept)
    assert len(facts.fetch_proving("n", ONE, plan_kept=plan_kept)) == 2


@pytest.mark.parametrize("raised", [None, ValueError("made for somebody else")])
def test_nothing_leaves_that_no_statement_proved_be_it_an_error(raised):
    def made(error):
        if error:
            raise error

    with pytest.raises(UnprovenError), facts.proving(holds("so")):
        made(raised)


def test_an_error_leaves_once_the_fact_is_proved():
    def made():
        facts.fetch_proving("n", ONE, plan_kept=True)
        raise ValueError("theirs")

    with pytest.raises(ValueError, match="theirs"), facts.proving(holds("so")):
        made()


def test_no_rows_prove_nothing():
    with pytest.raises(UnprovenError), facts.proving(holds("so")):
        facts.fetch_proving("n", Source(ONE.tables, (), "n > %s", (9,)), plan_kept=True)
