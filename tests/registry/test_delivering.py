"""Notices reach the webhook signed, at least once each, and no secret stands in any log line."""

from __future__ import annotations

import hashlib
import hmac
import logging
import threading
from datetime import timedelta
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import orjson
import pytest
from django.utils import timezone
from pydantic import ValidationError

from config.settings.env import Environment
from core.http import safe_url
from registry.models import NoticeDelivery
from registry.services import delivering
from registry.services.delivering import deliver_due
from registry.services.notices import tell_loss
from tests.factories.registry import VersionFactory

pytestmark = pytest.mark.django_db
SECRET = "a-secret-of-the-webhook"
PATH = "/hooks/T0KEN-in-the-path"


class Receiver:
    """A server that keeps what it is sent and answers as it is told."""

    def __init__(self):
        self.status, self.got = 200, []
        receiver = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self):
                size = int(self.headers["Content-Length"])
                receiver.got.append((self.path, dict(self.headers), self.rfile.read(size)))
                self.send_response(receiver.status)
                self.send_header("Location", "http://127.0.0.1:9/elsewhere")
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *_):
                pass

        self.server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        threading.Thread(target=self.server.serve_forever, daemon=True).start()

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server.server_port}{PATH}"


@pytest.fixture
def receiver(settings):
    made = Receiver()
    settings.NOTIFY_WEBHOOK_URL, settings.NOTIFY_WEBHOOK_SECRET = made.url, SECRET
    yield made
    made.server.shutdown()
    made.server.server_close()


@pytest.fixture
def told(receiver):
    version = VersionFactory(files={"a": b"a"})
    tell_loss(version, reason="Unsafe: a")
    return NoticeDelivery.objects.get()


def again():
    """Let all that waits be due now."""
    NoticeDelivery.objects.update(next_at=timezone.now())
    return deliver_due()


def test_a_notice_arrives_once_with_a_signature_that_holds(receiver, told):
    assert deliver_due() == 1
    assert deliver_due() == again() == 0
    ((path, headers, body),) = receiver.got
    assert path == PATH
    document = orjson.loads(body)
    assert (document["id"], document["kind"], document["reason"]) == (told.pk, "held", "Unsafe: a")
    assert headers["X-Modelyard-Notice"] == str(told.pk)
    at, _, signed = headers["X-Modelyard-Signature"].partition(",v1=")
    expected = hmac.new(SECRET.encode(), f"{at[2:]}.".encode() + body, hashlib.sha256).hexdigest()
    assert hmac.compare_digest(signed, expected)
    told.refresh_from_db()
    assert told.delivered_at
    assert told.error == ""


@pytest.mark.parametrize("status", [302, 404, 429, 500])
def test_what_is_not_taken_is_tried_again_later_and_later(receiver, told, status):
    receiver.status = status
    waits = []
    for _ in range(4):
        assert again() == 1
        told.refresh_from_db()
        waits.append(told.next_at - timezone.now())
        assert deliver_due() == 0
    assert waits == sorted(waits)
    assert waits[0] > timedelta(seconds=30)
    assert (told.delivered_at, told.gave_up_at) == (None, None)
    assert str(status) in told.error
    assert len(receiver.got) == 4
    receiver.status = 204
    again()
    told.refresh_from_db()
    assert told.delivered_at


def test_it_is_given_up_in_the_end_and_says_why(receiver, told):
    receiver.server.shutdown()
    receiver.server.server_close()
    for _ in range(delivering.MOST_TRIES):
        again()
    assert again() == 0
    told.refresh_from_db()
    assert told.gave_up_at
    assert told.error == "No answer (ConnectError)."


def test_a_worker_that_died_after_it_sent_is_followed_by_another(receiver, told, monkeypatch):
    class KilledError(BaseException): ...

    def kill(*_):
        raise KilledError

    with monkeypatch.context() as patch:
        patch.setattr(delivering, "_post", kill)
        with pytest.raises(KilledError):
            deliver_due()
    assert deliver_due() == 0  # not while its claim may still hold
    assert again() == 1
    assert len(receiver.got) == 1


def test_a_late_worker_writes_nothing(receiver, told):
    late = delivering.claim_due()
    again()
    receiver.status = 500
    delivering._deliver(late)
    told.refresh_from_db()
    assert (bool(told.delivered_at), told.error) == (True, "")


def test_an_address_of_cloud_metadata_is_never_asked(told, settings):
    settings.NOTIFY_WEBHOOK_URL = "http://169.254.169.254/latest"
    deliver_due()
    told.refresh_from_db()
    assert told.error == "The webhook is at an address that is not allowed."


def test_neither_the_secret_nor_the_path_is_logged(receiver, told, caplog):
    caplog.set_level(logging.DEBUG)
    receiver.status = 500
    deliver_due()
    receiver.server.shutdown()
    receiver.server.server_close()
    again()
    told.refresh_from_db()
    said = caplog.text + told.error
    assert "notice_not_delivered" in said
    assert SECRET not in said
    assert PATH not in said
    assert PATH not in safe_url(receiver.url)


def test_without_a_webhook_nothing_is_sent_or_kept(settings):
    settings.NOTIFY_WEBHOOK_URL = ""
    tell_loss(VersionFactory(files={"a": b"a"}), reason="x")
    assert deliver_due() == 0
    assert not NoticeDelivery.objects.exists()


def test_an_address_without_a_secret_stops_the_start(monkeypatch):
    monkeypatch.setenv("NOTIFY_WEBHOOK_URL", "https://example.org/hook")
    with pytest.raises(ValidationError, match="NOTIFY_WEBHOOK_SECRET"):
        Environment()
