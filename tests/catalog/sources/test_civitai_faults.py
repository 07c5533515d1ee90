"""The CivitAI source: a server that fails, breaks off or answers nonsense; parts of files."""

from __future__ import annotations

import json

import pytest

from core.errors import (
    InvalidInputError,
    RevisionNotPinnedError,
    TooLargeError,
    UpstreamError,
    UpstreamNotFoundError,
    UpstreamRateLimitError,
)
from core.http import HttpPolicy
from tests.catalog.sources.on_civitai import WEIGHTS, civitai, make_source, ref, slept, source
from tests.standins.civitai import HTML, Fault
from tests.standins.files import Served

__all__ = ["civitai", "make_source", "slept", "source"]
PATH = "boats.safetensors"


@pytest.mark.parametrize("status", [429, 500, 502, 503, 504])
def test_a_passing_failure_is_waited_out(civitai, source, slept, status):
    civitai.faults = [Fault("/api/v1/", status, HTML, times=2)]
    assert source.resolve(ref("100")).files
    assert slept == [0.5, 1.0]


def test_a_dropped_connection_is_tried_again(civitai, source, slept):
    civitai.faults = [Fault("/api/v1/", reset=True, times=1)]
    assert source.resolve(ref("100")).files
    assert slept == [0.5]


def test_a_lasting_failure_is_an_upstream_error(civitai, source):
    civitai.faults = [Fault("/api/v1/", 503)]
    with pytest.raises(UpstreamError) as caught:
        source.resolve(ref("100"))
    assert caught.value.retryable
    assert len(civitai.log) == 4


def test_a_short_rate_limit_is_waited_for_and_a_long_one_told(civitai, source, slept):
    civitai.faults = [Fault("/api/v1/", 429, headers={"Retry-After": "7"}, times=1)]
    assert source.resolve(ref("100")).files
    assert slept == [8.75]  # as asked, and a quarter by the dice
    civitai.faults = [Fault("/api/v1/", 429, headers={"Retry-After": "500"})]
    with pytest.raises(UpstreamRateLimitError) as caught:
        source.resolve(ref("100"))
    assert caught.value.details["retry_after"] == 500.0
    assert slept == [8.75]  # as asked, and a quarter by the dice


def test_a_server_that_stays_silent_is_an_upstream_error(civitai, make_source, slept):
    policy = HttpPolicy(sleep=slept.append, read_timeout=0.05, attempts=2)
    fault = Fault("/api/v1/", hold=civitai.files.closing)
    civitai.faults = [fault]
    with pytest.raises(UpstreamError, match="ReadTimeout"):
        make_source(http=policy).resolve(ref("100"))


@pytest.mark.parametrize(
    "body",
    [
        HTML,
        b"",
        b"[]",
        b"null",
        b"{}",
        b'{"id": "x", "modelId": 100}',
        b'{"id": 1001, "modelId": true}',
        b'{"id": 1e400}',
        b"[" * 100_000,
        b"\xff\xfe",
    ],
)
def test_an_unreadable_answer_is_an_upstream_error(civitai, source, body):
    civitai.faults = [Fault("/api/v1/", 200, body)]
    with pytest.raises(UpstreamError, match="something unreadable"):
        source.resolve(ref("100", "1001"))


def test_an_answer_without_end_is_refused(civitai, source, monkeypatch):
    monkeypatch.setattr("catalog.sources.civit.api.LARGEST", 1000)
    with pytest.raises(TooLargeError):
        source.resolve(ref("100"))


def test_files_are_read_at_a_commit_only(source):
    for ask in (
        lambda at: source.read_text(at, PATH, 10),
        lambda at: source.read_range(at, PATH, 0, 1),
        lambda at: source.link(at, PATH),
    ):
        for revision in (None, "1001", "a" * 39):
            with pytest.raises(RevisionNotPinnedError):
                ask(ref("100", revision))


def test_a_part_of_a_file_is_that_part(civitai, source):
    pinned = source.resolve(ref("100", "1001")).ref
    assert source.read_range(pinned, PATH, 0, 8) == WEIGHTS[:8]
    assert source.read_range(pinned, PATH, 8, 20) == WEIGHTS[8:20]
    assert source.read_range(pinned, PATH, 90, 9999) == WEIGHTS[90:]
    assert len(civitai.asked("/api/download")) == 1  # CivitAI counts them; its address lasts
    for start, end in ((5000, 5001), (5, 5)):
        with pytest.raises(InvalidInputError):
            source.read_range(pinned, PATH, start, end)


def test_each_file_of_a_version_is_chosen_by_what_its_address_says(civitai, source):
    pinned = source.resolve(ref("100", "1002")).ref
    assert source.read_text(pinned, "boats.yaml", 100) == b"a: 1"
    (path,) = civitai.asked("/api/download")
    assert path == "/api/download/models/1002?type=Model&format=SafeTensor&size=n1"


def test_a_missing_file_and_a_large_one_are_told_apart(source):
    pinned = source.resolve(ref("100", "1001")).ref
    with pytest.raises(UpstreamNotFoundError, match=r"no file 'nope\.json'"):
        source.read_text(pinned, "nope.json", 100)
    with pytest.raises(TooLargeError):
        source.read_text(pinned, PATH, 10)


def test_an_expired_signature_is_an_upstream_error_without_it(civitai, source):
    pinned = source.resolve(ref("100", "1001")).ref
    civitai.files.files["/10010/model"] = Served(b"", signature="another")
    for ask in (
        lambda: source.read_range(pinned, PATH, 0, 8),
        lambda: source.read_text(pinned, PATH, 9999),
    ):
        with pytest.raises(UpstreamError, match="file server of CivitAI answers 403") as caught:
            ask()
        assert "sig" not in str(caught.value)


def test_redirects_end(civitai, source):
    pinned = source.resolve(ref("100", "1001")).ref
    there = {"Location": "/api/download/models/1001"}
    civitai.faults = [Fault("/api/download", 302, headers=there)]
    with pytest.raises(UpstreamError, match="without an end"):
        source.link(pinned, PATH)


def test_models_are_found_by_words_page_by_page(civitai, source):
    civitai.model(200, name="More paper boats")
    civitai.model(300, name="Trains", modelVersions=[{"baseModel": "Pony"}])
    page = source.search("paper boats", limit=1)
    assert [(one.ref.repo_id, one.title) for one in page.models] == [("100", "Paper boats")]
    last = source.search("paper boats", limit=1, cursor=page.next)
    assert ([one.ref.repo_id for one in last.models], last.next) == (["200"], "")
    (train,) = source.search("trains").models
    assert (train.base_model, train.author, train.nsfw) == ("Pony", "harbour", False)
    for words, limit in (("", 1), ("x" * 201, 1), ("x", 0), ("x", 101)):
        with pytest.raises(InvalidInputError):
            source.search(words, limit=limit)


def test_entries_of_a_search_that_are_none_are_left_out(civitai, source):
    body = json.dumps({"items": [1, {"id": "x"}, {"id": 7}], "metadata": []}).encode()
    civitai.faults = [Fault("models", 200, body)]
    (found,) = source.search("x").models
    assert (found.ref.repo_id, found.title, found.downloads) == ("7", "", None)
