"""Secrets of runs: sealed, kept for a time, and never lost in silence."""

from __future__ import annotations

import pytest
from django.core.cache import cache

from core import vault
from core.errors import BrokerAwayError
from tests.services.ports import free_ports


@pytest.fixture
def broker_away(settings):
    """A cache whose server is not there; how long its client tries is that of a test."""
    where = f"redis://127.0.0.1:{free_ports(1)[0]}/0"
    settings.CACHES = {"default": settings.CACHES["default"] | {"LOCATION": where}}


def test_a_secret_is_kept_sealed_and_forgotten():
    vault.keep("one", "hf_secret")
    assert vault.recall("one") == "hf_secret"
    assert "hf_secret" not in cache.get("vault:one")
    vault.forget("one")
    assert vault.recall("one") == ""


def test_a_secret_sealed_with_another_key_is_none(settings):
    vault.keep("two", "hf_secret")
    settings.SECRET_KEY = "another"
    assert vault.recall("two") == ""


def test_a_broker_that_is_away_is_not_an_absent_secret(broker_away):
    with pytest.raises(BrokerAwayError):
        vault.recall("three")
    with pytest.raises(BrokerAwayError):
        vault.keep("three", "hf_secret")
    vault.forget("three")
