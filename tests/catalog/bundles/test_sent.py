"""Papers over HTTP are read strictly, and held against what the source lists."""

from __future__ import annotations

import json
from dataclasses import dataclass

import pytest

from catalog.bundles import manifest as manifests
from catalog.bundles import sent, signing
from catalog.bundles.sent import check_subject, read_sent
from core.errors import BundleRefusedError
from tests.catalog.bundles import making

FOLDER = "versions/0001"
OTHER = signing.new_key()


@dataclass(frozen=True)
class Listed:
    path: str
    size: int
    git_oid: str | None
    sha256: str | None
    is_lfs: bool = False


def listed(**changed: Listed | None):
    """What the source lists of the files of `making`; weights come with their hash."""
    files = {
        path: Listed(path, len(body), making.git_id(body), None)
        for path, body in making.FILES.items()
    }
    weights = making.FILES["model.safetensors"]
    files["model.safetensors"] = Listed(
        "model.safetensors", len(weights), "f" * 40, making.sha(weights), is_lfs=True
    )
    return [file for file in (files | changed).values() if file is not None]


def documents(**values):
    return {
        f"{FOLDER}/version.json": making.written_paper(making.paper(**values)),
        f"{FOLDER}/decision.json": b"{}",
        f"{FOLDER}/scan.sarif": b"{}",
        f"{FOLDER}/mlbom.cdx.json": b"{}",
    }


def answer(found=None, *, key=making.KEY, predicate=signing.SENT, **values):
    found = documents() if found is None else found
    manifest = manifests.written(making.manifest(found, {}, **values))
    signed = signing.sign(making.sha(manifest), key, predicate=predicate) if key else None
    return json.loads(sent.written(manifest, signed, found))


def read(made):
    return read_sent(json.dumps(made).encode())


def check(made, *, repo_id="acme/sent", commit=making.COMMIT, files=None):
    check_subject(read(made), repo_id=repo_id, commit=commit, files=files or listed())


def reason_of(action) -> str:
    with pytest.raises(BundleRefusedError) as refused:
        action()
    return refused.value.details["reason"]


def test_what_was_written_is_read():
    found = read(answer())
    assert (found.version.repo_id, found.folder) == ("acme/sent", FOLDER)
    assert found.given.keys() == making.FILES.keys()
    assert found.signer(making.TRUSTED).name == "the sender"
    check(answer())


def test_what_nobody_signed_says_so():
    assert read(answer(key=None)).signer(making.TRUSTED) is None


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (answer(key=OTHER), signing.UNTRUSTED),
        (answer(predicate=signing.PREDICATE), "manifest_altered"),
        (answer() | {"signature": answer(created="2026-02-02T00:00:00Z")["signature"]},
         "manifest_altered"),
        (answer() | {"signature": "{}"}, "unsigned"),
    ],
)  # fmt: skip
def test_a_signature_is_of_these_papers_by_a_trusted_key(made, reason):
    assert reason_of(lambda: read(made).signer(making.TRUSTED)) == reason


def test_a_forged_signature_does_not_hold():
    made = answer()
    envelope = json.loads(made["signature"])
    forged = json.loads(answer(key=OTHER)["signature"])["signatures"][0]["sig"]
    envelope["signatures"][0]["sig"] = forged
    made["signature"] = json.dumps(envelope)
    assert reason_of(lambda: read(made).signer(making.TRUSTED)) == "signature"


def altered(path, text):
    made = answer()
    made["papers"][path] = text
    return made


def without(path):
    made = answer()
    del made["papers"][path]
    return made


@pytest.mark.parametrize(
    ("made", "reason"),
    [
        (altered(f"{FOLDER}/decision.json", "[]"), "member_altered"),
        (altered(f"{FOLDER}/decision.json", "{}\n"), "member_altered"),
        (altered(f"{FOLDER}/more.json", "{}"), "member_altered"),
        (without(f"{FOLDER}/scan.sarif"), "member_altered"),
        (answer({f"{FOLDER}/version.json": b"{}"}), "member_altered"),
        (answer(documents() | {f"{FOLDER}/version.json": b"{}"}), "version"),
        (answer(documents() | {f"{FOLDER}/version.json": b"no"}), "version"),
        (answer(documents(number=2)), "version"),
        (answer(documents(repo_id="acme/other")), "version"),
        (answer(versions=[making.listed(), making.listed(folder="versions/0002")]), "format"),
        (answer(versions=[]), "manifest"),
        (answer() | {"manifest": "{}"}, "manifest"),
        (answer() | {"format": "modelyard-bundle"}, "format"),
        (answer() | {"format_version": 2}, "format"),
        (answer() | {"more": 1}, "format"),
        (answer() | {"papers": []}, "format"),
        (answer() | {"manifest": "\ud800"}, "format"),
        (answer() | {"signature": "x" * 100_000}, "format"),
    ],
)
def test_what_does_not_fit_together_is_refused(made, reason):
    assert reason_of(lambda: read(made)) == reason


@pytest.mark.parametrize("content", [b"", b"no", b"[]", b"null", b"[" * 5000, b"\xff\xfe"])
def test_what_is_no_answer_is_said_to_be_none(content):
    assert reason_of(lambda: read_sent(content)) == "format"


def test_more_files_than_are_ever_sent_are_not_read(monkeypatch):
    monkeypatch.setattr(sent, "MAX_FILES", 1)
    assert reason_of(lambda: read(answer())) == "format"


CONFIG = making.FILES["config.json"]


@pytest.mark.parametrize(
    ("asked", "reason"),
    [
        ({"repo_id": "acme/another"}, "other_version"),
        ({"commit": "b" * 40}, "other_version"),
        ({"files": listed(**{"config.json": None})}, "other_files"),
        ({"files": [*listed(), Listed("more.txt", 1, "c" * 40, None)]}, "other_files"),
        ({"files": listed(**{"config.json": Listed("config.json", 3, None, None)})}, "other_files"),
        ({"files": listed(**{"config.json": Listed("config.json", 2, "c" * 40, None)})},
         "other_files"),
        ({"files": listed(**{"model.safetensors": Listed(
            "model.safetensors", 24_000, "f" * 40, "d" * 64, is_lfs=True)})}, "other_files"),
    ],
)  # fmt: skip
def test_they_are_of_this_model_commit_and_list(asked, reason):
    assert reason_of(lambda: check(answer(), **asked)) == reason


def test_a_git_id_of_a_pointer_is_compared_with_none_of_bytes():
    check(answer(), files=listed(**{"config.json": Listed("config.json", len(CONFIG), None, None)}))


def test_what_the_sender_leaves_out_need_not_be_listed():
    files = making.paper().files
    left = [file.model_copy(update={"left_out": "not selected"}) for file in files]
    made = answer(documents() | {
        f"{FOLDER}/version.json": making.written_paper(making.paper().model_copy(
            update={"files": [left[0], files[1]]}))
    })  # fmt: skip
    found = read(made)
    assert [file.path for file in found.not_given] == ["config.json"]
    check(made, files=listed(**{"config.json": None}))
    assert reason_of(lambda: check(made)) == "other_files"
