"""Find the person behind a key, and the keys of a person."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.models import Group
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import Case, OuterRef, Q, QuerySet, Value, When
from django.utils import timezone

from registry.callers import Caller
from registry.models import ApiKey
from registry.tokens import digest


@dataclass(frozen=True, slots=True)
class UsableKey:
    """A key with its person, and the names of the person's roles."""

    row: ApiKey
    roles: tuple[str, ...]


def usable_key(token: str) -> UsableKey | None:
    """Give the key, unless it is unknown, revoked, expired or its person is out.

    One query: every request of every program begins with it.
    """
    now = timezone.now()
    roles = Group.objects.filter(user=OuterRef("user_id")).order_by().values("name")
    row = (
        ApiKey.objects.filter(
            Q(expires_at__isnull=True) | Q(expires_at__gt=now),
            digest=digest(token),
            revoked_at__isnull=True,
            user__is_active=True,
        )
        .select_related("user")
        .annotate(roles=ArraySubquery(roles))
        .first()
    )
    return UsableKey(row, tuple(row.roles)) if row else None


def keys_of(caller: Caller) -> QuerySet[ApiKey]:
    """A person's own keys, each with its `status`: active, expired or revoked."""
    status = Case(
        When(revoked_at__isnull=False, then=Value("revoked")),
        When(expires_at__lte=timezone.now(), then=Value("expired")),
        default=Value("active"),
    )
    return ApiKey.objects.filter(user_id=caller.person).annotate(status=status)
