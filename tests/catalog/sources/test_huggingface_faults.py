"""The Hugging Face source: a hub that fails, breaks off or answers nonsense."""

from __future__ import annotations

import pytest

from core.errors import AddressBlockedError, UpstreamError, UpstreamRateLimitError
from tests.catalog.sources.asking import ref
from tests.standins import repos


def test_a_next_page_inside_is_blocked(upstream, make_source):
    link = {"Link": '<http://169.254.169.254/latest>; rel="next"'}
    page = {"match": "/tree/", "status": 200, "headers": link, "body": "[]"}
    upstream.config(siblings=[], inject=[page])
    with pytest.raises(AddressBlockedError):
        make_source(upstream).resolve(ref(repos.MOVING))


def test_pages_without_an_end_are_ended(upstream, make_source):
    link = {"Link": f'<{upstream.url}/api/models/x/tree/y>; rel="next"'}
    page = {"match": "/tree/", "status": 200, "headers": link, "body": "[]"}
    upstream.config(siblings=[], inject=[page])
    with pytest.raises(UpstreamError, match="page after page"):
        make_source(upstream, max_files=1000).resolve(ref(repos.MOVING))
    assert len(upstream.log()) < 40


@pytest.mark.parametrize(
    "body",
    [
        "no json",
        "[]",
        "null",
        "{}",
        '{"id": "acme/moving"}',
        '{"id": "acme/moving", "sha": "main"}',
        '{"id": "../../x", "sha": "' + "a" * 40 + '"}',
        '{"id": 7, "sha": 7}',
        "[" * 100_000,
    ],
)
def test_an_unreadable_answer_is_an_upstream_error(upstream, source, body):
    upstream.config(inject=[{"match": "/api/models/", "status": 200, "body": body}])
    with pytest.raises(UpstreamError):
        source.resolve(ref(repos.MOVING))


@pytest.mark.parametrize("status", [500, 502, 503, 504])
def test_a_passing_failure_is_waited_out(upstream, source, slept, status):
    upstream.config(inject=[{"match": "/api/models/", "status": status, "times": 2}])
    assert source.resolve(ref(repos.MOVING)).files
    assert slept == [0.5, 1.0]


def test_a_lasting_failure_is_an_upstream_error(upstream, source, slept):
    upstream.config(inject=[{"match": "/api/models/", "status": 503}])
    with pytest.raises(UpstreamError) as caught:
        source.resolve(ref(repos.MOVING))
    assert caught.value.retryable
    assert len(upstream.log()) == 4


@pytest.mark.parametrize("style", ["ratelimit", "retry-after"])
def test_a_short_rate_limit_is_waited_out_and_a_long_one_told(upstream, make_source, slept, style):
    limit = {"after": 0, "window": 300, "reset": 500, "style": style, "recover": True}
    upstream.config(rate_limit=limit)
    with pytest.raises(UpstreamRateLimitError) as caught:
        make_source(upstream).resolve(ref(repos.MOVING))
    assert caught.value.details["retry_after"] == pytest.approx(500, abs=5)
    assert slept == []
    assert len(upstream.log()) == 1
    upstream.config(rate_limit={**limit, "reset": 20})
    with pytest.raises(UpstreamRateLimitError):
        make_source(upstream).resolve(ref(repos.MOVING))
    assert 1 <= len(slept) <= 3  # it is never longer than our patience of a minute
    assert sum(slept) <= 60


def test_a_dropped_connection_is_tried_again(upstream, source, slept):
    upstream.config(inject=[{"match": "/api/models/", "drop": True, "times": 1}])
    assert source.resolve(ref(repos.MOVING)).files
    assert slept == [0.5]


@pytest.mark.parametrize("kind", ["reset", "short"])
def test_a_file_that_breaks_off_is_asked_for_again(upstream, source, kind):
    listing = source.resolve(ref(repos.NON_COMMERCIAL))
    faults = {f"{kind}_after_bytes": 20, f"{kind}_times": 1}
    for path in ("config.json", "model.safetensors"):
        upstream.config(**faults)
        content = source.read_range(listing.ref, path, 0, 90)
        assert len(content) == 90
    upstream.config(**faults)
    assert len(source.read_text(listing.ref, "config.json", 1000)) == 261
    upstream.config(**{**faults, f"{kind}_times": 99})
    with pytest.raises(UpstreamError):
        source.read_text(listing.ref, "config.json", 1000)


def test_nothing_at_the_endpoint_is_an_upstream_error(upstream, make_source):
    upstream.url = "http://127.0.0.1:9"
    with pytest.raises(UpstreamError, match="does not answer"):
        make_source(upstream).resolve(ref(repos.MOVING))
