"""Create, use and revoke keys."""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime

from django.db import IntegrityError, transaction
from django.db.models import Q
from django.utils import timezone

from core.errors import ConflictError, InvalidInputError, NotPermittedError
from registry import audit, tokens
from registry.callers import Caller
from registry.enums import KeyKind, Scope, Tier
from registry.models import ApiKey, User
from registry.ssh_keys import read_public_key


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
    wanted = _allowed(caller, scopes, tier_cap, expires_at)
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
    _note_made(caller, key)
    return key, token


@transaction.atomic
def register_ollama_key(
    *,
    caller: Caller,
    user: User,
    name: str,
    public_key: str,
    tier_cap: str,
    expires_at: datetime | None = None,
) -> ApiKey:
    """Let the Ollama that has the other half of this key read, as far as its maker may.

    Nothing here is secret. A public key speaks for one person; one that ended may be used again.
    """
    wanted = _allowed(caller, [Scope.READ], tier_cap, expires_at)
    public = read_public_key(public_key)
    _make_room(public.digest)
    try:
        with transaction.atomic():
            key = ApiKey.objects.create(
                user=user,
                kind=KeyKind.OLLAMA,
                name=name.strip()[:80] or "Ollama",
                prefix=public.fingerprint,
                digest=public.digest,
                public_key=public.text,
                scopes=sorted(wanted),
                tier_cap=tier_cap,
                expires_at=expires_at,
            )
    except IntegrityError as error:
        raise ConflictError("This public key is registered already.", field="public_key") from error
    _note_made(caller, key)
    return key


def _make_room(digest: str) -> None:
    """Let go of the public key of rows that ended; they stay as what they were."""
    ended = Q(revoked_at__isnull=False) | Q(expires_at__lte=timezone.now())
    for key in ApiKey.objects.select_for_update().filter(ended, digest=digest):
        key.digest = tokens.digest(f"{digest} of {key.pk}")
        key.save(update_fields=["digest"])


def _note_made(caller: Caller, key: ApiKey) -> None:
    audit.record(
        actor=caller,
        action="key.create",
        subject_type="key",
        subject=f"{key.user.username}/{key.prefix}",
        details={"scopes": key.scopes, "tier_cap": key.tier_cap, "kind": key.kind},
    )


def _allowed(
    caller: Caller, scopes: Iterable[str], tier_cap: str, expires_at: datetime | None
) -> set[Scope]:
    """Give the scopes of a key that its maker may make; raise why not."""
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
    return wanted


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
