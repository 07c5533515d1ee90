"""Every kind of caller, and what one of them is answered."""

from __future__ import annotations

from contextlib import contextmanager

import orjson
from django.contrib.auth.models import Group, Permission
from django.db import transaction
from django.test import Client

from registry.enums import Tier
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


def client_of(kind: str) -> tuple[Client, dict[str, str], list[Tier]]:
    tier, means, roles = CALLERS[kind]
    client = Client(raise_request_exception=False)
    if tier is None:
        return client, {}, []
    user: User = UserFactory(tier="professional" if means == "capped key" else tier)
    user.groups.set([Group.objects.get_or_create(name=role)[0] for role in roles])
    sees = Tier.up_to(tier)
    if means == "staff session":
        user.is_staff = True
        user.user_permissions.set(Permission.objects.all())
        user.save()
    if means.endswith("session"):
        client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
        return client, {}, sees
    scopes = {"request key": ["request"]}.get(means, ["read", "request", "operate", "curate"])
    key: ApiKey = ApiKeyFactory(user=user, scopes=scopes, tier_cap=tier)
    return client, {"Authorization": f"Bearer {key.token}"}, [] if means == "request key" else sees


@contextmanager
def undone():
    """Whatever the block does to the rows is gone afterwards."""
    with transaction.atomic():
        yield
        transaction.set_rollback(True)


def send(client, headers, method, path, body):
    kind, data = "application/json", b""
    if isinstance(body, str):
        kind, data = "application/x-www-form-urlencoded", body.encode()
    elif body is not None:
        data = orjson.dumps(body)
    with undone():
        response = client.generic(
            method, path, data, content_type=kind if data else "", headers=headers
        )
        content = b"".join(response.streaming_content) if response.streaming else response.content
    head = "\n".join(f"{name}: {value}" for name, value in response.headers.items())
    return response.status_code, f"{head}\n\n{content.decode(errors='replace')}"
