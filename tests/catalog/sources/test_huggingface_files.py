"""The Hugging Face source: parts of files and links to them."""

from __future__ import annotations

import json
from datetime import UTC, datetime

import pytest

from core.errors import (
    AddressBlockedError,
    InvalidInputError,
    RevisionNotPinnedError,
    TooLargeError,
    UpstreamError,
    UpstreamNotFoundError,
)
from core.http import origin_of
from tests.catalog.sources.asking import ref
from tests.standins import repos


def test_files_are_read_at_a_commit_only(source):
    for ask in (
        lambda name: source.read_text(ref(repos.MOVING, name), "config.json", 10),
        lambda name: source.read_range(ref(repos.MOVING, name), "config.json", 0, 1),
        lambda name: source.link(ref(repos.MOVING, name), "config.json"),
    ):
        for name in (None, "main", "v1", "a" * 39):
            with pytest.raises(RevisionNotPinnedError):
                ask(name)


def test_a_missing_file_and_a_large_one_are_told_apart(upstream, source):
    pinned = source.resolve(ref(repos.HUGE_CONFIG)).ref
    with pytest.raises(UpstreamNotFoundError, match=r"no file nope\.json"):
        source.read_text(pinned, "nope.json", 100)
    with pytest.raises(TooLargeError):
        source.read_text(pinned, "config.json", 1 << 20)


@pytest.mark.parametrize("fault", [{}, {"no_range": True}])
def test_a_part_of_a_file_is_that_part(upstream, source, fault):
    pinned = source.resolve(ref(repos.NON_COMMERCIAL)).ref
    whole = (
        upstream.repos.root / "models" / repos.NON_COMMERCIAL / "model.safetensors"
    ).read_bytes()
    upstream.config(**fault)
    assert source.read_range(pinned, "model.safetensors", 0, 8) == whole[:8]
    assert source.read_range(pinned, "model.safetensors", 8, 20) == whole[8:20]
    assert source.read_range(pinned, "model.safetensors", 90, 9999) == whole[90:]


def test_a_part_past_the_end_is_refused(upstream, source):
    pinned = source.resolve(ref(repos.NON_COMMERCIAL)).ref
    with pytest.raises(InvalidInputError):
        source.read_range(pinned, "model.safetensors", 5000, 5001)
    with pytest.raises(InvalidInputError):
        source.read_range(pinned, "model.safetensors", 5, 5)


def test_a_large_file_is_linked_at_the_file_server_without_a_token(upstream, make_source):
    source = make_source(upstream, token=repos.TOKEN)
    pinned = source.resolve(ref(repos.NON_COMMERCIAL)).ref
    link = source.link(pinned, "model.safetensors")
    weights = source.resolve(ref(repos.NON_COMMERCIAL)).file("model.safetensors")
    assert origin_of(link.url) == origin_of(upstream.cdn)
    assert (link.size, link.etag) == (weights.size, weights.sha256)
    assert not link.needs_token
    assert source.headers(link) == {}
    assert link.expires_at > datetime.now(UTC)
    assert repos.TOKEN not in link.url
    assert upstream.log("cdn") == []


def test_a_small_file_is_linked_at_the_hub(upstream, make_source):
    pinned = make_source(upstream).resolve(ref(repos.NON_COMMERCIAL)).ref
    for token, needed in (("", False), (repos.TOKEN, True)):
        source = make_source(upstream, token=token)
        link = source.link(pinned, "config.json")
        assert origin_of(link.url) == origin_of(upstream.url)
        assert link.needs_token is needed
        assert bool(source.headers(link)) is needed
        assert link.size == len(json.dumps(repos.TINY_CONFIG))


def test_a_link_to_an_address_inside_is_not_given_out(upstream, source):
    pinned = source.resolve(ref(repos.NON_COMMERCIAL)).ref
    to = {"Location": "http://192.168.0.1/x", "X-Linked-Size": "5"}
    upstream.config(inject=[{"match": "^HEAD", "status": 302, "headers": to}])
    with pytest.raises(AddressBlockedError):
        source.link(pinned, "model.safetensors")


def test_an_expired_signature_is_an_upstream_error_without_it(upstream, source):
    pinned = source.resolve(ref(repos.NON_COMMERCIAL)).ref
    upstream.config(cdn_ttl=-10)
    with pytest.raises(UpstreamError) as caught:
        source.read_range(pinned, "model.safetensors", 0, 8)
    assert "Signature" not in str(caught.value)
