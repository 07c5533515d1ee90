"""Bundles made by hand: any bytes as members, signed by any key, without a database."""

from __future__ import annotations

import hashlib
import io
from collections.abc import Mapping
from typing import Any

import orjson

from catalog.bundles import manifest as manifests
from catalog.bundles import signing, writer
from catalog.bundles.layout import content_path, ending, header, padded
from catalog.bundles.manifest import ListedMember, ListedVersion, Manifest
from catalog.bundles.papers import ToldFile, VersionPaper
from catalog.bundles.reader import Head

KEY = signing.new_key()
KEY_ID = signing.key_id(KEY.public_key())
TRUSTED = {KEY_ID: signing.Trusted(KEY.public_key(), "the sender")}
COMMIT = "a" * 40
FILES = {"config.json": b"{}", "model.safetensors": b"weights " * 3000}


def sha(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def git_id(content: bytes) -> str:
    blob = b"blob %d\0" % len(content) + content
    return hashlib.sha1(blob, usedforsecurity=False).hexdigest()


def paper(files: Mapping[str, bytes] = FILES, **values: Any) -> VersionPaper:
    told = [
        ToldFile(path=path, size=len(body), sha256=sha(body), git_oid=git_id(body), lfs=False)
        for path, body in files.items()
    ]
    given = {
        "source": "huggingface",
        "repo_id": "acme/sent",
        "commit": COMMIT,
        "number": 1,
        "parent": "",
        "private": False,
        "reach": "open",
        "told": {},
        "files": told,
    }
    return VersionPaper(**{**given, **values})


def listed(**values: Any) -> ListedVersion:
    given = {
        "source": "huggingface",
        "repo_id": "acme/sent",
        "commit": COMMIT,
        "number": 1,
        "admission": "admitted",
        "bytes": 1,
        "folder": "versions/0001",
    }
    return ListedVersion.model_construct(**{**given, **values})


def written_paper(made: VersionPaper) -> bytes:
    return orjson.dumps(made.model_dump(mode="json"))


def manifest(
    documents: Mapping[str, bytes], contents: Mapping[str, bytes], **values: Any
) -> Manifest:
    members = [
        *(ListedMember(path=p, sha256=sha(b), size=len(b)) for p, b in documents.items()),
        *(
            ListedMember(path=content_path(digest), sha256=digest, size=len(body))
            for digest, body in sorted(contents.items())
        ),
    ]
    given = {
        "created": "2026-01-01T00:00:00Z",
        "yard": "there",
        "yard_version": "1",
        "quarantine": "",
        "versions": [listed()],
        "members": members,
    }
    return Manifest.model_construct(
        format="modelyard-bundle", format_version=1, **{**given, **values}
    )


def head_of(made: Manifest, key: Any = KEY) -> Head:
    content = manifests.written(made)
    digest = manifests.digest(content)
    return Head(made, content, signing.sign(digest, key), digest)


def parts(files: Mapping[str, bytes] = FILES, **values: Any) -> tuple[dict, dict]:
    """Documents and contents of a bundle with one version."""
    documents = {"versions/0001/version.json": written_paper(paper(files, **values))}
    return documents, {sha(body): body for body in files.values()}


def bundle(
    documents: Mapping[str, bytes] | None = None,
    contents: Mapping[str, bytes] | None = None,
    *,
    key: Any = KEY,
    **values: Any,
) -> bytes:
    """Write a bundle as the writer does."""
    own_documents, own_contents = parts()
    documents = own_documents if documents is None else documents
    contents = own_contents if contents is None else contents
    head = head_of(manifest(documents, contents, **values), key)
    file = io.BytesIO()
    writer.begin(file, head, documents)
    for digest in sorted(contents):
        file.write(member(content_path(digest), contents[digest]))
    end = file.tell()
    return file.getvalue() + ending(end)


def member(path: str, body: bytes) -> bytes:
    return header(path, len(body)) + body.ljust(padded(len(body)), b"\0")


def signed_only(made: bytes, *, key: Any = KEY) -> bytes:
    """The first two members over manifest bytes of any kind."""
    return member("manifest.json", made) + member(
        "manifest.dsse.json", signing.sign(sha(made), key)
    )
