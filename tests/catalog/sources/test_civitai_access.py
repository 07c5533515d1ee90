"""The CivitAI source: opaque refusals become what to do, and where a token goes."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta

import pytest

from core.errors import (
    AddressBlockedError,
    InvalidInputError,
    UpstreamError,
    UpstreamForbiddenError,
    UpstreamNotFoundError,
)
from tests.catalog.sources.on_civitai import civitai, make_source, ref, slept, source
from tests.standins.civitai import HTML, STRANGER, TOKEN, Fault

__all__ = ["civitai", "make_source", "slept", "source"]
PATH = "boats.safetensors"
OPAQUE = json.dumps({"error": "Unauthorized"}).encode()


@pytest.mark.parametrize(
    ("given", "token", "error", "words"),
    [
        (("999", None), "", UpstreamNotFoundError, "no model 999.*takes a token.*CIVITAI_TOKEN"),
        (("999", None), TOKEN, UpstreamNotFoundError, "no model 999, or does not show it"),
        (("100", "999"), "", UpstreamNotFoundError, "no version 999 of model 100"),
        (("a/b", None), "", InvalidInputError, "no number of a model"),
        (("100", "main"), "", InvalidInputError, "no version of CivitAI"),
    ],
)
def test_what_is_not_there_says_what_to_look_at(make_source, given, token, error, words):
    with pytest.raises(error, match=words) as caught:
        make_source(token=token).resolve(ref(*given))
    assert not caught.value.retryable
    assert TOKEN not in str(caught.value)


@pytest.mark.parametrize(
    ("status", "body", "token", "words"),
    [
        (401, OPAQUE, "", "signed-in people only. Make a token at .*CIVITAI_TOKEN"),
        (401, OPAQUE, STRANGER, "does not accept the token"),
        (401, b"", "", "signed-in people only"),
        (403, HTML, "", "refuses model 100 and gives no reason"),
        (403, b'{"error": "Forbidden"}', "", "refuses model 100: Forbidden"),
        (451, b"[1]", "", "refuses model 100"),
    ],
)
def test_an_opaque_refusal_says_what_to_do(civitai, make_source, status, body, token, words):
    civitai.faults = [Fault("/api/v1/models/100", status, body)]
    with pytest.raises(UpstreamForbiddenError, match=words) as caught:
        make_source(token=token).resolve(ref("100"))
    assert caught.value.details["needs_token"] is True
    assert caught.value.details["upstream_status"] == status
    assert STRANGER not in str(caught.value)


@pytest.mark.parametrize(
    ("mode", "words"), [("TakenDown", "was taken down"), ("Archived", "is archived")]
)
def test_a_model_that_is_gone_for_good_is_told(civitai, source, mode, words):
    civitai.models[100]["mode"] = mode
    with pytest.raises(UpstreamForbiddenError, match=words):
        source.resolve(ref("100"))


def test_an_archived_file_is_told(civitai, source):
    pinned = source.resolve(ref("100", "1001")).ref
    body = b'{"error": "Model archived, not available for download"}'
    civitai.faults = [Fault("/api/download", 410, body)]
    with pytest.raises(UpstreamNotFoundError, match="has archived boats"):
        source.link(pinned, PATH)


def test_files_for_members_are_listed_and_say_what_to_do(civitai, make_source):
    civitai.login.add(1001)
    source = make_source()
    pinned = source.resolve(ref("100", "1001")).ref
    for ask in (source.link, lambda *at: source.read_range(*at, 0, 8)):
        with pytest.raises(UpstreamForbiddenError, match="CIVITAI_TOKEN") as caught:
            ask(pinned, PATH)
        assert caught.value.details["reason"] == "gated"
    assert make_source(token=TOKEN).link(pinned, PATH).size
    with pytest.raises(UpstreamForbiddenError, match="does not accept the token"):
        make_source(token=STRANGER).link(pinned, PATH)


def test_a_page_to_sign_in_at_is_no_file(civitai, source):
    pinned = source.resolve(ref("100", "1001")).ref
    for where in ("/login?returnUrl=%2Fx", "https://auth.civitai.com/login?reason=download-auth"):
        civitai.faults = [Fault("/api/download", 307, headers={"Location": where})]
        with pytest.raises(UpstreamForbiddenError, match="signed-in people only"):
            source.read_range(pinned, PATH, 0, 8)


@pytest.mark.parametrize("token", ["", TOKEN])
def test_early_access_says_until_when(civitai, make_source, token):
    ends = datetime.now(UTC) + timedelta(days=3)
    civitai.early[1001] = civitai.versions[1001]["earlyAccessEndsAt"] = ends.isoformat()
    source = make_source(token=token)
    listing = source.resolve(ref("100", "1001"))
    assert listing.gated == "early access"
    with pytest.raises(UpstreamForbiddenError, match=f"early access until {ends:%Y-%m-%d}"):
        source.link(listing.ref, PATH)


def test_early_access_that_is_over_is_none(civitai, source):
    civitai.versions[1001]["earlyAccessEndsAt"] = "2025-12-20T00:00:00Z"
    assert source.resolve(ref("100", "1001")).gated == ""


def test_a_download_that_is_disabled_is_told(civitai, make_source):
    civitai.closed.add(1001)
    source = make_source(token=TOKEN)
    pinned = source.resolve(ref("100", "1001")).ref
    with pytest.raises(UpstreamForbiddenError, match="has disabled its download") as caught:
        source.link(pinned, PATH)
    assert caught.value.details["reason"] == "disabled"


def test_the_token_goes_to_civitai_in_a_header_and_nowhere_else(civitai, make_source):
    civitai.login.add(1002)
    source = make_source(token=STRANGER, run_token=TOKEN)
    pinned = source.resolve(ref("100", "1002")).ref
    assert source.read_text(pinned, "boats.yaml", 100) == b"a: 1"
    link = source.link(pinned, PATH)
    assert not link.needs_token
    assert source.headers(link) == {}
    assert TOKEN not in link.url
    assert [one.headers["authorization"] for one in civitai.log] == [f"Bearer {TOKEN}"] * 4
    assert not any(TOKEN in path or "leak" in path for path in civitai.asked())
    assert all("authorization" not in seen.headers for seen in civitai.files.seen)


def test_bytes_that_the_endpoint_sends_itself_need_the_token(civitai, make_source):
    civitai.faults = [Fault("/api/download", 200, b"bytes")]
    for token, needed in (("", False), (TOKEN, True)):
        source = make_source(token=token)
        link = source.link(source.resolve(ref("100", "1001")).ref, PATH)
        assert link.url == f"{civitai.url}/api/download/models/1001"
        assert (link.needs_token, bool(source.headers(link))) == (needed, needed)


def test_a_token_that_cannot_be_sent_is_refused_without_being_told(make_source):
    with pytest.raises(InvalidInputError) as caught:
        make_source(token="abc\r\nX-Evil: 1")
    assert "abc" not in str(caught.value)


def test_a_link_to_an_address_inside_is_not_given_out(civitai, source):
    pinned = source.resolve(ref("100", "1001")).ref
    civitai.faults = [Fault("/api/download", 307, headers={"Location": "http://192.168.0.1/x"})]
    for ask in (source.link, lambda *at: source.read_range(*at, 0, 8)):
        with pytest.raises(AddressBlockedError):
            ask(pinned, PATH)


def test_a_page_in_place_of_a_file_is_an_upstream_error(civitai, source):
    pinned = source.resolve(ref("100", "1001")).ref
    civitai.faults = [Fault("/api/download", 200, HTML, {"Content-Type": "text/html"})]
    with pytest.raises(UpstreamError, match="a page in place of"):
        source.read_range(pinned, PATH, 0, 8)
