from __future__ import annotations

from datetime import timedelta

import pytest
from django.utils import timezone

from catalog.models import ModelEvent, Watch
from registry.models import ModelVersion
from registry.seeds import seed
from registry.services.gates import decide, record_gate
from tests.catalog.test_api_models import problem
from tests.factories.registry import VersionFactory

BASE = "/api/v1/models/acme--one"


@pytest.fixture
def watched(make_model):
    seed()
    model = make_model()
    Watch.objects.create(
        model=model, next_check_at=timezone.now() + timedelta(days=1), last_commit="a" * 40
    )
    return model


def happened(model, count=1):
    start = timezone.now()
    for number in range(count):
        ModelEvent.objects.create(
            model=model, kind="renamed", text=f"No. {number}", at=start + timedelta(seconds=number)
        )


def test_how_a_model_is_looked_after_is_told_and_its_rule_set(ask, make_key, watched):
    shown = ask(f"{BASE}/watch", key=make_key()).json()
    assert (shown["watched"], shown["rule"], shown["upstream_commit"]) == (True, "notify", "a" * 40)
    body = {"rule": "import", "reason": "wanted"}
    for role in ("curator", "operator"):
        changed = ask(f"{BASE}/watch", key=make_key(role=role), method="PATCH", body=body)
        assert (changed.status_code, changed.json()["rule"]) == (200, "import")
    refused = ask(f"{BASE}/watch", key=make_key(), method="PATCH", body=body)
    problem(refused, 403, "not_permitted")
    body = {"rule": "sometimes"}
    refused = ask(f"{BASE}/watch", key=make_key(role="curator"), method="PATCH", body=body)
    problem(refused, 400, "invalid_input")


def test_a_model_that_nobody_looks_at_says_so(ask, make_key, make_model):
    make_model()
    shown = ask(f"{BASE}/watch", key=make_key()).json()
    assert (shown["watched"], shown["rule"]) == (False, None)
    key = make_key(role="curator")
    problem(ask(f"{BASE}/watch/check", key=key, method="POST"), 409, "conflict")
    body = {"rule": "import"}
    problem(ask(f"{BASE}/watch", key=key, method="PATCH", body=body), 409, "conflict")


def test_a_look_can_be_asked_for(ask, make_key, watched):
    answer = ask(f"{BASE}/watch/check", key=make_key(role="operator"), method="POST")
    assert answer.status_code == 202
    assert Watch.objects.get().next_check_at <= timezone.now()


def test_events_have_pages_newest_first_and_are_noted(ask, make_key, watched):
    happened(watched, 3)
    key = make_key(role="operator")
    first = ask(f"{BASE}/events?limit=2", key=key).json()
    second = ask(first["next"], key=key).json()
    texts = [event["text"] for event in first["results"] + second["results"]]
    assert (texts, second["next"]) == (["No. 2", "No. 1", "No. 0"], None)
    path = f"{BASE}/events/{first['results'][0]['id']}/seen"
    noted = ask(path, key=key, method="POST").json()
    assert (noted["seen_by"], noted["seen_at"] is not None) == (key.user.username, True)
    problem(ask(path, key=make_key(), method="POST"), 403, "not_permitted")
    problem(ask(f"{BASE}/events/999999/seen", key=key, method="POST"), 404, "not_found")


@pytest.mark.parametrize("count", [1, 10])
def test_events_take_the_same_queries_whatever_their_number(
    ask, make_key, watched, django_assert_max_num_queries, count
):
    happened(watched, count)
    key = make_key()
    ask(f"{BASE}/events", key=key)
    with django_assert_max_num_queries(4):
        assert len(ask(f"{BASE}/events", key=key).json()["results"]) == count


def test_main_is_rolled_back_and_released(ask, make_key, watched):
    VersionFactory(model=watched, files={"x": b"2"})
    key = make_key(role="curator")
    before = ask(f"{BASE}/main", key=key).json()
    assert (before["version"], before["kept"]) == (2, False)
    body = {"version": "1", "reason": "v2 is broken"}
    rolled = ask(f"{BASE}/main", key=key, method="PUT", body=body).json()
    assert (rolled["version"], rolled["kept"]) == (1, True)
    assert (rolled["reason"], rolled["kept_by"]) == ("v2 is broken", key.user.username)
    assert ask(BASE, key=key).json()["version"] == 1
    listed = ask("/api/v1/models", key=key).json()["results"]
    assert [row["version"] for row in listed] == [1]
    problem(ask(f"{BASE}/main", key=key, method="DELETE"), 400, "invalid_input")
    released = ask(f"{BASE}/main?reason=fixed", key=key, method="DELETE").json()
    assert (released["version"], released["kept"]) == (2, False)
    problem(ask(f"{BASE}/main?reason=x", key=key, method="DELETE"), 409, "conflict")
    problem(ask(f"{BASE}/main", key=make_key(), method="PUT", body=body), 403, "not_permitted")


@pytest.fixture
def waiting(watched):
    version = VersionFactory(
        model=watched, files={"x": b"2"}, admission="pending", parent=watched.head
    )
    ModelVersion.objects.filter(pk=version.pk).update(needs_curator=True)
    for gate in ("source", "integrity", "malware", "license", "metadata"):
        record_gate(version=version, gate=gate, outcome="passed")
    return decide(version=version)


def test_a_waiting_version_is_admitted_by_a_curator_with_a_reason(ask, make_key, waiting):
    path, body = f"{BASE}/versions/2/admit", {"reason": "read it"}
    assert waiting.admission == "held"
    problem(ask(path, key=make_key(), method="POST", body=body), 403, "not_permitted")
    curator = make_key(role="curator")
    problem(ask(path, key=curator, method="POST", body={}), 400, "invalid_input")
    shown = ask(path, key=curator, method="POST", body=body).json()
    assert (shown["version"], shown["status"]) == (2, "admitted")
    assert ask(f"{BASE}/main", key=curator).json()["version"] == 2
    problem(ask(path, key=curator, method="POST", body=body), 409, "conflict")


@pytest.mark.parametrize("path", ["watch", "events", "main"])
def test_nothing_is_told_of_a_hidden_model(ask, make_key, make_model, path):
    make_model(tier="professional")
    problem(ask(f"{BASE}/{path}", key=make_key(tier="lite")), 404, "not_found")
