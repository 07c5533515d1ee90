"""Find the person behind a key."""

from __future__ import annotations

from dataclasses import dataclass

from django.db import connection
from django.db.models import Case, QuerySet, Value, When
from django.utils import timezone

from core.answers import facts
from core.answers.facts import Fact
from core.plans import planned
from registry.callers import Caller
from registry.models import ApiKey
from registry.tokens import digest

# Every request of every program begins with this, so it is one query, and written out: building
# it anew by the ORM took longer than the rest of the authentication.
_COLUMNS = """
  keys.id, keys.prefix, keys.scopes, keys.tier_cap,
  people.id, people.username, people.tier, people.is_superuser,
  ARRAY(SELECT roles.name FROM auth_group roles
    JOIN registry_user_groups has ON has.group_id = roles.id WHERE has.user_id = people.id
    ORDER BY roles.name)
"""
_FOUND = """
FROM registry_apikey keys JOIN registry_user people ON people.id = keys.user_id
WHERE keys.digest = %s AND keys.kind = 'token' AND keys.revoked_at IS NULL AND people.is_active
  AND (keys.expires_at IS NULL OR keys.expires_at > statement_timestamp())
"""
_LATELY = "keys.last_used_at > statement_timestamp() - interval '1 minute'"
_STATE = f"ROW({_COLUMNS})::text AS state"
_USABLE = f"SELECT {_COLUMNS}, coalesce({_LATELY}, false), {_STATE} {_FOUND}"
# An answer is sent again without noting a use, so only while one was noted lately.
_STILL_USABLE = f"SELECT {_STATE} {_FOUND} AND {_LATELY}"


@dataclass(frozen=True, slots=True)
class UsableKey:
    """A key that counts now, with what its person is."""

    id: int
    prefix: str
    scopes: tuple[str, ...]
    tier_cap: str
    used_lately: bool  # so that its use need not be noted again
    user_id: int
    username: str
    user_tier: str
    is_superuser: bool
    roles: frozenset[str]


def usable_key(token: str) -> UsableKey | None:
    """Give the key, unless it is unknown, revoked, expired or its person is out."""
    params = (digest(token),)
    with connection.cursor() as cursor, planned(kept=True):
        cursor.execute(_USABLE, params)
        row = cursor.fetchone()
    if row is None:
        return None
    key_id, prefix, scopes, cap, user_id, username, tier, is_superuser, roles, lately, state = row
    facts.asked_by(lambda: Fact(_STILL_USABLE, params, (state,), plan_kept=True))
    return UsableKey(
        id=key_id,
        prefix=prefix,
        scopes=tuple(scopes),
        tier_cap=cap,
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
