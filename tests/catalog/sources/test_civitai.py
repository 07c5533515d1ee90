"""The CivitAI source: what a model is pinned to, and its list of files."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from catalog.sources.base import ModelRef
from catalog.sources.civit.listing import commit_of, published_files, size_of
from core.errors import InvalidInputError, PinnedGoneError, TooLargeError, UpstreamNotFoundError
from tests.catalog.sources.on_civitai import WEIGHTS, civitai, make_source, ref, slept, source

__all__ = ["civitai", "make_source", "slept", "source"]
CORPUS = Path(__file__).resolve().parents[3].parent / "shared" / "corpus" / "metadata" / "civitai"


def test_a_version_is_pinned_and_listed_by_two_requests(civitai, source):
    listing = source.resolve(ref("100", "1001"))
    digest = hashlib.sha256(WEIGHTS).hexdigest()
    assert listing.ref == ModelRef("civitai", "100", listing.commit)
    assert listing.commit.endswith("000000001001")
    (file,) = listing.files
    assert (file.path, file.size, file.sha256) == ("boats.safetensors", len(WEIGHTS), digest)
    assert (listing.title, listing.author, listing.pipeline_tag) == (
        "Paper boats",
        "harbour",
        "text-to-image",
    )
    assert listing.tags == ("boats", "style")
    assert (listing.downloads, listing.likes, listing.gated) == (40, 4, "")
    assert listing.last_modified == datetime(2025, 12, 18, 9, 16, 12, 62000, tzinfo=UTC)
    assert civitai.asked() == ["/api/v1/model-versions/1001", "/api/v1/models/100"]


def test_a_model_alone_is_its_newest_published_version(civitai, source):
    civitai.versions[1002]["status"] = "Draft"
    assert source.resolve(ref("100")).commit.endswith("1001")
    civitai.versions[1002]["status"] = "Published"
    assert source.resolve(ref("100")).commit.endswith("1002")


@pytest.mark.parametrize(
    ("revision", "asked"),
    [
        (None, ["/api/v1/models/100", "/api/v1/model-versions/1002"]),
        ("1001", ["/api/v1/model-versions/1001"]),
    ],
)
def test_a_number_is_pinned_without_a_listing(civitai, source, revision, asked):
    found = source.name_commit(ref("100", revision))
    assert civitai.asked() == asked
    assert found == source.resolve(ref("100", revision)).ref


def test_a_download_address_leads_to_the_model_of_its_version(source):
    listing = source.resolve(ref("model-versions/1001", "1001"))
    assert (listing.ref.repo_id, listing.moved_from) == ("100", None)


def test_the_same_files_are_the_same_commit_and_replaced_ones_another(civitai, source):
    before = source.resolve(ref("100", "1001"))
    civitai.versions[1001]["updatedAt"] = "2026-01-01T00:00:00Z"
    assert source.resolve(before.ref).commit == before.commit
    civitai.replace(1001, WEIGHTS + b"new")
    with pytest.raises(PinnedGoneError, match="replaced them: import it again") as caught:
        source.resolve(before.ref)
    after = source.resolve(ref("100", "1001"))
    assert caught.value.details["commit"] == after.commit != before.commit
    assert after.commit[-12:] == before.commit[-12:]


def test_a_version_of_another_model_is_told(civitai, source):
    civitai.model(200)
    with pytest.raises(UpstreamNotFoundError, match="write civitai:100@1001"):
        source.resolve(ref("200", "1001"))


def test_a_model_without_a_published_version_is_told(civitai, source):
    civitai.model(300)
    with pytest.raises(UpstreamNotFoundError, match="no published version"):
        source.resolve(ref("300"))


@pytest.mark.parametrize(
    ("kilobytes", "size"),
    [
        (223097.9921875, 228_452_344),  # as the API gives it: bytes / 1024
        (1 / 1024, 1),
        (6775430.35, None),  # rounded to two decimals, as copies of answers have it
        (144.5, None),
        (144, None),
        (0, None),
    ],
)
def test_a_size_is_taken_where_it_is_exact(kilobytes, size):
    assert size_of({"name": "a", "sizeKB": kilobytes}) == size


@pytest.mark.parametrize("kilobytes", [-1, "144", True, None, 1e300, 2.0**41])
def test_a_size_that_is_none_is_refused_by_the_name_of_its_file(kilobytes):
    with pytest.raises(InvalidInputError, match="'a' has no usable size"):
        size_of({"name": "a", "sizeKB": kilobytes})


def test_a_size_that_may_be_rounded_is_asked_for_with_one_byte(civitai, source):
    row = civitai.versions[1001]["files"][0]
    row["sizeKB"] = round(row["sizeKB"], 2)
    assert source.resolve(ref("100", "1001")).size == len(WEIGHTS)
    (seen,) = civitai.files.seen
    assert seen.headers["range"] == "bytes=0-0"


GOOD = {"id": 1, "name": "a", "sizeKB": 1.5, "hashes": {"SHA256": "A" * 64}}


@pytest.mark.parametrize(
    ("row", "words"),
    [
        ({"name": "../x"}, "leaves its folder"),
        ({"name": "/etc/passwd"}, "absolute"),
        ({"name": "a\\b"}, "backslash"),
        ({"name": "a/b"}, "slash"),
        ({"name": "a\x00b"}, "control characters"),
        ({"name": "a\u202eb"}, "control characters"),
        ({"name": ""}, "empty"),
        ({"name": 7}, "no text"),
        ({"id": None}, "no id"),
        ({"id": -1}, "no id"),
        ({"sizeKB": "big"}, "no usable size"),
        ({"hashes": {}}, "not published the SHA-256"),
        ({"hashes": {"SHA256": "zz"}}, "not published the SHA-256"),
        ({"hashes": []}, "not published the SHA-256"),
    ],
)
def test_a_dangerous_file_is_refused_by_name(row, words):
    with pytest.raises(InvalidInputError, match=words) as caught:
        published_files({"files": [GOOD | row]}, 10)
    assert caught.value.message.isprintable()


def test_more_files_than_allowed_are_refused():
    with pytest.raises(TooLargeError, match="more than 2 files"):
        published_files({"files": [GOOD] * 3}, 2)


def test_files_of_one_name_are_told_apart_by_their_ids():
    rows = [GOOD, {**GOOD, "id": 2, "primary": True}, {**GOOD, "id": 3, "name": "b"}]
    files = published_files({"files": rows}, 10)
    assert [file.path for file in files] == ["1/a", "a", "b"]
    assert commit_of(7, files) == commit_of(7, files[::-1]) != commit_of(8, files)


def test_what_is_no_list_of_files_is_none():
    assert published_files({"files": "x"}, 10) == published_files({}, 10) == ()


def test_the_answer_of_the_documentation_is_read():
    if not CORPUS.is_dir():
        pytest.skip(f"no corpus at {CORPUS}")
    version = json.loads((CORPUS / "civitai__model-version_2514310.json").read_text())
    (file,) = published_files(version, 10)
    assert file.path == "waiIllustriousSDXL_v160.safetensors"
    assert file.sha256.startswith("a5f58eb1c3")
    assert file.size is None  # its sizeKB is rounded there
    assert commit_of(2514310, (file,)).endswith("000002514310")
