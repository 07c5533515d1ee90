"""Refused attempts are in the audit trail once an hour, whichever edge refused them."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import Group
from django.core.cache import cache

from core.errors import UpstreamForbiddenError
from core.problems import problem_json
from registry import audit
from registry.models import AccessRequest, AuditEvent, User
from tests.factories.registry import ApiKeyFactory, ModelFactory, UserFactory, VersionFactory
from tests.services.ports import free_ports

pytestmark = pytest.mark.django_db


@pytest.fixture
def send(client):
    def send(path, *, key=None, method="GET"):
        headers = {"Authorization": f"Bearer {key.token}"} if key else {}
        return client.generic(method, path, headers=headers)

    return send


def refusals():
    return list(AuditEvent.objects.filter(outcome="refused").order_by("id"))


def wanted(user, *, tier="professional"):
    """A model above the tier of somebody who asked for it."""
    model = VersionFactory(model=ModelFactory(tier=tier), files={"a": b"a"}).model
    AccessRequest.objects.create(user=user, model=model, tier="lite")
    return model


def test_a_scope_that_is_missing_is_recorded_by_route_not_by_address(send):
    key = ApiKeyFactory(scopes=["request"])
    for name in ("one", "two", "three"):
        assert send(f"/api/v1/models/{name}", key=key).status_code == 403
    (event,) = refusals()
    assert (event.action, event.subject_type) == ("access.refused", "route")
    assert event.subject.startswith("GET api/v1/models/<")
    assert event.reason == "This needs the scope read."
    assert (event.actor, event.key_prefix) == (key.user.username, key.prefix)
    assert event.details["path"] == "/api/v1/models/one"


def test_a_model_of_a_higher_tier_is_recorded_in_rest_and_pages(send, client):
    user = UserFactory(tier="lite")
    user.groups.add(Group.objects.get_or_create(name="viewer")[0])
    model = wanted(user)
    assert send(f"/api/v1/models/{model.slug}", key=ApiKeyFactory(user=user)).status_code == 403
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    assert client.get(f"/models/{model.slug}/").status_code == 403
    assert client.get("/approvals/").status_code == 403
    words = [(event.subject.split(" ")[0], event.reason) for event in refusals()]
    tier = f"{model.repo_id} is for tier professional and above."
    assert words == [("GET", tier), ("GET", tier), ("GET", "Only a curator may decide this.")]


def test_a_loop_leaves_one_event_and_another_reason_another(send):
    user = UserFactory(tier="lite")
    first, second = wanted(user), wanted(user, tier="standard")
    key = ApiKeyFactory(user=user)
    for _ in range(5):
        for model in (first, second):
            assert send(f"/api/v1/models/{model.slug}", key=key).status_code == 403
            assert send(f"/hf/{model.repo_id}/resolve/main/a", key=key).status_code == 403
    assert [event.action for event in refusals()] == ["access.refused", "hub.refused"] * 2
    other = ApiKeyFactory(user=User.objects.get(pk=user.pk), prefix="hf_other")
    send(f"/api/v1/models/{first.slug}", key=other)
    assert len(refusals()) == 5
    assert list(audit.broken_links()) == []


def test_after_an_hour_it_is_recorded_again(send):
    key = ApiKeyFactory(scopes=["request"])
    send("/api/v1/models", key=key)
    names = [name.removeprefix(cache.make_key("")) for name in kept()]
    assert names
    assert all(0 < cache._cache.get_client().ttl(name) <= 3600 for name in kept())
    for name in names:
        cache.delete(name)
    send("/api/v1/models", key=key)
    assert len(refusals()) == 2


def kept():
    return [name.decode() for name in cache._cache.get_client().keys("*once:*")]


def test_a_key_that_may_not_read_is_recorded_under_the_hub_protocol(send):
    key = ApiKeyFactory(scopes=["request"])
    for name in ("a/b", "c/d"):
        assert send(f"/hf/api/models/{name}", key=key).status_code == 403
    (event,) = refusals()
    assert (event.action, event.reason) == (
        "hub.refused",
        "This key may not read: it lacks the scope read.",
    )


def test_what_is_hidden_missing_or_without_a_key_is_no_refusal(send):
    hidden = VersionFactory(model=ModelFactory(tier="professional"), files={"a": b"a"}).model
    key = ApiKeyFactory(user__tier="lite")
    assert send(f"/api/v1/models/{hidden.slug}", key=key).status_code == 404
    assert send(f"/hf/{hidden.repo_id}/resolve/main/a", key=key).status_code == 404
    assert send("/api/v1/models").status_code == 401
    assert send("/hf/api/models").status_code == 401
    assert refusals() == []


def test_what_a_source_refuses_is_no_refusal_of_ours():
    response = problem_json(UpstreamForbiddenError("gated"))
    assert response.status_code == 403
    assert not hasattr(response, "refusal")


def test_while_the_broker_is_away_each_refusal_is_recorded(send, settings):
    away = f"redis://127.0.0.1:{free_ports(1)[0]}/0"
    settings.CACHES = {"default": settings.CACHES["default"] | {"LOCATION": away}}
    key = ApiKeyFactory(scopes=["request"])
    for _ in range(2):
        assert send("/api/v1/models", key=key).status_code == 403
    assert len(refusals()) == 2
