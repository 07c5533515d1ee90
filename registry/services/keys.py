"""Create, use and revoke keys."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import transaction
from django.utils import timezone

from core.errors import InvalidInputError, NotPermittedError
from registry import audit, tokens
from registry.callers import Caller
from registry.enums import Scope, Tier
from registry.models import ApiKey, User


@transaction.atomic
def create_key(
    *,
    caller: Caller,
    user: User,
    name: str,
    scopes: Iterable[str],
    tier_cap: str,
    expires_at: datetime | None = None,
) -> tuple[ApiKey, str]:
    """Make a key that can do no more than its maker; the token is given back this once."""
    wanted = {_scope(scope) for scope in scopes}
    if not wanted:
        raise InvalidInputError("A key needs at least one scope.", field="scopes")
    if too_much := sorted(wanted - caller.scopes):
        raise NotPermittedError(f"You may not give the scope {too_much[0]}.", field="scopes")
    if tier_cap not in Tier.values:
        raise InvalidInputError(f"There is no tier {tier_cap!r}.", field="tier_cap")
    if not caller.sees(tier_cap):
        raise NotPermittedError(f"You may not give the tier {tier_cap}.", field="tier_cap")
    if expires_at is not None and expires_at <= timezone.now():
        raise InvalidInputError("The end date is in the past.", field="expires_at")
    token = tokens.new_token()
    key = ApiKey.objects.create(
        user=user,
        name=name.strip()[:80] or "key",
        prefix=token[:8],
        digest=tokens.digest(token),
        scopes=sorted(wanted),
        tier_cap=tier_cap,
        expires_at=expires_at,
    )
    audit.record(
        actor=caller,
        action="key.create",
        subject_type="key",
        subject=f"{user.username}/{key.prefix}",
        details={"scopes": key.scopes, "tier_cap": tier_cap},
    )
    return key, token


def _scope(word: str) -> Scope:
    try:
        return Scope(word)
    except ValueError:
        known = ", ".join(Scope.values)
        raise InvalidInputError(f"No scope {word!r}; known: {known}", field="scopes") from None


@transaction.atomic
def revoke_key(*, caller: Caller, key: ApiKey) -> None:
    """End a key at once. Revoking twice changes nothing."""
    changed = ApiKey.objects.filter(pk=key.pk, revoked_at__isnull=True).update(
        revoked_at=timezone.now()
    )
    if changed:
        audit.record(
            actor=caller,
            action="key.revoke",
            subject_type="key",
            subject=f"{key.user.username}/{key.prefix}",
        )


def note_use(key_id: int) -> None:
    """Remember that a key was used now; whoever asks does so at most once a minute."""
    ApiKey.objects.filter(pk=key_id).update(last_used_at=timezone.now())
