"""Which downloader brings which file, and what happens when aria2 is not there."""

from __future__ import annotations

import pytest

from downloads.services import fetch
from tests.downloads.work import BIG, SMALL, bring, stored


def test_a_token_goes_to_the_source_by_our_own_client(work, aria2, settings):
    settings.ARIA2_RPC_URL, settings.ARIA2_RPC_SECRET = aria2.daemon.url, aria2.daemon.secret
    version = work.version({"a.bin": BIG})
    fetch(work.transfer(version, token="hf_secret"))
    for seen in work.server.requests("/a.bin"):
        assert seen.headers["authorization"] == "Bearer hf_secret"
        assert "aria2" not in seen.headers["user-agent"].lower()


def test_large_files_come_by_aria2_and_small_ones_do_not(work, aria2, settings):
    settings.ARIA2_RPC_URL, settings.ARIA2_RPC_SECRET = aria2.daemon.url, aria2.daemon.secret
    settings.STAGING_DIR = aria2.daemon.staging
    version = work.version({"a.bin": BIG, "b.txt": SMALL})
    bring(work, version)
    agents = {
        path: {seen.headers["user-agent"] for seen in work.server.requests(path)}
        for path in ("/a.bin", "/b.txt")
    }
    assert not agents["/a.bin"] & agents["/b.txt"]
    assert stored(version) == {"a.bin": BIG, "b.txt": SMALL}
    assert list(settings.STAGING_DIR.iterdir()) == []


@pytest.mark.parametrize("secret", ["wrong", ""])
def test_an_aria2_that_cannot_be_used_is_done_without(work, aria2, settings, secret):
    settings.ARIA2_RPC_URL, settings.ARIA2_RPC_SECRET = aria2.daemon.url, secret
    version = work.version({"a.bin": BIG})
    bring(work, version)
    assert stored(version) == {"a.bin": BIG}


def test_an_aria2_that_is_away_is_done_without(work, settings):
    settings.ARIA2_RPC_URL, settings.ARIA2_RPC_SECRET = "http://127.0.0.1:9/jsonrpc", "x"
    version = work.version({"a.bin": BIG})
    bring(work, version)
    assert stored(version) == {"a.bin": BIG}
