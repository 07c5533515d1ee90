"""Find the person behind a key."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final

from django.db.models import Case, QuerySet, Value, When
from django.utils import timezone

from core.answers import facts
from core.answers.facts import Fact
from core.kept import Kept
from core.plans import fetch
from registry.callers import Caller
from registry.models import ApiKey
from registry.tokens import digest

# Every request of every program begins with this, so it is one query, and written out: building
# it anew by the ORM took longer than the rest of the authentication.
_COLUMNS = """
  keys.id, keys.prefix, keys.scopes, keys.tier_cap, keys.rate,
  people.id, people.username, people.tier, people.is_superuser,
  ARRAY(SELECT roles.name FROM auth_group roles
    JOIN registry_user_groups has ON has.group_id = roles.id WHERE has.user_id = people.id
    ORDER BY roles.name)
"""
_FROM = "FROM registry_apikey keys JOIN registry_user people ON people.id = keys.user_id"
_COUNTS = """
  keys.revoked_at IS NULL AND people.is_active
  AND (keys.expires_at IS NULL OR keys.expires_at > statement_timestamp())
"""
_FOUND = f"{_FROM} WHERE keys.digest = %s AND keys.kind = 'token' AND {_COUNTS}"
_LATELY = "keys.last_used_at > statement_timestamp() - interval '1 minute'"
_STATE = f"ROW({_COLUMNS})::text AS state"
_TOLD = f"SELECT {_COLUMNS}, coalesce({_LATELY}, false), {_STATE}"
_USABLE = f"{_TOLD} {_FOUND}"
_BY_ID = f"{_TOLD} {_FROM} WHERE keys.id = %s AND {_COUNTS}"
_OLLAMA = f"{_TOLD} {_FROM} WHERE keys.digest = %s AND keys.kind = 'ollama' AND {_COUNTS}"
# An answer is sent again without noting a use, so only while one was noted lately.
_STILL_USABLE = f"SELECT {_STATE} {_FOUND} AND {_LATELY}"


@dataclass(frozen=True, slots=True)
class UsableKey:
    """A key that counts now, with what its person is."""

    id: int
    prefix: str
    scopes: tuple[str, ...]
    tier_cap: str
    rate: int | None  # requests in a window, where it has its own number
    used_lately: bool  # so that its use need not be noted again
    user_id: int
    username: str
    user_tier: str
    is_superuser: bool
    roles: frozenset[str]


@dataclass(frozen=True, slots=True)
class ToldKey:
    """A key as it was, and the question whether it still is; asked, it also needs no new note."""

    key: UsableKey
    proof: Fact


_told: Final[Kept[str, ToldKey]] = Kept(1024)


def usable_key(token: str) -> UsableKey | None:
    """Give the key, unless it is unknown, revoked, expired or its person is out."""
    params = (digest(token),)
    row = _row(_USABLE, params)
    if row is None:
        _told.drop(params[0])
        return None
    key, proof = _key(row), Fact(_STILL_USABLE, params, (row[-1],), plan_kept=True)
    facts.asked_by(lambda: proof)
    _told.put(params[0], ToldKey(key, proof))
    return key


def key_told_last(token: str) -> ToldKey | None:
    """Give the key as its row told it last in this process; it counts only while its proof does."""
    return _told.get(digest(token))


def usable_key_by_id(key_id: int) -> UsableKey | None:
    """Give the key that a token was made for, unless it counts no more."""
    row = _row(_BY_ID, (key_id,))
    return None if row is None else _key(row)


def key_for_ollama(key_digest: str) -> UsableKey | None:
    """Give the key whose public half has this digest, unless it is unknown or counts no more."""
    row = _row(_OLLAMA, (key_digest,))
    return None if row is None else _key(row)


def _row(query: str, params: tuple[str | int, ...]) -> tuple[Any, ...] | None:
    return next(iter(fetch(query, params)), None)


def _key(row: tuple[Any, ...]) -> UsableKey:
    key_id, prefix, scopes, cap, rate, user_id, username, tier, is_superuser, *rest = row
    roles, lately, _ = rest
    return UsableKey(
        id=key_id,
        prefix=prefix,
        scopes=tuple(scopes),
        tier_cap=cap,
        rate=rate,
        used_lately=lately,
        user_id=user_id,
        username=username,
        user_tier=tier,
        is_superuser=is_superuser,
        roles=frozenset(roles),
    )


def keys_of(caller: Caller) -> QuerySet[ApiKey]:
    """A person's own keys, each with its `status`: active, expired or revoked."""
    status = Case(
        When(revoked_at__isnull=False, then=Value("revoked")),
        When(expires_at__lte=timezone.now(), then=Value("expired")),
        default=Value("active"),
    )
    return ApiKey.objects.filter(user_id=caller.person).annotate(status=status)
