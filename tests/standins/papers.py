"""Papers of a repository of the stand-in, as the yard would write them that it plays."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from typing import Any

from catalog.bundles import manifest as manifests
from catalog.bundles import sent, signing
from catalog.bundles.manifest import ListedMember, ListedVersion, Manifest
from catalog.bundles.papers import ToldFile, VersionPaper, written
from tests.standins.hub.git import Commit, File
from tests.standins.hub.state import STATE

YARD = f"modelyard/1 instance={'ab' * 16}"
FOLDER = "versions/0001"
KEY = signing.new_key()
PEM = signing.public_pem(KEY.public_key())


def told_file(path: str, file: File, **values: Any) -> ToldFile:
    body = file.disk.read_bytes()
    told = {
        "path": path,
        "size": file.size,
        "sha256": manifests.digest(body),
        "git_oid": file.oid,
        "lfs": bool(file.lfs),
    }
    return ToldFile(**{**told, **values})


def files_of(repo_id: str) -> list[ToldFile]:
    found = _newest(repo_id).files
    return [told_file(path, found[path]) for path in sorted(found)]


def _newest(repo_id: str) -> Commit:
    repo = STATE.repos["models", repo_id.lower()]
    return repo.find("main")


def sarif(*results: Mapping[str, Any]) -> dict[str, Any]:
    """A report of one engine."""
    driver = {"name": "Their engine", "version": "7"}
    return {"version": "2.1.0", "runs": [{"tool": {"driver": driver}, "results": list(results)}]}


def finding(path: str, level: str = "error", **values: Any) -> dict[str, Any]:
    place = {"physicalLocation": {"artifactLocation": {"uri": path}}}
    return {"level": level, "locations": [place], **values}


def answer_of(
    repo_id: str,
    *,
    files: Sequence[ToldFile] | None = None,
    key: Any = KEY,
    decision: Mapping[str, Any] | None = None,
    scan: Mapping[str, Any] | None = None,
    predicate: str = signing.SENT,
    yard: str = "North",
    **values: Any,
) -> dict[str, Any]:
    """The answer as its parts; `values` are those of the paper of the version."""
    paper = VersionPaper(
        **{
            "source": "huggingface",
            "repo_id": repo_id,
            "commit": _newest(repo_id).sha,
            "number": 1,
            "parent": "",
            "private": False,
            "reach": "open",
            "told": {},
            "files": files_of(repo_id) if files is None else files,
            **values,
        }
    )
    concluded = {"admission": "admitted", "lowest_tier": "lite", "scan_verdict": "clean"}
    documents = {
        f"{FOLDER}/version.json": written(paper),
        f"{FOLDER}/decision.json": written(concluded | dict(decision or {})),
        f"{FOLDER}/scan.sarif": written(scan or sarif()),
        f"{FOLDER}/mlbom.cdx.json": written({"bomFormat": "CycloneDX"}),
    }
    manifest = manifests.written(_manifest(paper, documents, yard))
    signed = None
    if key is not None:
        signed = signing.sign(manifests.digest(manifest), key, predicate=predicate)
    made: dict[str, Any] = json.loads(sent.written(manifest, signed, documents))
    return made


def _manifest(paper: VersionPaper, documents: Mapping[str, bytes], yard: str) -> Manifest:
    listed = ListedVersion(
        source=paper.source,
        repo_id=paper.repo_id,
        commit=paper.commit,
        number=paper.number,
        admission="admitted",
        bytes=sum(file.size for file in paper.files),
        folder=FOLDER,
    )
    return Manifest(
        created="2026-11-22T12:00:00Z",
        yard=yard,
        yard_version="1",
        quarantine="",
        versions=[listed],
        members=[
            ListedMember(path=path, sha256=manifests.digest(body), size=len(body))
            for path, body in sorted(documents.items())
        ],
    )
