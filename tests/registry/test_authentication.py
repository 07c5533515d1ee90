"""From a request to a caller: the key first, then the session, never something weaker instead."""

from __future__ import annotations

import pytest
from django.contrib.auth.models import AnonymousUser
from django.test import RequestFactory
from django.utils import timezone
from rest_framework.exceptions import AuthenticationFailed

from registry.authentication import address_of, bearer_of, caller_of
from registry.callers import NOBODY
from registry.enums import Scope, Tier
from registry.models import ApiKey
from tests.factories.registry import ApiKeyFactory, ModelFactory

pytestmark = pytest.mark.django_db


def request_with(token="", *, user=None, scheme="Bearer", **meta):
    if token:
        meta["HTTP_AUTHORIZATION"] = f"{scheme} {token}"
    request = RequestFactory().get("/", **meta)
    request.user = user or AnonymousUser()
    return request


def test_nobody_may_nothing_and_sees_nothing():
    caller = caller_of(request_with())
    assert (caller.user_id, caller.tier, caller.scopes, caller.tiers) == (None, None, set(), [])


def test_a_session_has_all_that_its_person_may(person):
    user = person("standard", ("operator",))
    caller = caller_of(request_with(user=user))
    assert caller.name == user.username
    assert caller.tier == Tier.STANDARD
    assert caller.scopes == {Scope.READ, Scope.REQUEST, Scope.OPERATE}
    assert caller.key_prefix == ""


def test_a_superuser_may_everything_whatever_groups_they_are_in(person):
    caller = caller_of(request_with(user=person("lite", is_superuser=True)))
    assert caller.scopes == set(Scope)
    assert caller.tier == Tier.LITE, "a tier is not a right: even an admin sees their tier alone"


def test_a_group_of_another_program_gives_nothing(person):
    user = person()
    user.groups.create(name="some-team")
    assert caller_of(request_with(user=user)).scopes == {Scope.READ, Scope.REQUEST}


def test_the_key_wins_over_the_session(person):
    key = ApiKeyFactory(user__tier="lite")
    caller = caller_of(request_with(key.token, user=person("professional", ("admin",))))
    assert caller.name == key.user.username
    assert caller.tier == Tier.LITE
    assert caller.scopes == {Scope.READ}
    assert caller.key_prefix == key.prefix


@pytest.mark.parametrize("scheme", ["Bearer", "bearer", "BEARER"])
def test_the_scheme_may_be_written_in_any_case(scheme):
    assert caller_of(request_with(ApiKeyFactory().token, scheme=scheme)).key_prefix


@pytest.mark.parametrize("scheme", ["Basic", "Token", "Digest"])
def test_another_scheme_is_not_ours(scheme):
    assert bearer_of(request_with("x", scheme=scheme)) == ""


def unknown(_):
    return "hf_" + "x" * 40


def revoked(key):
    ApiKey.objects.filter(pk=key.pk).update(revoked_at=timezone.now())
    return key.token


def expired(key):
    ApiKey.objects.filter(pk=key.pk).update(expires_at=timezone.now())
    return key.token


def of_somebody_gone(key):
    type(key.user).objects.filter(pk=key.user_id).update(is_active=False)
    return key.token


UNUSABLE = [unknown, revoked, expired, of_somebody_gone]


@pytest.mark.parametrize("spoil", UNUSABLE)
def test_a_key_that_cannot_be_used_never_falls_back_to_the_session(person, spoil):
    token = spoil(ApiKeyFactory())
    with pytest.raises(AuthenticationFailed):
        caller_of(request_with(token, user=person("professional", ("admin",))))


@pytest.mark.parametrize("spoil", UNUSABLE)
def test_nor_to_the_open_catalog(spoil, settings):
    settings.OPEN_CATALOG = True
    with pytest.raises(AuthenticationFailed):
        caller_of(request_with(spoil(ApiKeyFactory())))


@pytest.mark.parametrize("spoil", UNUSABLE)
@pytest.mark.parametrize("path", ["/api/v1/models", "/api/v1/workflows", "/metrics"])
def test_the_api_answers_such_a_key_with_401(signed_in, spoil, path):
    """Also in a browser whose session could read it."""
    client = signed_in("professional", ("admin",))
    assert client.get(path).status_code == 200
    answer = client.get(path, headers={"Authorization": f"Bearer {spoil(ApiKeyFactory())}"})
    assert answer.status_code == 401
    assert answer["WWW-Authenticate"].startswith("Bearer")
    assert answer["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "not_authenticated"


@pytest.mark.parametrize("path", ["/models/", "/keys/", "/"])
def test_a_page_answers_such_a_key_with_401_too(signed_in, path):
    client = signed_in("professional", ("admin",))
    answer = client.get(path, headers={"Authorization": "Bearer hf_nobody"})
    assert answer.status_code == 401
    assert "not_authenticated" in answer.content.decode()


def test_a_caller_is_worked_out_once(django_assert_num_queries):
    request = request_with(ApiKeyFactory().token)
    first = caller_of(request)
    with django_assert_num_queries(0):
        assert caller_of(request) is first


def test_the_open_catalog_shows_the_lite_tier_to_everybody_and_lets_them_only_read(settings):
    settings.OPEN_CATALOG = True
    caller = caller_of(request_with())
    assert caller.tiers == [Tier.LITE]
    assert caller.scopes == {Scope.READ}
    assert caller.user_id is None


def test_the_open_catalog_lists_lite_models_alone(client, settings):
    for tier in Tier:
        ModelFactory(repo_id=f"acme/{tier}", tier=tier)
    assert client.get("/api/v1/models").status_code == 401
    settings.OPEN_CATALOG = True
    found = client.get("/api/v1/models").json()
    assert "acme/lite" in str(found)
    assert "acme/standard" not in str(found)
    assert client.post("/api/v1/models", {}, content_type="application/json").status_code == 401


@pytest.mark.parametrize(
    ("trusted", "forwarded", "address"),
    [
        (False, "203.0.113.9", "127.0.0.1"),
        (True, "203.0.113.9", "203.0.113.9"),
        (True, "198.51.100.1, 203.0.113.9", "203.0.113.9"),
        (True, "", "127.0.0.1"),
        (True, " ,", None),
    ],
)
def test_only_what_the_front_itself_says_of_an_address_is_believed(
    settings, trusted, forwarded, address
):
    settings.TRUST_FRONT = trusted
    assert address_of(request_with(HTTP_X_FORWARDED_FOR=forwarded)) == address


def test_nobody_is_still_known_by_their_address():
    caller = caller_of(request_with())
    assert caller.address == "127.0.0.1"
    assert caller.name == NOBODY.name == "anonymous"
