"""What arrived is told to who may read, and to nobody else."""

from __future__ import annotations

import json

import pytest

from registry.models import AuditEvent
from tests.factories.registry import ApiKeyFactory

pytestmark = pytest.mark.django_db
ECHO = "/api/yard/echo"


@pytest.mark.parametrize("method", ["GET", "HEAD", "POST"])
def test_the_method_that_arrived_is_told(ask, key, method):
    response = ask(ECHO, key=key, method=method)
    assert response.status_code == 200
    assert response["X-Yard-Method"] == method
    assert "no-transform" in response["Cache-Control"]


def test_what_is_sent_is_named_in_the_body(ask, key):
    response = ask(f"{ECHO}/feature%2Fx", key=key)
    told = json.loads(response.content)
    assert told["path"] == "/hf/api/yard/echo/feature/x"
    assert {name: response[name] for name in told["sent"]} == told["sent"]
    assert json.loads(ask(ECHO, key=key).content)["sent"] != told["sent"]


def test_a_redirect_is_relative_and_leads_nowhere_else(ask, key):
    response = ask(f"{ECHO}?answer=redirect", key=key)
    assert (response.status_code, response["Location"]) == (307, "/hf/api/yard/echo/arrived")
    odd = ask(f"{ECHO}/%0D%0AX-Evil:1?answer=redirect", key=key)
    assert odd["Location"] == "/hf/api/yard/echo/%0D%0AX-Evil%3A1/arrived"


def test_the_refusal_is_as_long_as_one_may_be_and_no_event(ask, key):
    response = ask(f"{ECHO}?answer=refusal", key=key)
    assert (response.status_code, response["X-Error-Code"]) == (403, "GatedRepo")
    assert response["X-Error-Message"] == response.json()["error"]
    assert len(response["X-Error-Message"]) > 500
    assert not AuditEvent.objects.filter(action="hub.refused").exists()


def test_nothing_is_told_to_who_may_not_read(ask):
    assert ask(ECHO, key=None).status_code == 401
    assert ask(ECHO, key=ApiKeyFactory(scopes=["request"])).status_code == 403
