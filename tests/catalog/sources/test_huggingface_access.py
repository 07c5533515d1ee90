"""The Hugging Face source: refusals, and where a token goes."""

from __future__ import annotations

import threading

import huggingface_hub
import pytest

from core.errors import (
    AddressBlockedError,
    InvalidInputError,
    UpstreamForbiddenError,
    UpstreamNotFoundError,
)
from core.http import HttpPolicy, origin_of
from tests.catalog.sources.asking import has_token, ref
from tests.standins import repos
from tests.standins.files import FileServer, Served


@pytest.mark.parametrize(
    "refused",
    [
        ("acme/nope", None, "", UpstreamNotFoundError, "does not exist, or is private"),
        ("acme/nope", None, repos.TOKEN, UpstreamNotFoundError, "this token may not see it"),
        (repos.PRIVATE, None, "", UpstreamNotFoundError, "import it with a token"),
        (repos.PRIVATE, None, repos.STRANGER, UpstreamNotFoundError, "may not see it"),
        (repos.MOVING, "nope", "", UpstreamNotFoundError, "no revision nope"),
        (repos.MOVING, "f" * 40, "", UpstreamNotFoundError, "no revision ffff"),
        (repos.DISABLED, None, "", UpstreamForbiddenError, "disabled"),
        (repos.MOVING, None, "hf_wrong", UpstreamForbiddenError, "wrong or has expired"),
        ("acme/../x", None, "", InvalidInputError, "no name of a model"),
        (repos.MOVING, "a b", "", InvalidInputError, "no commit, branch or tag"),
    ],
)
def test_a_refusal_says_what_it_means(upstream, make_source, refused):
    repo_id, revision, token, error, words = refused
    with pytest.raises(error, match=words) as caught:
        make_source(upstream, token=token).resolve(ref(repo_id, revision))
    assert type(caught.value) is error
    assert not caught.value.retryable
    assert "hf_wrong" not in str(caught.value)


@pytest.mark.parametrize(
    ("token", "words"),
    [
        ("", "gated. Ask for access at .*/acme/gated, then import it again with a token"),
        (repos.STRANGER, "the account of this token has no access"),
        (repos.WAITING, "still waits for its authors"),
    ],
)
def test_a_gated_model_is_listed_but_its_files_say_what_to_do(upstream, make_source, token, words):
    source = make_source(upstream, token=token)
    listing = source.resolve(ref(repos.GATED))
    assert listing.gated == "manual"
    for ask in (
        lambda: source.read_text(listing.ref, "config.json", 1000),
        lambda: source.read_range(listing.ref, "model.safetensors", 0, 8),
        lambda: source.link(listing.ref, "model.safetensors"),
    ):
        with pytest.raises(UpstreamForbiddenError, match=words):
            ask()


def test_the_token_of_a_run_comes_before_the_configured_one(upstream, make_source):
    source = make_source(upstream, token=repos.STRANGER, run_token=repos.TOKEN)
    assert source.resolve(ref(repos.PRIVATE)).private


def test_without_a_token_none_of_this_machine_is_used(upstream, source, monkeypatch):
    monkeypatch.setenv("HF_TOKEN", repos.TOKEN)
    with pytest.raises(UpstreamNotFoundError):
        source.resolve(ref(repos.PRIVATE))
    assert not any(has_token(entry) for entry in upstream.log())


def test_a_token_that_cannot_be_sent_is_refused_without_being_told(upstream, make_source):
    with pytest.raises(InvalidInputError) as caught:
        make_source(upstream, token="hf_abc\r\nX-Evil: 1")
    assert "hf_abc" not in str(caught.value)


def test_the_token_reaches_the_hub_and_never_the_file_server(upstream, make_source):
    source = make_source(upstream, token=repos.TOKEN)
    pinned = source.resolve(ref(repos.GATED)).ref
    assert len(source.read_range(pinned, "model.safetensors", 0, 8)) == 8
    assert all(has_token(entry) for entry in upstream.log("hub"))
    assert [entry["status"] for entry in upstream.log("cdn")] == [206]
    assert not has_token(upstream.log("cdn")[0])


def test_a_next_page_at_another_origin_gets_no_token(upstream, make_source):
    with FileServer() as elsewhere:
        elsewhere.add("/page2", Served(b"[]"))
        link = {"Link": f'<{elsewhere.base}/page2>; rel="next"', "Content-Type": "application/json"}
        page = {"match": "/tree/", "status": 200, "headers": link, "body": "[]"}
        upstream.config(siblings=[], inject=[page])
        policy = HttpPolicy(allowed_origins=frozenset({origin_of(elsewhere.base)}))
        source = make_source(upstream, token=repos.TOKEN, http=policy)
        assert source.resolve(ref(repos.MOVING)).files == ()
        assert "authorization" not in elsewhere.seen[0].headers


def test_sources_of_several_threads_do_not_meet(start_upstream, make_source, upstream):
    """The library has one client for the process; each thread must still get its own token."""
    failures = []
    barrier = threading.Barrier(6)

    def run(token, expect):
        source = make_source(upstream, token=token)
        barrier.wait()
        for _ in range(5):
            try:
                private = source.resolve(ref(repos.PRIVATE)).private
            except UpstreamNotFoundError:
                private = False
            if private is not expect:
                failures.append(token)

    jobs = [(repos.TOKEN, True), (repos.STRANGER, False), ("", False)] * 2
    threads = [threading.Thread(target=run, args=job) for job in jobs]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert failures == []


def test_outside_a_source_the_library_reaches_public_addresses_alone(upstream, source):
    source.resolve(ref(repos.MOVING))
    try:
        with pytest.raises(AddressBlockedError):
            huggingface_hub.HfApi(endpoint=upstream.url, token=False).model_info(repos.MOVING)
    finally:
        huggingface_hub.set_client_factory(huggingface_hub.utils._http.default_client_factory)
    assert source.resolve(ref(repos.MOVING)).files  # and a client that others set is replaced
