"""Requests under `/v2` are counted, and what is not here is kept, as under `/hf`."""

from __future__ import annotations

import uuid
from base64 import b64encode

import pytest
from django.core.cache import cache

from core import rates
from registry.models import Demand
from tests.hub.oci.conftest import OllamaKey, realm_query

pytestmark = pytest.mark.django_db


@pytest.fixture(autouse=True)
def _a_window_of_its_own(monkeypatch, settings):
    settings.HUB_RATE_FILES = 2
    now = float(uuid.uuid4().int % 10**12)
    monkeypatch.setattr(rates, "time", lambda: now)
    monkeypatch.setattr(rates, "_here", rates._Broker())
    cache.clear()


def test_one_too_many_says_how_long_to_wait(ask_v2, key, tiny):
    path = f"/{tiny.model.repo_id}/manifests/latest"
    first, second, third = (ask_v2(path, key=key) for _ in range(3))
    assert (first.status_code, second.status_code, third.status_code) == (200, 200, 429)
    assert first["RateLimit"].startswith('"resolvers";r=1;')
    assert third.json()["errors"][0]["code"] == "TOOMANYREQUESTS"
    assert third["RateLimit"].startswith('"resolvers";r=0;')
    assert int(third["Retry-After"]) > 0


def test_a_token_counts_for_its_key_wherever_it_is_used(ask_v2, client, key, tiny):
    told = b64encode(f"x:{key.token}".encode()).decode()
    token = client.get("/v2/token", headers={"Authorization": f"Basic {told}"}).json()["token"]
    path = f"/v2/{tiny.model.repo_id}/manifests/latest"
    for expected in (200, 200, 429):
        answer = client.get(path, headers={"Authorization": f"Bearer {token}"})
        assert answer.status_code == expected
    assert ask_v2("/", key=key).status_code == 429


def test_who_proves_nothing_is_counted_by_the_address(client, tiny):
    for expected in (401, 401, 429):
        answer = client.get("/v2/", headers={"Authorization": "Bearer x.y.z"})
        assert answer.status_code == expected
    realm, query = realm_query(
        'Bearer realm="http://testserver/v2/token",service="x"', nonce="n" * 9
    )
    told = OllamaKey().sign(f"{realm}?{query}")
    assert client.get(f"/v2/token?{query}", headers={"Authorization": told}).status_code == 429


def test_what_is_not_here_is_kept_as_demand(ask_v2, key, settings):
    settings.HUB_PULL_THROUGH = "record"
    answer = ask_v2("/nobody/nothing-GGUF/manifests/latest", key=key)
    assert (answer.status_code, answer.json()["errors"][0]["code"]) == (404, "NAME_UNKNOWN")
    assert Demand.objects.get().repo_id == "nobody/nothing-GGUF"
