"""Answers that libraries read whole end at a size, and connections at an age."""

from __future__ import annotations

import gzip

import httpcore2
import pytest

from core.errors import TooLargeError, UpstreamError
from core.http import BoundedTransport, HttpPolicy, build_client, guarded_transport, origin_of
from core.http.aging import aging
from tests.standins.files import FileServer, Served


@pytest.fixture
def server():
    with FileServer() as running:
        yield running


@pytest.fixture
def client(server):
    policy = HttpPolicy(allowed_origins=frozenset({origin_of(server.base)}))
    with build_client(policy, transport=BoundedTransport(guarded_transport(policy), 100)) as made:
        yield made


@pytest.mark.parametrize("chunked", [True, False])
def test_a_body_is_handed_on_up_to_the_limit(server, client, chunked):
    fits = server.add("/fits", Served(b"x" * 100, chunked=chunked))
    assert client.get(fits).content == b"x" * 100
    longer = server.add("/longer", Served(b"x" * 101, chunked=chunked))
    with pytest.raises(TooLargeError, match="more than the 100 bytes allowed"):
        client.get(longer)


def test_nothing_is_asked_for_packed_and_what_is_packed_is_refused(server, client):
    plain = server.add("/plain", Served(b"x", statuses=[404], headers={}))
    client.get(plain)
    assert server.seen[0].headers["accept-encoding"] == "identity"
    packed = gzip.compress(b"x" * 10_000)
    served = Served(packed, statuses=[404], headers={"Content-Encoding": "gzip"})
    with pytest.raises(UpstreamError, match="answers packed"):
        client.get(server.add("/packed", served))


class Stream(httpcore2.NetworkStream):
    """Notes the seconds that each operation is given."""

    def __init__(self):
        self.given = []

    def read(self, max_bytes, timeout=None):
        self.given.append(timeout)
        return b"x"

    def write(self, buffer, timeout=None):
        self.given.append(timeout)

    def start_tls(self, ssl_context, server_hostname=None, timeout=None):
        self.given.append(timeout)
        return self

    def close(self):
        self.given.append("closed")

    def get_extra_info(self, info):
        return info


def test_a_connection_gives_less_and_less_time_and_then_none():
    now = [0.0]
    inner = Stream()
    stream = aging(inner, 10.0, clock=lambda: now[0])
    stream.read(1, 4.0)
    now[0] = 8.0
    stream.write(b"x", 4.0)
    stream = stream.start_tls(None)
    assert inner.given == [4.0, 2.0, 2.0]
    now[0] = 10.0
    with pytest.raises(httpcore2.ReadTimeout):
        stream.read(1, 4.0)
    with pytest.raises(httpcore2.WriteTimeout):
        stream.write(b"x")
    assert stream.get_extra_info("a") == "a"
    stream.close()
    assert inner.given[-1] == "closed"


def test_without_an_age_a_connection_is_as_it_was():
    inner = Stream()
    assert aging(inner, None) is inner
