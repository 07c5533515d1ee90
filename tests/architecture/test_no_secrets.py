"""What people and programs give us in confidence is in no log line and in no row."""

from __future__ import annotations

import io
import json
import logging
import re

import pytest
from django.apps import apps
from django.conf import settings as yard_settings
from django.contrib.sessions.models import Session

from core.logs import LineFormatter
from core.models import Run
from registry.models import User
from tests.factories.registry import ApiKeyFactory, UserFactory
from tests.standins.fixture import start_upstream, upstream
from tests.standins.repos import GATED, STRANGER, TOKEN
from tests.standins.yard import make_yard, yard

__all__ = ["make_yard", "start_upstream", "upstream", "yard"]
PASSWORD = "correct-horse-battery"
TYPED_WRONG = "corect-horse-batery"
UNKNOWN_KEY = "hf_" + "u" * 40
ODD_TOKEN = "a-token-of-no-known-form"


@pytest.fixture
def logs():
    """Everything the yard would have written, however chatty: its own handler at level DEBUG."""
    root = logging.getLogger()
    handler = next(one for one in root.handlers if isinstance(one.formatter, LineFormatter))
    written, level = io.StringIO(), root.level
    before = handler.setStream(written)
    root.setLevel(logging.DEBUG)
    yield written.getvalue
    root.setLevel(level)
    handler.setStream(before)


def rows() -> str:
    """Every row of every table of ours, as text; sessions and digests are made to hold secrets."""
    return "\n".join(
        str(values)
        for model in apps.get_models()
        if model is not Session
        for values in model._default_manager.values()
    )


def post(client, path, body, **headers):
    return client.post(path, json.dumps(body), content_type="application/json", headers=headers)


def sign_in_and_make_a_key(client) -> str:
    User.objects.get(username="ada").set_password(PASSWORD)
    client.post("/sign-in/", {"username": "ada", "password": TYPED_WRONG})
    client.post("/sign-in/", {"username": "ada", "password": PASSWORD})
    page = client.post("/keys/create/", {"name": "k", "scopes": ["read"], "tier_cap": "lite"})
    return re.search(r"hf_[A-Za-z0-9]{40}", page.content.decode())[0]


def use_keys(client, key: str) -> None:
    for given in (key, UNKNOWN_KEY):
        auth = {"Authorization": f"Bearer {given}"}
        for path in ("/api/v1/models", "/hf/api/whoami-v2", "/hf/acme/x/resolve/main/y", "/keys/"):
            client.get(path, headers=auth)
            client.get(f"{path}?token={given}")
            client.get(f"{path}/{given}")


@pytest.mark.filterwarnings("ignore:No directory at")
def test_no_secret_is_in_any_line_or_row(yard, client, logs):
    ada = UserFactory(username="ada")
    ada.set_password(PASSWORD)
    ada.save()
    key = sign_in_and_make_a_key(client)
    session, csrf = client.session.session_key, client.cookies
    use_keys(client, key)

    asker = ApiKeyFactory(user=ada, scopes=["read", "request"])
    auth = {"Authorization": f"Bearer {asker.token}"}
    for token in (TOKEN, STRANGER, ODD_TOKEN):
        body = {"model_uri": GATED, "hf_token": token, "force": True}
        answer = post(client, "/model-info/extract", body, **auth)
        assert answer.status_code == 202, answer.content
        yard.drive(Run.objects.get(pk=answer.json()["workflow_id"]))
    assert Run.objects.filter(error_code="upstream_forbidden").exists(), "nothing was refused"

    # Signed addresses that fail: the CDN refuses, resets, lies.
    signed: set[str] = set()
    for fault in (
        {"inject": [{"match": "GET /repos/", "status": 403}]},
        {"inject": [{"match": "GET /repos/", "drop": True}]},
        {"corrupt": {"*.safetensors": "flip"}},
    ):
        yard.upstream.config(**fault)
        run = yard.drive(yard.ask("acme/new-name", force=True).run)
        assert run.error_code, "the fault had no effect"
        signed |= signatures(yard.upstream.log("cdn"))
    assert signed, "no signed address was asked for"

    text = logs()
    assert len(text.splitlines()) > 50, "the logs were not captured"
    secrets = {
        "password": PASSWORD,
        "nearly the password": TYPED_WRONG,
        "key": key,
        "key of a request": asker.token,
        "unknown key": UNKNOWN_KEY,
        "token": TOKEN,
        "wrong token": STRANGER,
        "odd token": ODD_TOKEN,
        "django's secret": yard_settings.SECRET_KEY,
        **{f"signature {number}": value for number, value in enumerate(sorted(signed))},
    }
    in_cookies = {"session": session} | {name: one.value for name, one in csrf.items()}
    told = {**secrets, **in_cookies}
    assert {name for name, value in told.items() if value and value in text} == set()
    kept = rows()
    assert {name for name, value in secrets.items() if value in kept} == set()


def signatures(log) -> set[str]:
    found = {re.search(r"[?&]Signature=([^&]+)", entry["path"]) for entry in log}
    return {match[1] for match in found if match}
