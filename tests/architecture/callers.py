"""Every kind of caller, and what one of them is answered."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import timedelta

import orjson
from django.contrib.auth.models import Group, Permission
from django.db import transaction
from django.test import Client
from django.utils import timezone

from registry.callers import scopes_of_roles
from registry.enums import Role, Scope, Tier
from registry.models import ApiKey, User
from tests.architecture.world import TIERS
from tests.factories.registry import ApiKeyFactory, UserFactory

CALLERS = {
    "anonymous": (None, "", ()),
    **{f"{tier} session": (tier, "session", ("viewer",)) for tier in TIERS},
    **{f"{tier} key": (tier, "key", ("viewer",)) for tier in TIERS},
    "lite curator session": (Tier.LITE, "session", ("curator", "operator")),
    "standard curator key": (Tier.STANDARD, "key", ("curator", "operator")),
    "lite staff session": (Tier.LITE, "staff session", ("curator", "operator")),
    "key of lite with request alone": (Tier.LITE, "request key", ("viewer",)),
    "lite key of a professional": (Tier.LITE, "capped key", ("viewer",)),
}
# Who sees the model of a tier is the same for all of these: what they may do is not.
WORKERS = {
    **{f"{role} session": (Tier.STANDARD, "session", (role,)) for role in Role.values},
    **{f"{role} key": (Tier.STANDARD, "key", (role,)) for role in Role.values},
    **{
        f"admin's key with {s} alone": (Tier.STANDARD, f"{s} key", ("admin",)) for s in Scope.values
    },
}
OUT = {
    "revoked key": (Tier.STANDARD, "revoked key", ("admin",)),
    "expired key": (Tier.STANDARD, "expired key", ("admin",)),
    "unknown key": (Tier.STANDARD, "unknown key", ("admin",)),
    "key of somebody who is out": (Tier.STANDARD, "key out", ("admin",)),
    "session of somebody who is out": (Tier.STANDARD, "session out", ("admin",)),
}
ALL = {**CALLERS, **WORKERS, **OUT}
_LONG_AGO = timezone.now() - timedelta(days=1)
_SPOILT = {
    "revoked key": {"revoked_at": _LONG_AGO},
    "expired key": {"expires_at": _LONG_AGO},
    "unknown key": {"digest": "0" * 64},
}


def client_of(kind: str) -> tuple[Client, dict[str, str], list[Tier]]:
    """A client, its headers, and the tiers whose models the caller may see."""
    tier, means, roles = ALL[kind]
    client = Client(raise_request_exception=False)
    if tier is None:
        return client, {}, []
    user: User = UserFactory(tier="professional" if means == "capped key" else tier)
    user.groups.set([Group.objects.get_or_create(name=role)[0] for role in roles])
    if means == "staff session":
        user.is_staff = True
        user.user_permissions.set(Permission.objects.all())
        user.save()
    if "session" in means:
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        headers = {}
    else:
        alone = means.removesuffix(" key")
        scopes = [alone] if alone in Scope.values else Scope.values
        spoilt = _SPOILT.get(means, {})
        key: ApiKey = ApiKeyFactory(user=user, scopes=scopes, tier_cap=tier, **spoilt)
        headers = {"Authorization": f"Bearer {key.token}"}
    if means.endswith(" out"):
        User.objects.filter(pk=user.pk).update(is_active=False)
    return client, headers, Tier.up_to(tier) if Scope.READ in scopes_of(kind) else []


def scopes_of(kind: str) -> frozenset[Scope]:
    """What the caller may do; nothing for one that counts no longer."""
    _, means, roles = ALL[kind]
    if kind in OUT or not roles:
        return frozenset()
    may = scopes_of_roles(set(roles))
    alone = means.removesuffix(" key")
    return may & {Scope(alone)} if alone in Scope.values else may


@contextmanager
def undone():
    """Whatever the block does to the rows is gone afterwards."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def send(client, headers, method, path, body):
    """Ask one thing; neither rows nor cookies are another ones afterwards."""
    kind, data = "application/json", b""
    if isinstance(body, str):
        kind, data = "application/x-www-form-urlencoded", body.encode()
    elif body is not None:
        data = orjson.dumps(body)
    cookies = client.cookies.copy()
    with undone():
        response = client.generic(
            method, path, data, content_type=kind if data else "", headers=headers
        )
        content = b"".join(response.streaming_content) if response.streaming else response.content
    client.cookies = cookies
    head = "\n".join(f"{name}: {value}" for name, value in response.headers.items())
    return response.status_code, f"{head}\n\n{content.decode(errors='replace')}"
