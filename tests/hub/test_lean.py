"""What programs ask of the Hub passes less middleware, and is answered as if it had passed all."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from types import SimpleNamespace

import httpx2
import psycopg
import pytest
from django.conf import settings as project
from django.core.cache import cache
from django.core.handlers.wsgi import WSGIHandler, WSGIRequest
from django.core.signals import request_finished, request_started
from django.db import OperationalError, close_old_connections, connection
from django.test import RequestFactory
from django.utils import timezone

from config import wsgi
from hub import door
from hub.lean import FOR_PAGES, Handler, is_lean
from registry.models import ApiKey, AuditEvent, Served, User
from tests.architecture.callers import CALLERS, client_of, undone
from tests.architecture.routes import ROUTES
from tests.architecture.test_no_leaks import filled, filled_body
from tests.architecture.world import world
from tests.hub.conftest import make_version

__all__ = ["world"]

ENDED = {
    "revoked": lambda key: ApiKey.objects.filter(pk=key.pk).update(revoked_at=timezone.now()),
    "expired": lambda key: ApiKey.objects.filter(pk=key.pk).update(expires_at=timezone.now()),
    "deactivated": lambda key: User.objects.filter(pk=key.user_id).update(is_active=False),
}
_OF_ONE_REQUEST = ("x-request-id", "ratelimit")  # the second counts each request


@pytest.fixture
def both(db):
    """Clients of the two ways: what the short one says has to be what the long one says."""
    for signal in (request_started, request_finished):
        signal.disconnect(close_old_connections)  # the rows of a test are in its connection alone
    with _client(Handler()) as short, _client(WSGIHandler()) as long:
        yield short, long
    for signal in (request_started, request_finished):
        signal.connect(close_old_connections)


def _client(application):
    transport = httpx2.WSGITransport(application, raise_app_exceptions=False)
    return httpx2.Client(transport=transport, base_url="http://testserver")


def seen(client, method, path, *, body=None, **headers):
    """All of an answer but what counts and names the request, and what the request left behind."""
    cache.clear()  # a refusal is recorded once an hour
    with undone():
        content = {"content": json.dumps(body)} if body is not None else {}
        kind = {"Content-Type": "application/json"} if body is not None else {}
        answer = client.request(method, path, headers={**headers, **kind}, **content)
        events = list(AuditEvent.objects.order_by("pk").values_list("action", "subject", "actor"))
        events += Served.objects.order_by("pk").values_list("commit", "path", "actor")
    told = sorted((k, v) for k, v in answer.headers.items() if k not in _OF_ONE_REQUEST)
    return answer.status_code, told, answer.content, events


def requests(args):
    for method, template, body in (*ROUTES["hub:serve"], *ROUTES["manifest"]):
        yield method, filled(template, args), filled_body(body, args)


@pytest.mark.parametrize("kind", [name for name, means in CALLERS.items() if "key" in means[1]])
def test_every_route_answers_a_key_as_the_long_way_does(world, both, kind, monkeypatch):
    _, headers, _ = client_of(kind)
    always = SimpleNamespace(token_hex=lambda size: "0" * 2 * size, randbelow=lambda _: 1)
    monkeypatch.setattr("hub.echo.secrets", always)
    clock = SimpleNamespace(now=lambda: datetime(2026, 1, 1, tzinfo=UTC))  # papers tell the second
    monkeypatch.setattr("catalog.services.sent_papers.timezone", clock)
    short, long = both
    differing, statuses = [], set()
    for args in world.args.values():
        for method, path, body in requests(args):
            ours = seen(short, method, path, body=body, **headers)
            statuses.add(ours[0])
            if ours != (theirs := seen(long, method, path, body=body, **headers)):
                differing.append((method, path, ours, theirs))
    assert not differing
    assert statuses - {404}


@pytest.mark.parametrize("how", ENDED)
def test_a_key_that_ended_is_refused_at_its_next_request(both, key, version, how):
    headers = {"Authorization": f"Bearer {key.token}"}
    path = f"/hf/{version.model.repo_id}/resolve/main/config.json"
    for client in both:
        assert client.head(path, headers=headers).status_code == 200
    ENDED[how](key)
    ours, theirs = (seen(client, "GET", path, **headers) for client in both)
    assert ours == theirs
    assert ours[0] == 401


@pytest.mark.parametrize(
    "forged",
    [
        {"Authorization": "Bearer hf_nobodys"},
        {"Authorization": "bearer  "},
        {"Authorization": "Basic aGY6aGY="},
        {"Cookie": "session=forged"},
        {"X-Forwarded-Host": "elsewhere.example", "X-Forwarded-For": "10.0.0.1"},
        {"Host": "elsewhere.example"},
        {"Host": "elsewhere.example", "Cookie": "a=b"},
        {"HX-Request": "true", "X-CSRFToken": "forged"},
        {"X-Http-Method-Override": "PUT"},
    ],
    ids=str,
)
def test_forged_headers_gain_nothing(both, lite_key, store, forged):
    hidden = make_version(store, model__tier="professional")
    shown = make_version(store)
    headers = {"Authorization": f"Bearer {lite_key.token}", **forged}
    for version in (hidden, shown):
        path = f"/hf/{version.model.repo_id}/resolve/main/config.json"
        ours, theirs = (seen(client, "GET", path, **headers) for client in both)
        assert ours == theirs
        assert version is shown or ours[0] in {400, 401, 404}
        if "Host" in forged:
            assert ours[0] == 400


def test_a_refusal_is_recorded_and_a_download_too(both, key, store):
    held = make_version(store, admission="held")
    served = make_version(store)
    headers = {"Authorization": f"Bearer {key.token}"}
    both[0].get(f"/hf/{held.model.repo_id}/resolve/main/config.json", headers=headers)
    both[0].get(f"/hf/{served.model.repo_id}/resolve/main/config.json", headers=headers)
    assert AuditEvent.objects.filter(action="hub.refused", key_prefix=key.prefix).exists()
    assert Served.objects.get(key_prefix=key.prefix).path == "config.json"


@pytest.mark.parametrize(
    ("fault", "status"), [(RuntimeError("broken"), 500), (OperationalError("away"), 503)]
)
def test_a_fault_is_told_as_on_the_long_way(both, key, monkeypatch, fault, status):
    def broken(*args, **kwargs):
        raise fault

    monkeypatch.setattr(door, "look", broken)
    headers = {"Authorization": f"Bearer {key.token}"}
    ours, theirs = (seen(client, "GET", "/hf/api/models/a/b", **headers) for client in both)
    assert ours == theirs
    assert ours[0] == status
    assert "broken" not in str(ours[2])


def request_of(path="/hf/api/models/a/b", **headers) -> WSGIRequest:
    return RequestFactory().get(path, headers=headers)


def test_only_a_key_without_cookies_takes_the_short_way():
    key = {"Authorization": "Bearer hf_abc"}
    assert is_lean(request_of(**key))
    assert not is_lean(request_of())
    assert not is_lean(request_of(Authorization="Basic aGY6aGY="))
    assert not is_lean(request_of(Cookie="a=b", **key))
    assert not is_lean(request_of("/hfx", **key))
    assert not is_lean(request_of("/models/", **key))


def test_what_is_left_out_is_named_and_all_other_middleware_is_passed(both, key, settings):
    assert set(project.MIDDLEWARE) >= FOR_PAGES
    settings.MIDDLEWARE = ["tests.hub.test_lean.nobody", *project.MIDDLEWARE]
    with _client(Handler()) as client:
        headers = {"Authorization": f"Bearer {key.token}"}
        assert client.get("/hf/api/whoami-v2", headers=headers).status_code == 418


def nobody(get_response):
    """A middleware that lets nobody pass."""

    def answer(request):
        response = get_response(request)
        response.status_code = 418
        return response

    return answer


def test_cheap_questions_ask_the_database_nothing(both, key, django_assert_num_queries):
    headers = {"Authorization": f"Bearer {key.token}"}
    for path in ("/hf/api/telemetry/x", "/hf/api/agent-harnesses", "/hf/api/models-tags-by-type"):
        with django_assert_num_queries(0):
            assert both[0].get(path, headers=headers).status_code == 200


@pytest.mark.django_db(transaction=True)
def test_a_connection_that_the_server_ended_is_replaced(key):
    headers = {"Authorization": f"Bearer {key.token}"}
    with _client(Handler()) as client:
        assert client.get("/hf/api/whoami-v2", headers=headers).status_code == 200
        ended = connection.connection.info.backend_pid
        dsn = connection.connection.info.dsn
        with psycopg.connect(dsn, autocommit=True) as other:
            other.execute("SELECT pg_terminate_backend(%s, 60000)", [ended])
        assert client.get("/hf/api/whoami-v2", headers=headers).status_code == 200
        assert connection.connection.info.backend_pid != ended


def test_the_web_workers_take_the_short_way():
    assert isinstance(wsgi.application._application, Handler)
