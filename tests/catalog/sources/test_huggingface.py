"""The Hugging Face source: what a model is pinned to, and its list of files."""

from __future__ import annotations

import hashlib
import json
from datetime import UTC, datetime

import pytest

from core.errors import InvalidInputError, TooLargeError
from tests.catalog.sources.asking import asked, ref
from tests.standins import repos


def test_a_model_is_pinned_and_listed_by_one_request(upstream, source):
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
    assert asked(upstream) == [("GET", 200)]


def test_a_hub_that_tells_names_alone_is_asked_for_the_tree(upstream, source):
    told = source.resolve(ref(repos.NON_COMMERCIAL))
    upstream.config(siblings=[{"rfilename": "README.md"}, {"rfilename": "config.json"}])
    assert source.resolve(ref(repos.NON_COMMERCIAL)).files == told.files
    assert len(asked(upstream)) == 1 + 2


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


def test_ten_thousand_files_of_a_tree_take_one_request_for_each_thousand(
    start_upstream, make_source
):
    upstream = start_upstream(repos.many_files, siblings=[])
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


GOOD = {"type": "file", "path": "a", "size": 1, "oid": "a" * 40}


LFS = {"oid": "b" * 64, "size": 1, "pointerSize": 100}


def told(*entries):
    """The two ways in which a Hub tells of files: with the model, and as a tree."""
    yield {"siblings": [sibling(entry) for entry in entries]}
    tree = {"match": "/tree/", "status": 200, "body": json.dumps(entries)}
    yield {"siblings": [], "inject": [tree]}


def sibling(entry):
    found = {"rfilename": entry["path"], "size": entry["size"], "blobId": entry["oid"]}
    if lfs := entry.get("lfs"):
        found["lfs"] = {**lfs, "sha256": lfs["oid"]}
    return found


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
    for faults in told(GOOD | entry):
        upstream.config(**faults)
        with pytest.raises(InvalidInputError, match=words) as caught:
            source.resolve(ref(repos.MOVING))
        assert caught.value.message.isprintable()


@pytest.mark.parametrize("paths", [("a", "a"), ("a", "a/b")])
def test_names_that_collide_are_refused(upstream, source, paths):
    for faults in told(*(GOOD | {"path": path} for path in paths)):
        upstream.config(**faults)
        with pytest.raises(InvalidInputError):
            source.resolve(ref(repos.MOVING))


def test_odd_names_are_read_as_they_are(upstream, source):
    listing = source.resolve(ref(repos.ODD_NAMES))
    assert {file.path for file in listing.files} == set(repos.ODD_FILES)
    for path, content in repos.ODD_FILES.items():
        assert source.read_text(listing.ref, path, 100) == content
        assert source.link(listing.ref, path).size == len(content)


def test_the_packaged_model_is_listed_with_its_license(start_upstream, make_source):
    upstream = start_upstream(repos.minilm)
    source = make_source(upstream)
    listing = source.resolve(source.parse(repos.MINILM))
    assert listing.file("model.safetensors").size == 90868376
    assert b"Apache License" in source.read_text(listing.ref, "LICENSE", 20_000)
    assert listing.pipeline_tag == "sentence-similarity"
    assert listing.library_name == "sentence-transformers"
    assert "license:apache-2.0" in listing.tags
