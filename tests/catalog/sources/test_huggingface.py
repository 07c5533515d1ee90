from __future__ import annotations

import hashlib
import json
import threading
from datetime import UTC, datetime

import huggingface_hub
import pytest

from catalog.sources.base import ModelRef
from core.errors import (
    AddressBlockedError,
    InvalidInputError,
    RevisionNotPinnedError,
    TooLargeError,
    UpstreamError,
    UpstreamForbiddenError,
    UpstreamNotFoundError,
    UpstreamRateLimitError,
)
from core.http import HttpPolicy, origin_of
from tests.standins import repos
from tests.standins.files import FileServer, Served


def ref(repo_id, revision=None):
    return ModelRef("huggingface", repo_id, revision)


def has_token(entry):
    return "authorization" in {name.lower() for name in entry["headers"]}


def asked(upstream):
    return [(entry["method"], entry["status"]) for entry in upstream.log()]


def test_a_model_is_pinned_and_listed_by_two_requests(upstream, source):
    listing = source.resolve(ref(repos.NON_COMMERCIAL))
    assert listing.commit == listing.ref.revision == upstream.commit(repos.NON_COMMERCIAL)
    assert [file.path for file in listing.files] == [
        "README.md",
        "config.json",
        "model.safetensors",
    ]
    assert listing.card_data == {"license": "cc-by-nc-4.0"}
    assert listing.moved_from is None
    assert listing.author == "acme"
    assert listing.last_modified == datetime(2023, 11, 14, 22, 13, 20, tzinfo=UTC)
    assert asked(upstream) == [("GET", 200), ("GET", 200)]


def test_hashes_are_those_of_the_bytes(upstream, source):
    listing = source.resolve(ref(repos.NON_COMMERCIAL))
    base = upstream.repos.root / "models" / repos.NON_COMMERCIAL
    weights, config = listing.file("model.safetensors"), listing.file("config.json")
    content = (base / "model.safetensors").read_bytes()
    assert weights.is_lfs
    assert weights.sha256 == hashlib.sha256(content).hexdigest()
    assert weights.size == len(content)
    text = (base / "config.json").read_bytes()
    blob = hashlib.sha1(b"blob %d\0" % len(text) + text, usedforsecurity=False)
    assert config.git_oid == blob.hexdigest()
    assert config.sha256 is None
    assert not config.is_lfs
    assert listing.size == sum(file.size for file in listing.files)


def test_ten_thousand_files_take_one_request_for_each_thousand(start_upstream, make_source):
    upstream = start_upstream(repos.many_files)
    listing = make_source(upstream).resolve(ref(repos.MANY_FILES))
    assert len(listing.files) == 10_000
    assert len({file.path for file in listing.files}) == 10_000
    # 10,000 files and ten folders: eleven pages, and the model itself.
    assert len(upstream.log()) == 12


def test_more_files_than_allowed_are_refused(upstream, make_source):
    with pytest.raises(TooLargeError, match="more than 2 files"):
        make_source(upstream, max_files=2).resolve(ref(repos.NON_COMMERCIAL))


def test_a_tag_names_the_older_commit(upstream, source):
    old, new = source.resolve(ref(repos.MOVING, "v1")), source.resolve(ref(repos.MOVING))
    assert old.commit != new.commit
    assert source.resolve(ref(repos.MOVING, old.commit)).commit == old.commit
    assert [file.path for file in old.files] == ["config.json"]


def test_a_rename_is_followed_and_told(upstream, source):
    listing = source.resolve(ref(repos.RENAMED))
    assert listing.ref.repo_id == repos.RENAMED_TO
    assert listing.moved_from == repos.RENAMED


def test_an_empty_model_has_no_files(upstream, source):
    assert source.resolve(ref(repos.EMPTY)).files == ()


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
        upstream.config(inject=[{"match": "/tree/", "status": 200, "headers": link, "body": "[]"}])
        policy = HttpPolicy(allowed_origins=frozenset({origin_of(elsewhere.base)}))
        source = make_source(upstream, token=repos.TOKEN, http=policy)
        assert source.resolve(ref(repos.MOVING)).files == ()
        assert "authorization" not in elsewhere.seen[0].headers


def test_a_next_page_inside_is_blocked(upstream, make_source):
    link = {"Link": '<http://169.254.169.254/latest>; rel="next"'}
    upstream.config(inject=[{"match": "/tree/", "status": 200, "headers": link, "body": "[]"}])
    with pytest.raises(AddressBlockedError):
        make_source(upstream).resolve(ref(repos.MOVING))


def test_pages_without_an_end_are_ended(upstream, make_source):
    link = {"Link": f'<{upstream.url}/api/models/x/tree/y>; rel="next"'}
    upstream.config(inject=[{"match": "/tree/", "status": 200, "headers": link, "body": "[]"}])
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


GOOD = {"type": "file", "path": "a", "size": 1, "oid": "a" * 40}
LFS = {"oid": "b" * 64, "size": 1, "pointerSize": 100}


@pytest.mark.parametrize(
    ("entry", "words"),
    [
        ({"path": "../x"}, "leaves its folder"),
        ({"path": "a/../../x"}, "leaves its folder"),
        ({"path": "/etc/passwd"}, "absolute"),
        ({"path": "a\\b"}, "backslash"),
        ({"path": "a//b"}, "empty part"),
        ({"path": "a\x00b"}, "control characters"),
        ({"path": "a\nb"}, "control characters"),
        ({"path": "a\u202eb"}, "control characters"),
        ({"path": ""}, "empty"),
        ({"path": 7}, "no text"),
        ({"path": "x" * 1001}, "longer than"),
        ({"size": -1}, "no usable size"),
        ({"size": "1"}, "no usable size"),
        ({"size": True}, "no usable size"),
        ({"oid": "zz"}, "no usable hash"),
        ({"lfs": {**LFS, "oid": "short"}}, "no usable hash"),
        ({"lfs": {**LFS, "size": 2}}, "no usable size"),
    ],
)
def test_a_dangerous_entry_is_refused_by_name(upstream, source, entry, words):
    body = json.dumps([GOOD | entry])
    upstream.config(inject=[{"match": "/tree/", "status": 200, "body": body}])
    with pytest.raises(InvalidInputError, match=words) as caught:
        source.resolve(ref(repos.MOVING))
    assert caught.value.message.isprintable()


@pytest.mark.parametrize("paths", [("a", "a"), ("a", "a/b")])
def test_names_that_collide_are_refused(upstream, source, paths):
    body = json.dumps([GOOD | {"path": path} for path in paths])
    upstream.config(inject=[{"match": "/tree/", "status": 200, "body": body}])
    with pytest.raises(InvalidInputError):
        source.resolve(ref(repos.MOVING))


def test_odd_names_are_read_as_they_are(upstream, source):
    listing = source.resolve(ref(repos.ODD_NAMES))
    assert {file.path for file in listing.files} == set(repos.ODD_FILES)
    for path, content in repos.ODD_FILES.items():
        assert source.read_text(listing.ref, path, 100) == content
        assert source.link(listing.ref, path).size == len(content)


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


def test_the_packaged_model_is_listed_with_its_license(start_upstream, make_source):
    upstream = start_upstream(repos.minilm)
    source = make_source(upstream)
    listing = source.resolve(source.parse(repos.MINILM))
    assert listing.file("model.safetensors").size == 90868376
    assert b"Apache License" in source.read_text(listing.ref, "LICENSE", 20_000)
    assert listing.pipeline_tag == "sentence-similarity"
    assert listing.library_name == "sentence-transformers"
    assert "license:apache-2.0" in listing.tags
