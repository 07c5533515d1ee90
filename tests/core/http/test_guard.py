from __future__ import annotations

import socket
import threading

import pytest

from core.errors import AddressBlockedError, InvalidInputError, UpstreamError
from core.http import HttpPolicy, build_client, check_url, fetch, origin_of
from core.http.guard import blocked_reason
from tests.standins.files import FileServer, Served

BLOCKED = [
    "127.0.0.1",
    "127.8.9.10",
    "0.0.0.0",  # noqa: S104 an address to refuse
    "10.1.2.3",
    "172.16.0.1",
    "192.168.1.1",
    "169.254.169.254",
    "169.254.1.1",
    "100.64.0.1",
    "100.100.100.200",
    "168.63.129.16",
    "192.0.0.192",
    "192.0.2.7",
    "198.18.0.1",
    "224.0.0.1",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",
    "fe80::1",
    "fc00::1",
    "fd00:ec2::254",
    "ff02::1",
    "::ffff:127.0.0.1",
    "::ffff:10.0.0.1",
    "64:ff9b::7f00:1",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::808:808",
    "2002:7f00:1::",
    "2002:808:808::",
    "2001::1",
    "2001:db8::1",
]
PUBLIC = ["1.1.1.1", "93.184.216.34", "2606:4700::1111", "::ffff:1.1.1.1", "64:ff9b::101:101"]


def answering(*addresses):
    asked = []

    def resolve(host, port):
        asked.append((host, port))
        return addresses

    resolve.asked = asked
    return resolve


@pytest.mark.parametrize("address", BLOCKED)
def test_an_address_inside_is_blocked(address):
    assert blocked_reason(address)
    with pytest.raises(AddressBlockedError) as caught:
        check_url("https://model.test/x", policy=HttpPolicy(), resolver=answering(address))
    assert caught.value.details["host"] == "model.test"


@pytest.mark.parametrize("address", PUBLIC)
def test_a_public_address_passes(address):
    check_url("https://model.test/x", policy=HttpPolicy(), resolver=answering(address))


def test_one_bad_address_spoils_a_name():
    resolver = answering("1.1.1.1", "127.0.0.1")
    with pytest.raises(AddressBlockedError):
        check_url("https://model.test/", policy=HttpPolicy(), resolver=resolver)


@pytest.mark.parametrize(
    "url", ["http://2130706433/", "http://0x7f.1/", "http://127.1/", "http://[::1]/"]
)
def test_odd_spellings_of_loopback_are_blocked_by_the_real_resolver(url):
    with pytest.raises(AddressBlockedError):
        check_url(url, policy=HttpPolicy())


def test_an_address_with_a_user_name_is_not_handed_on():
    with pytest.raises(AddressBlockedError) as caught:
        check_url("https://user:secret@1.1.1.1/", policy=HttpPolicy())
    assert "secret" not in caught.value.message


@pytest.mark.parametrize("url", ["ftp://model.test/", "file:///etc/passwd", "http://", "x"])
def test_what_is_no_web_address_is_refused(url):
    with pytest.raises(InvalidInputError):
        origin_of(url)


def test_the_configured_upstream_may_live_inside_but_not_at_its_neighbor():
    with FileServer() as server:
        server.add("/a", Served(b"hello"))
        policy = HttpPolicy(allowed_origins=frozenset({origin_of(server.base)}))
        with build_client(policy) as client:
            assert fetch(client, server.base + "/a", limit=10).content == b"hello"
            with pytest.raises(AddressBlockedError):
                fetch(client, "http://127.0.0.1:9/a", limit=10)


def test_metadata_stays_blocked_even_at_a_configured_name():
    policy = HttpPolicy(allowed_origins=frozenset({"model.test"}))
    with pytest.raises(AddressBlockedError):
        check_url("http://model.test/", policy=policy, resolver=answering("169.254.169.254"))


def test_a_redirect_to_an_address_inside_is_blocked():
    with FileServer() as server, FileServer() as inside:
        inside.add("/secret", Served(b"secret"))
        server.add("/a", Served(b"", redirect=inside.base + "/secret"))
        policy = HttpPolicy(allowed_origins=frozenset({origin_of(server.base)}))
        with build_client(policy) as client, pytest.raises(AddressBlockedError):
            fetch(client, server.base + "/a", limit=10)
        assert inside.seen == []


def test_the_connection_goes_to_the_address_that_was_checked():
    """The name exists nowhere; a second look-up, as in DNS rebinding, would fail or be counted."""
    with FileServer() as server:
        server.add("/a", Served(b"hello"))
        port = int(server.base.rpartition(":")[2])
        resolver = answering("127.0.0.1")
        policy = HttpPolicy(allowed_origins=frozenset({f"model.test:{port}"}))
        with build_client(policy, resolver=resolver) as client:
            assert fetch(client, f"http://model.test:{port}/a", limit=10).content == b"hello"
        assert resolver.asked == [("model.test", port)]
        assert server.seen[0].headers["host"] == f"model.test:{port}"


def test_the_second_address_is_tried_when_the_first_is_dead():
    with FileServer() as server:
        server.add("/a", Served(b"hello"))
        port = int(server.base.rpartition(":")[2])
        policy = HttpPolicy(allowed_origins=frozenset({"model.test"}))
        with build_client(policy, resolver=answering("::1", "127.0.0.1")) as client:
            assert fetch(client, f"http://model.test:{port}/a", limit=10).content == b"hello"


def test_tls_asks_for_the_name_and_not_for_the_address():
    with socket.create_server(("127.0.0.1", 0)) as listener:
        hello = []

        def listen():
            connection, _ = listener.accept()
            with connection:
                hello.append(connection.recv(4096))

        thread = threading.Thread(target=listen)
        thread.start()
        port = listener.getsockname()[1]
        policy = HttpPolicy(allowed_origins=frozenset({"model.test"}), attempts=1)
        with (
            build_client(policy, resolver=answering("127.0.0.1")) as client,
            pytest.raises(UpstreamError),
        ):
            fetch(client, f"https://model.test:{port}/a", limit=10)
        thread.join()
    assert b"model.test" in hello[0]


def test_a_name_that_cannot_be_looked_up_is_an_upstream_error():
    def nowhere(host, port):
        raise socket.gaierror(-2, "Name or service not known")

    policy = HttpPolicy(attempts=1)
    with build_client(policy, resolver=nowhere) as client, pytest.raises(UpstreamError):
        fetch(client, "https://model.test/", limit=10)
    with pytest.raises(UpstreamError):
        check_url("https://model.test/", policy=policy, resolver=nowhere)


def test_a_proxy_of_the_environment_is_not_used(monkeypatch):
    with FileServer() as server, FileServer() as proxy:
        monkeypatch.setenv("HTTP_PROXY", proxy.base)
        server.add("/a", Served(b"hello"))
        policy = HttpPolicy(allowed_origins=frozenset({origin_of(server.base)}))
        with build_client(policy) as client:
            assert fetch(client, server.base + "/a", limit=10).content == b"hello"
        assert proxy.seen == []
