"""Keys: never more than their maker, shown once, ended at once."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from django.utils import timezone

from core.errors import InvalidInputError, NotPermittedError
from registry.authentication import caller_of, caller_of_key
from registry.callers import NOBODY
from registry.enums import Scope, Tier
from registry.models import ApiKey, AuditEvent, User
from registry.selectors.keys import keys_of, usable_key
from registry.services.keys import create_key, revoke_key
from registry.tokens import digest, new_token
from tests.factories.registry import ApiKeyFactory

pytestmark = pytest.mark.django_db
ALL = [scope.value for scope in Scope]


@pytest.fixture
def make(caller):
    """A key made by a person of a tier and roles, for themselves."""

    def make_key(tier="professional", roles=(), **values):
        maker = caller(tier, roles)
        given = {"name": "laptop", "scopes": ["read"], "tier_cap": tier, **values}
        return create_key(caller=maker, user=User.objects.get(pk=maker.user_id), **given)

    return make_key


def test_a_token_is_one_that_every_hub_client_takes():
    tokens = {new_token() for _ in range(50)}
    assert len(tokens) == 50
    assert all(re.fullmatch(r"hf_[A-Za-z0-9]{40}", token) for token in tokens)


def test_the_token_is_kept_nowhere(make):
    key, token = make()
    row = ApiKey.objects.values().get(pk=key.pk)
    assert row["digest"] == digest(token)
    assert not [name for name, value in row.items() if token in str(value)]
    assert token.startswith(row["prefix"])
    assert len(row["prefix"]) == 8, "five letters of forty help nobody to guess the rest"


def test_making_a_key_is_in_the_audit_trail_without_the_token(make):
    key, token = make(scopes=["read", "request"], tier_cap="lite")
    event = AuditEvent.objects.get(action="key.create")
    assert event.subject == f"{key.user.username}/{key.prefix}"
    assert event.details == {"scopes": ["read", "request"], "tier_cap": "lite"}
    assert token not in str(AuditEvent.objects.values().get(pk=event.pk))


ALLOWED = {
    (): {"read", "request"},
    ("viewer",): {"read", "request"},
    ("operator",): {"read", "request", "operate"},
    ("curator",): {"read", "request", "curate"},
    ("operator", "curator"): {"read", "request", "operate", "curate"},
    ("admin",): set(ALL),
}


@pytest.mark.parametrize("roles", ALLOWED)
@pytest.mark.parametrize("scope", ALL)
def test_a_key_has_no_scope_that_its_maker_lacks(make, roles, scope):
    if scope in ALLOWED[roles]:
        key, _ = make(roles=roles, scopes=[scope])
        assert key.scopes == [scope]
        return
    with pytest.raises(NotPermittedError, match=f"the scope {scope}") as refused:
        make(roles=roles, scopes=["read", scope])
    assert refused.value.details["field"] == "scopes"
    assert not ApiKey.objects.exists()


@pytest.mark.parametrize("tier", Tier.values)
@pytest.mark.parametrize("cap", Tier.values)
def test_a_key_has_no_tier_above_its_maker(make, tier, cap):
    if cap in Tier.up_to(tier):
        assert make(tier, tier_cap=cap)[0].tier_cap == cap
        return
    with pytest.raises(NotPermittedError, match=f"the tier {cap}"):
        make(tier, tier_cap=cap)
    assert not ApiKey.objects.exists()


@pytest.mark.parametrize(
    ("values", "field", "says"),
    [
        ({"scopes": []}, "scopes", "at least one scope"),
        ({"scopes": ["everything"]}, "scopes", "No scope 'everything'; known: read, request"),
        ({"tier_cap": "gold"}, "tier_cap", "no tier 'gold'"),
        ({"tier_cap": ""}, "tier_cap", "no tier ''"),
        ({"expires_at": timezone.now() - timedelta(seconds=1)}, "expires_at", "in the past"),
    ],
)
def test_a_wrong_wish_is_refused_by_its_field(make, values, field, says):
    with pytest.raises(InvalidInputError, match=says) as refused:
        make(**values)
    assert refused.value.details["field"] == field
    assert not ApiKey.objects.exists()


def test_whoever_has_not_signed_in_makes_no_key(person):
    with pytest.raises(NotPermittedError):
        create_key(caller=NOBODY, user=person(), name="x", scopes=["read"], tier_cap="lite")


def test_a_name_is_cut_and_never_empty(make):
    assert len(make(name="n" * 300)[0].name) == 80
    assert make(name="   ")[0].name == "key"


def test_a_key_finds_its_person_and_their_roles(make, django_assert_num_queries):
    key, token = make("standard", ("curator", "operator"), scopes=["read"])
    with django_assert_num_queries(1):
        found = usable_key(token)
    assert found.id == key.pk
    assert (found.user_id, found.username) == (key.user.pk, key.user.username)
    assert (found.user_tier, found.tier_cap, set(found.scopes)) == (
        "standard",
        "standard",
        {"read"},
    )
    assert set(found.roles) == {"curator", "operator"}


def test_a_key_that_is_nobodys_is_not_found(make):
    make()
    for token in ("", "hf_", new_token(), "not a token", "\0"):
        assert usable_key(token) is None


def test_a_key_ends_at_its_time(make):
    key, token = make(expires_at=timezone.now() + timedelta(hours=1))
    assert usable_key(token)
    ApiKey.objects.filter(pk=key.pk).update(expires_at=timezone.now())
    assert usable_key(token) is None


def test_a_revoked_key_ends_at_once_and_its_end_is_recorded_once(make, caller):
    key, token = make()
    admin = caller(roles=("admin",))
    revoke_key(caller=admin, key=key)
    assert usable_key(token) is None
    ended = ApiKey.objects.get(pk=key.pk).revoked_at
    revoke_key(caller=admin, key=key)
    assert ApiKey.objects.get(pk=key.pk).revoked_at == ended
    event = AuditEvent.objects.get(action="key.revoke")
    assert event.actor == admin.name
    assert event.subject == f"{key.user.username}/{key.prefix}"


def test_a_key_ends_with_its_person(make):
    key, token = make()
    User.objects.filter(pk=key.user_id).update(is_active=False)
    assert usable_key(token) is None


@pytest.mark.parametrize("person_tier", Tier.values)
@pytest.mark.parametrize("cap", Tier.values)
def test_the_tier_of_a_key_is_the_lower_of_its_cap_and_its_persons_tier_now(person_tier, cap):
    key = ApiKeyFactory(user__tier=person_tier, tier_cap=cap)
    assert caller_of_key(usable_key(key.token)).tier == Tier.lowest(person_tier, cap)


def test_a_key_loses_what_its_person_loses(make):
    key, token = make("professional", ("curator",), scopes=["read", "curate"])
    assert caller_of_key(usable_key(token)).may(Scope.CURATE)
    key.user.groups.clear()
    User.objects.filter(pk=key.user_id).update(tier="lite")
    caller = caller_of_key(usable_key(token))
    assert caller.scopes == {Scope.READ}
    assert caller.tier == Tier.LITE


def test_the_last_use_is_noted_at_most_once_a_minute(rf):
    key = ApiKeyFactory()

    def used():
        caller_of(rf.get("/", headers={"Authorization": f"Bearer {key.token}"}))
        key.refresh_from_db()
        return key.last_used_at

    assert key.last_used_at is None
    first = used()
    assert first is not None
    assert used() == first
    earlier = first - timedelta(minutes=2)
    ApiKey.objects.filter(pk=key.pk).update(last_used_at=earlier)
    assert used() > earlier


def test_a_list_of_keys_is_a_persons_own_with_their_state(caller):
    me = caller()
    mine = User.objects.get(pk=me.user_id)
    past = timezone.now() - timedelta(days=1)
    ApiKeyFactory(user=mine, name="good")
    ApiKeyFactory(user=mine, name="late", expires_at=past)
    ApiKeyFactory(user=mine, name="gone", revoked_at=past, expires_at=past)
    ApiKeyFactory(name="somebody else's")
    found = {key.name: key.status for key in keys_of(me)}
    assert found == {"good": "active", "late": "expired", "gone": "revoked"}
    assert not keys_of(NOBODY).exists()


def test_the_public_key_of_an_ollama_is_no_token():
    text = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPublicHalf"
    key = ApiKeyFactory(token=text, kind="ollama", public_key=text)
    assert usable_key(key.token) is None
    ApiKey.objects.filter(pk=key.pk).update(kind="token", public_key="")
    assert usable_key(key.token) is not None
