"""Find the person behind a key."""

from __future__ import annotations

from django.db.models import Q
from django.utils import timezone

from registry.models import ApiKey
from registry.tokens import digest


def usable_key(token: str) -> ApiKey | None:
    """Give the key with its user and roles, unless it is unknown, revoked, expired or its user is out."""
    now = timezone.now()
    return (
        ApiKey.objects.filter(
            Q(expires_at__isnull=True) | Q(expires_at__gt=now),
            digest=digest(token),
            revoked_at__isnull=True,
            user__is_active=True,
        )
        .select_related("user")
        .prefetch_related("user__groups")
        .first()
    )
