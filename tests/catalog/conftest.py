from __future__ import annotations

from datetime import UTC, datetime, timedelta

import orjson
import pytest
from django.contrib.auth.models import Group

from registry.enums import Scope
from tests.factories.registry import ApiKeyFactory, ModelFactory, UserFactory, VersionFactory
from tests.services.seaweed import seaweed
from tests.standins.fixture import start_upstream, upstream
from tests.standins.yard import make_yard, yard

__all__ = ["make_yard", "seaweed", "start_upstream", "upstream", "yard"]
EPOCH = datetime(2026, 1, 1, tzinfo=UTC)


@pytest.fixture
def make_key(db):
    """A key of a person with a role; it may all that the role may, unless scopes are given."""

    def make(*, tier="professional", role="viewer", scopes=None, user=None, **values):
        user = user or UserFactory(tier=tier)
        user.groups.add(Group.objects.get_or_create(name=role)[0])
        given = [Scope(scope).value for scope in (scopes or Scope)]
        return ApiKeyFactory(user=user, scopes=given, **values)

    return make


@pytest.fixture
def ask(client):
    """Send a request with a key (None: without) and a JSON body."""

    def send(path, *, key=None, method="GET", body=None, **headers):
        if key is not None:
            headers["Authorization"] = f"Bearer {key.token}"
        data = body if isinstance(body, bytes) else b"" if body is None else orjson.dumps(body)
        kind = "application/json" if data else ""
        return client.generic(method, path, data, content_type=kind, headers=headers)

    return send


@pytest.fixture
def make_model(db):
    """A model with one admitted version of the given files; its columns can be given as well."""

    def make(repo_id="acme/one", *, files=None, days=0, **values):
        model = ModelFactory(repo_id=repo_id, **{"tier": "lite", **values})
        VersionFactory(model=model, files=files or {"config.json": b"{}", "w.bin": b"weights"})
        model.refresh_from_db()
        type(model).objects.filter(pk=model.pk).update(
            updated_at=EPOCH + timedelta(days=days), **values
        )
        model.refresh_from_db()
        return model

    return make
