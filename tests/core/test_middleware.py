"""What every answer carries: an id, a strict content policy; what every error becomes."""

from __future__ import annotations

import re

import pytest
from django.http import HttpResponse
from django.test import RequestFactory
from django.urls import resolve, reverse
from structlog.contextvars import get_contextvars

from core import metrics
from core.errors import ConflictError, StorageFullError, UpstreamRateLimitError
from core.middleware import ContentSecurityPolicy, ProblemPages, RequestLog
from tests.factories.registry import UserFactory

PAGES = ["/sign-in/", "/api/docs/", "/docs/errors", "/health", "/nothing-here", "/admin/login/"]
SIGNED_IN = ["/", "/models/", "/keys/", "/admin/", "/admin/registry/model/"]


@pytest.fixture
def boss(client, db):
    user = UserFactory(is_superuser=True, is_staff=True)
    client.force_login(user, backend="django.contrib.auth.backends.ModelBackend")
    return client


def assert_strict(policy: str) -> None:
    rules = dict(rule.strip().split(" ", 1) for rule in policy.split(";"))
    assert rules["default-src"] == "'none'"
    assert rules["script-src"] == rules["style-src"] == rules["connect-src"] == "'self'"
    assert rules["frame-ancestors"] == rules["base-uri"] == "'none'"
    assert "unsafe" not in policy
    assert "*" not in policy


@pytest.mark.parametrize("path", PAGES)
def test_every_answer_carries_the_strict_policy(client, db, path):
    answer = client.get(path)
    assert_strict(answer["Content-Security-Policy"])
    assert answer["X-Content-Type-Options"] == "nosniff"
    assert answer["X-Frame-Options"] == "DENY"
    assert answer["Referrer-Policy"] == "same-origin"


@pytest.mark.parametrize("path", SIGNED_IN)
def test_so_does_every_page_for_people_and_the_admin(boss, path):
    answer = boss.get(path)
    assert answer.status_code == 200
    assert_strict(answer["Content-Security-Policy"])


@pytest.mark.parametrize("path", [*PAGES, *SIGNED_IN])
def test_no_page_needs_what_the_policy_forbids(boss, path):
    html = boss.get(path).content.decode()
    assert re.findall(r"<script(?![^>]*\ssrc=)(?![^>]*application/json)[^>]*>", html) == []
    assert re.findall(r"\son\w+\s*=\s*[\"']", html) == []
    assert re.findall(r"<[^>]+\sstyle\s*=", html) == []
    assert "<style" not in html
    assert re.findall(r"(?:src|href)=\"https?://", re.sub(r"<a [^>]*>", "", html)) == []


def test_an_answer_with_a_policy_of_its_own_keeps_it():
    def stricter(request):
        return HttpResponse(headers={"Content-Security-Policy": "sandbox"})

    answer = ContentSecurityPolicy(stricter)(RequestFactory().get("/"))
    assert answer["Content-Security-Policy"] == "sandbox"


# -- request ids ----------------------------------------------------------------------------------


def test_every_answer_carries_an_id_of_its_own(client):
    first, second = (client.get("/health")["X-Request-Id"] for _ in range(2))
    assert re.fullmatch("[0-9a-f]{32}", first)
    assert first != second


def test_the_id_that_the_front_gave_goes_through(client):
    answer = client.get("/health", headers={"X-Request-Id": "from-the-front"})
    assert answer["X-Request-Id"] == "from-the-front"


@pytest.mark.parametrize("given", ["", "x" * 65, "ü", "a" * 5000])
def test_an_id_that_is_none_is_replaced(client, given):
    answer = client.get("/health", headers={"X-Request-Id": given})
    assert re.fullmatch("[0-9a-f]{32}", answer["X-Request-Id"])


@pytest.fixture
def lines(caplog):
    """What was logged of requests, as it was told."""
    caplog.set_level("INFO", "yard.request")
    return lambda: [record.msg for record in caplog.records if record.name == "yard.request"]


def test_one_line_per_request_without_its_query(client, db, lines, caplog):
    client.get("/nothing-here?token=secret-word&page=2")
    (line,) = lines()
    assert (line["event"], line["request_id"]) == ("request", get_contextvars()["request_id"])
    assert (line["method"], line["path"], line["status"]) == ("GET", "/nothing-here", 404)
    assert line["ms"] >= 0
    assert "secret-word" not in str([record.__dict__ for record in caplog.records])


@pytest.mark.parametrize("path", ["/health", "/ready", "/static/css/console.css"])
def test_what_is_asked_all_the_time_is_not_logged(client, db, path, lines):
    answer = client.get(path)
    answer.close()
    assert lines() == []


def test_requests_are_counted_by_route_and_not_by_address():
    """Addresses hold names of models; a metric per model would grow without end and tell them."""
    address = reverse("catalog:model", args=["secret--model"])
    request = RequestFactory().get(address)
    request.resolver_match = resolve(address)
    RequestLog(lambda _: HttpResponse())(request)
    seen = metrics.exposition().decode()
    assert 'route="models/<modelslug:slug>/"' in seen
    assert "secret--model" not in seen


# -- errors ---------------------------------------------------------------------------------------


def answered(error, **headers):
    request = RequestFactory().get("/", headers=headers)
    return ProblemPages(HttpResponse).process_exception(request, error)


@pytest.mark.parametrize(
    "error",
    [
        ConflictError("Already answered."),
        StorageFullError("No space.", needed_bytes=2),
        UpstreamRateLimitError("Wait.", retry_after=3),
    ],
    ids=lambda error: error.code,
)
def test_an_error_of_ours_becomes_a_page_with_its_status(error):
    answer = answered(error)
    html = answer.content.decode()
    assert answer.status_code == error.status
    assert error.message in html
    assert f"/docs/errors#{error.code}" in html
    assert "HX-Request" in answer["Vary"]


def test_a_bug_is_not_dressed_up():
    assert answered(ZeroDivisionError()) is None


def test_a_bug_says_nothing_of_itself_to_the_reader(client, db, monkeypatch):
    def broken(*_, **__):
        raise ZeroDivisionError("inner detail")

    monkeypatch.setattr("core.health.needed", broken)
    client.raise_request_exception = False
    answer = client.get("/ready")
    assert answer.status_code == 500
    assert answer.json()["code"] == "internal_error"
    assert "inner detail" not in answer.content.decode()
