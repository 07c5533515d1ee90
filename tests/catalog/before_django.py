"""Ask as a web server does, through all that lies before Django."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

import httpx2
from django.core.signals import request_finished, request_started
from django.core.wsgi import get_wsgi_application
from django.db import close_old_connections

from core.answers.wsgi import KeptAnswers


@contextmanager
def web_client() -> Iterator[httpx2.Client]:
    """Give a client of the whole application; its connection is the test's own."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)  # the rows of a test are in its connection alone
    transport = httpx2.WSGITransport(KeptAnswers(get_wsgi_application()))
    with httpx2.Client(transport=transport, base_url="http://testserver") as client:
        yield client
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)
