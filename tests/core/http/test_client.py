from __future__ import annotations

import logging
import random
from contextlib import suppress

import pytest

from core.errors import TooLargeError, UpstreamError, UpstreamRateLimitError
from core.http import BrokenOffError, HttpPolicy, build_client, fetch, origin_of, safe_url
from core.http.retry import asked_wait
from tests.standins.files import FileServer, Served
from tests.standins.fixture import start_upstream, upstream

__all__ = ["start_upstream", "upstream"]

SECRET = "hf_" + "s" * 34


@pytest.fixture
def server():
    with FileServer() as running:
        yield running


@pytest.fixture
def slept():
    return []


@pytest.fixture
def client(server, slept):
    origins = frozenset({origin_of(server.base)})
    policy = HttpPolicy(allowed_origins=origins, sleep=slept.append, dice=lambda: 1.0)
    with build_client(policy) as made:
        yield made


def test_a_passing_failure_is_tried_again_with_longer_waits(server, client, slept):
    url = server.add("/a", Served(b"hello", statuses=[500, 503, 502]))
    assert fetch(client, url, limit=10).content == b"hello"
    assert slept == [0.5, 1.0, 2.0]


def test_who_failed_together_does_not_come_again_together(server, slept):
    url = server.add("/a", Served(b"hello", statuses=[500, 503, 502]))
    falls = iter([0.0, 0.5, 1.0])
    origins = frozenset({origin_of(server.base)})
    policy = HttpPolicy(allowed_origins=origins, sleep=slept.append, dice=lambda: next(falls))
    with build_client(policy) as client:
        assert fetch(client, url, limit=10).content == b"hello"
    assert slept == [0.25, 0.75, 2.0]


def test_a_lasting_failure_is_named_without_the_signature(server, client):
    url = server.add("/a", Served(b"hello", statuses=[500] * 9))
    with pytest.raises(UpstreamError) as caught:
        fetch(client, f"{url}?Signature={SECRET}", limit=10)
    assert caught.value.details["upstream_status"] == 500
    assert SECRET not in repr(caught.value)
    assert len(server.seen) == 4


@pytest.mark.parametrize(
    ("headers", "waits"),
    [
        ({"RateLimit": '"api";r=0;t=55'}, [60.0]),  # a quarter more would be past our patience
        ({"RateLimit": '"api";r=7;t=55', "Retry-After": "3"}, [3.75]),
        ({"Retry-After": "7"}, [8.75]),
        ({"Retry-After": "Wed, 21 Oct 2015 07:28:00 GMT"}, [0.25]),
        ({"Retry-After": "soon"}, [0.5]),
        ({}, [0.5]),
    ],
)
def test_a_rate_limit_is_waited_for_as_long_as_asked(server, client, slept, headers, waits):
    url = server.add("/a", Served(b"hello", statuses=[429], headers=headers))
    assert fetch(client, url, limit=10).content == b"hello"
    assert slept == waits


def test_who_was_limited_together_does_not_come_again_together(server):
    """The waits of ten clients, by seeded dice: none too early, none with another."""
    url = server.add("/a", Served(b"hello", statuses=[429] * 20, headers={"Retry-After": "20"}))
    origins, slept = frozenset({origin_of(server.base)}), []
    dice = random.Random(7)  # noqa: S311 the same waits every time
    policy = HttpPolicy(
        allowed_origins=origins, sleep=slept.append, dice=dice.random, attempts=2, patience=24.0
    )
    for _ in range(10):
        with build_client(policy) as client, suppress(UpstreamError):
            fetch(client, url, limit=10)
    assert len(slept) == len(set(slept)) == 10
    assert all(20.0 <= wait <= 24.0 for wait in slept)


def test_a_rate_limit_past_our_patience_is_handed_on_at_once(server, client, slept):
    headers = {"RateLimit": '"api";r=0;t=300'}
    url = server.add("/a", Served(b"hello", statuses=[429], headers=headers))
    with pytest.raises(UpstreamRateLimitError) as caught:
        fetch(client, url, limit=10)
    assert caught.value.details["retry_after"] == 300.0
    assert slept == []


def test_of_several_buckets_the_spent_one_counts():
    assert asked_wait({"ratelimit": '"api";r=3;t=9, "resolvers";r=0;t=20'}) == 20.0
    assert asked_wait({"ratelimit": '"api";r=3;t=9'}) is None


def test_what_changes_something_is_sent_once(upstream, slept):
    upstream.config(inject=[{"match": "^POST", "status": 503}])
    policy = HttpPolicy(allowed_origins=frozenset({origin_of(upstream.url)}), sleep=slept.append)
    with build_client(policy) as client, pytest.raises(UpstreamError):
        client.post(upstream.url + "/api/models/acme/gated/paths-info/main")
    assert slept == []
    assert len(upstream.log()) == 1


@pytest.mark.parametrize("fault", [{"reset_after": 65536}, {"end_after": 65536}])
def test_a_body_that_breaks_off_is_asked_for_again(server, client, fault):
    body = bytes(200_000)
    url = server.add("/a", Served(body, faults=1, **fault))
    assert fetch(client, url, limit=len(body)).content == body
    assert len(server.seen) == 2


def test_a_body_that_always_breaks_off_is_an_upstream_error(server, client):
    url = server.add("/a", Served(bytes(200_000), faults=9, end_after=65536))
    with pytest.raises(BrokenOffError):
        fetch(client, url, limit=1 << 20)


def test_an_announced_length_past_the_limit_is_refused_unread(server, client):
    url = server.add("/a", Served(bytes(3 << 20)))
    with pytest.raises(TooLargeError):
        fetch(client, url, limit=1000)


def test_an_unannounced_length_past_the_limit_is_cut_short(server, client):
    url = server.add("/a", Served(bytes(3 << 20), chunked=True))
    with pytest.raises(TooLargeError):
        fetch(client, url, limit=1000)


def test_the_limit_counts_what_unpacking_makes(upstream):
    """The stand-in packs text; twelve megabytes of one letter are some kilobytes on the wire."""
    origins = frozenset({origin_of(upstream.url), origin_of(upstream.cdn)})
    upstream.config(gzip_text=True)
    upstream.repos.repo("acme/bomb", {"bomb.txt": "y" * (9 << 20)})
    upstream.reload()
    url = f"{upstream.url}/acme/bomb/resolve/main/bomb.txt"
    with build_client(HttpPolicy(allowed_origins=origins)) as client:
        assert len(fetch(client, url, limit=9 << 20).content) == 9 << 20
        with pytest.raises(TooLargeError):
            fetch(client, url, limit=1 << 20)


def test_authorization_does_not_follow_a_redirect_to_another_origin(server, slept):
    with FileServer() as other:
        other.add("/b", Served(b"hello"))
        url = server.add("/a", Served(b"", redirect=other.base + "/b"))
        origins = frozenset({origin_of(server.base), origin_of(other.base)})
        with build_client(HttpPolicy(allowed_origins=origins)) as client:
            answer = fetch(client, url, limit=10, headers={"Authorization": f"Bearer {SECRET}"})
        assert answer.content == b"hello"
        assert server.seen[0].headers["authorization"] == f"Bearer {SECRET}"
        assert "authorization" not in other.seen[0].headers


def test_redirects_end(server, client):
    url = server.add("/a", Served(b"", redirect="/a"))
    with pytest.raises(UpstreamError, match="TooManyRedirects"):
        fetch(client, url, limit=10)
    assert len(server.seen) == 6


def test_no_cookie_is_kept(server, client):
    url = server.add("/a", Served(b"", statuses=[404], headers={"Set-Cookie": "a=b"}))
    assert fetch(client, url, limit=10).status == 404
    fetch(client, url, limit=10)
    assert "cookie" not in server.seen[1].headers


def test_neither_signatures_nor_tokens_reach_the_log(server, client, caplog):
    caplog.set_level(logging.DEBUG)
    url = server.add("/a", Served(b"hello", statuses=[503]))
    signed = f"{url}?Signature={SECRET}"
    fetch(client, signed, limit=10, headers={"Authorization": f"Bearer {SECRET}"})
    assert caplog.records
    assert SECRET not in caplog.text


def test_an_address_is_told_without_its_secrets():
    assert safe_url("https://me:pw@cdn.test/a?Signature=x#y") == "https://cdn.test/a"
    assert safe_url("http://[") == "(unreadable address)"
