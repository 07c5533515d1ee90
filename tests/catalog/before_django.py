"""Ask as a web server does, through all that lies before Django."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import httpx2
from django.conf import settings
from django.core.signals import request_finished, request_started
from django.db import close_old_connections
from django.test import Client

from core.answers.wsgi import KeptAnswers
from hub.lean import Handler
from registry.models import User
from tests.factories.registry import UserFactory


@contextmanager
def web_client() -> Iterator[httpx2.Client]:
    """Give a client of the whole application; its connection is the test's own."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)  # the rows of a test are in its connection alone
    transport = httpx2.WSGITransport(KeptAnswers(Handler()))
    with httpx2.Client(transport=transport, base_url="http://testserver") as client:
        yield client
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def sign_in(web: httpx2.Client, **given: object) -> User:
    """Give the client a session of a new person, and the cookie that a first page sets."""
    person = UserFactory(**given)
    browser = Client()
    browser.force_login(person, backend="django.contrib.auth.backends.ModelBackend")
    name = settings.SESSION_COOKIE_NAME
    web.cookies.clear()
    web.cookies.set(name, browser.cookies[name].value)
    assert web.get("/models/").status_code == 200
    return person
