"""Find the person behind a key."""

from __future__ import annotations

from dataclasses import dataclass

from django.contrib.auth.models import Group
from django.contrib.postgres.expressions import ArraySubquery
from django.db.models import OuterRef, Q
from django.utils import timezone

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
