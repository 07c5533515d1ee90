"""Every fault of a proxy is named, and nothing else; a sound one has none."""

from __future__ import annotations

import json

import pytest
from django.core.management import call_command

from core.rates import Left
from core.status_language import STATES
from hub import limits
from hub.doctor.examination import BYTES, FAULT, OK, SKIPPED, WAY, examine
from hub.doctor.remedies import WORDS
from hub.doctor.wire import Wire
from tests.factories.registry import ApiKeyFactory
from tests.hub.doctor.faulty import Proxy, running_proxy

PATIENCE = 60.0
SOUND = ["", "storage_elsewhere"]
NAMED = {
    "block_page": ("hub", "no yard"),
    "other_address": ("direct", "https://elsewhere.example"),
    "prefix_stripped": ("prefix", "did not arrive as /hf"),
    "authorization_lost": ("authorization", "none arrived"),
    "headers_lost": ("headers", "X-Error-Code, X-Error-Message, X-Linked-ETag"),
    "commit_lost": ("headers", ": X-Repo-Commit."),
    "quota_lost": ("headers", ": RateLimit, RateLimit-Policy."),
    "registry_unknown": ("registry", "status 404 and no token"),
    "registry_of_others": ("registry", "status 200 and no token"),
    "registry_without_passwords": ("registry", "status 401 and no token"),
    "registry_of_another_host": ("realm", "Tokens are said to be at"),
    "challenge_lost": ("realm", "without saying where tokens are"),
    "parts_elsewhere": ("parts", "status 502"),
    "reasons_cut": ("headers", ": X-Error-Message."),
    "head_as_get": ("head", "arrived as GET"),
    "gzip": ("packing", "in gzip"),
    "gzip_where_accepted": ("packing", "by gzip"),
    "etag_with_a_suffix": ("packing", '-gzip"'),
    "encoded_slashes_refused": ("paths", "status 404"),
    "decoded": ("paths", "arrived as"),
    "host_of_its_own": ("link", "another host"),
    "link_to_another_scheme": ("link", "another scheme"),
    "redirects_followed": ("redirects", "arrived as 200"),
    "redirects_rewritten": ("redirects", "arrived as one to http"),
    "error_pages": ("refusals", "was replaced"),
    "small_bodies": ("bodies", "status 413"),
    "cache": ("cache", "came twice"),
    "clock": ("clock", "differ by"),
    "no_length": ("length", "no length"),
    "ranges_lost": ("ranges", "was answered 200"),
    "storage_on_the_same_host": ("storage", "the same host name"),
    "storage_away": ("storage", "not reached"),
    "storage_wants_key": ("storage", "with 403"),
    "storage_without_ranges": ("storage", "with 200"),
}


@pytest.fixture
def proxy(live_server, version, key, settings, monkeypatch, tmp_path):
    """A proxy before a yard that has a name for parts, and whose broker counts without end."""
    settings.BYTES_HOST, settings.HUB_CLIENTS_DIR = "localhost", tmp_path / "clients"
    monkeypatch.setattr(limits.rates, "take", lambda bucket, who, **_: Left(bucket, 9, 60, 8, 30))
    with running_proxy(Proxy(live_server.url, key.token)) as proxy:
        yield proxy


def examined(proxy, *, key=None, patience=PATIENCE, **words):
    wire = Wire(proxy.url, key=proxy.key if key is None else key, patience=patience)
    return list(examine(wire, **words))


def faults(found):
    return [(one.probe, one.sentence) for one in found if one.state == FAULT]


@pytest.mark.parametrize("way", SOUND)
def test_a_sound_proxy_has_no_fault(proxy, way):
    proxy.fault = way
    found = examined(proxy)
    assert [one for one in found if one.state != OK] == []
    assert [one.probe for one in found] == ["hub", *WAY, *BYTES]


@pytest.mark.parametrize("fault", NAMED)
def test_a_fault_is_named_and_no_other(proxy, fault):
    proxy.fault = fault
    found = faults(examined(proxy))
    probe, words = NAMED[fault]
    assert [name for name, _ in found] == [probe]
    assert words in found[0][1]


def test_every_fault_of_the_proxy_is_tried():
    ways = {
        name.partition("_")[2]
        for name in dir(Proxy)
        if name.startswith(("instead", "before", "after"))
    }
    assert ways == {*NAMED, *SOUND[1:], "whole_file_first"}


def test_a_body_that_is_kept_until_it_is_whole_is_named(proxy):
    """The proxy of this test never sends it: the doctor waits no longer than it was told."""
    proxy.fault = "whole_file_first"
    assert [name for name, _ in faults(examined(proxy, patience=2.0))] == ["begin"]


def test_nobody_at_the_address_is_said(proxy):
    proxy.port = 1
    ((name, sentence),) = faults(examined(proxy))
    assert (name, "does not answer" in sentence) == ("answers", True)


@pytest.mark.parametrize(
    ("token", "words"), [("hf_" + "x" * 40, "Invalid credentials"), (None, "lacks the scope read")]
)
def test_a_key_that_cannot_read_is_no_fault_of_the_proxy(proxy, token, words):
    token = token or ApiKeyFactory(scopes=["request"]).token
    ((name, sentence),) = faults(examined(proxy, key=token))
    assert name == "key"
    assert words in sentence


def test_without_a_key_little_is_looked_at_and_that_is_said(proxy):
    found = examined(proxy, key="")
    assert [one.state for one in found] == [OK, *[SKIPPED] * len([*WAY, *BYTES])]


def test_without_a_model_the_bytes_are_not_looked_at(proxy, lite_key):
    found = examined(proxy, model="nobody/nothing")
    assert {one.probe for one in found if one.state == SKIPPED} == set(BYTES)
    assert faults(found) == []


def test_a_yard_without_a_name_for_parts_says_what_it_keeps_back(proxy, settings):
    settings.BYTES_HOST = ""
    (skipped,) = [one for one in examined(proxy) if one.state != OK]
    assert (skipped.probe, skipped.state) == ("parts", SKIPPED)
    assert "no second host name" in skipped.sentence
    assert ("the yard", "BYTES_HOST=bytes.example.org") in skipped.settings


def test_an_open_catalog_needs_no_token(proxy, settings):
    settings.OPEN_CATALOG = True
    assert {one.state for one in examined(proxy)} == {OK}


def test_other_hosts_are_asked_at_public_addresses_alone_unless_they_are_known(proxy):
    proxy.fault = "storage_elsewhere"
    for places, state in (((), FAULT), (("localhost",), OK)):
        wire = Wire(proxy.url, key=proxy.key, patience=PATIENCE, places=places)
        found = {one.probe: one for one in examine(wire)}
        assert (found["storage"].state, found["parts"].state) == (state, state)


def test_every_probe_has_a_remedy():
    assert {*WAY, *BYTES} < set(WORDS)


@pytest.mark.parametrize("state", [OK, FAULT, SKIPPED])
def test_every_state_of_a_probe_is_drawn(state):
    assert state in STATES["probe"]


def test_the_command_ends_by_what_it_found(proxy, capsys):
    words = ["hub_doctor", proxy.url, "--key", proxy.key, "--json", "--patience", str(PATIENCE)]
    call_command(*words)
    told = json.loads(capsys.readouterr().out)["findings"]
    assert told[-1]["probe"].startswith("huggingface_hub 2.")
    assert {one["state"] for one in told} == {OK}
    proxy.fault = "commit_lost"
    with pytest.raises(SystemExit) as ended:
        call_command(*words)
    assert ended.value.code == 1
    told = json.loads(capsys.readouterr().out)["findings"]
    assert "X-Repo-Commit" in told[-1]["sentence"]  # the client's own words
    with pytest.raises(SystemExit) as ended:
        call_command("hub_doctor", proxy.url)
    assert ended.value.code == 2
    assert "Without a key" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("python", "words"), [("/nowhere/python", "did not run"), ("/bin/echo", "ended with 0")]
)
def test_a_client_that_cannot_run_is_said(proxy, capsys, python, words):
    with pytest.raises(SystemExit) as ended:
        call_command("hub_doctor", proxy.url, "--key", proxy.key, "--client", python)
    assert ended.value.code == 1
    assert words in capsys.readouterr().out
