"""`/v2/`: the OCI facade for `ollama pull hf.co/org/repo:QUANT` and older `llama.cpp -hf`."""

from __future__ import annotations

import hashlib
import json
import re
from typing import Any
from urllib.parse import unquote

from tests.standins.hub import access, resolve
from tests.standins.hub.exchange import Exchange
from tests.standins.hub.git import Commit, File
from tests.standins.hub.repositories import Repo
from tests.standins.hub.state import STATE

KINDS = ("manifests", "blobs")
MANIFEST = "application/vnd.docker.distribution.manifest.v2+json"
CONFIG = "application/vnd.docker.container.image.v1+json"
LAYER = "application/vnd.ollama.image.model"


def answer(exchange: Exchange, segments: list[str]) -> None:
    """Answer what is asked of the registry, or of a repository's manifests and blobs."""
    if len(segments) < 4:
        exchange.send(200, {}, {"Docker-Distribution-Api-Version": "registry/2.0"})
        return
    place = next((i for i, segment in enumerate(segments) if segment in KINDS), None)
    if place is None:
        exchange.send(404, {"errors": [{"code": "NAME_UNKNOWN"}]})
        return
    repo = access.with_files(exchange, "models", "/".join(map(unquote, segments[1:place])))
    commit = access.revision(exchange, repo, "main")
    send = _send_blob if segments[place] == "blobs" else _send_manifest
    send(exchange, repo, commit, unquote(segments[place + 1]))


def _send_blob(exchange: Exchange, repo: Repo, commit: Commit, digest: str) -> None:
    for file in commit.files.values():
        if file.lfs and digest == f"sha256:{file.lfs}":
            # Ollama accepts only 307 (or 200 + Location) here.
            resolve.send_file(exchange, "models", repo.id, commit.sha, file.path, redirect=307)
            return
    if digest in STATE.configs:
        exchange.send(200, STATE.configs[digest])
    else:
        exchange.send(404, {"errors": [{"code": "BLOB_UNKNOWN"}]})


def _send_manifest(exchange: Exchange, _repo: Repo, commit: Commit, name: str) -> None:
    weights = [
        file
        for path, file in sorted(commit.files.items())
        if path.endswith(".gguf") and "mmproj" not in path
    ]
    tag = "" if name == "latest" else name
    picked = _picked(weights, tag)
    if picked:
        exchange.send(200, _manifest(picked, tag))
    elif weights:
        what = "The specified tag is not available in the repository."
        exchange.send(400, {"error": f'{what} Please use another tag or "latest"'})
    else:
        message = "Repository is not GGUF or is not compatible with llama.cpp"
        exchange.send(404, {"error": message})


def _picked(weights: list[File], tag: str) -> File | None:
    """Return the file of a tag; without one, that of the usual quantization or the first."""
    if tag:
        named = re.compile(re.escape(tag) + r"[.-]", re.IGNORECASE)
        return next((file for file in weights if named.search(file.path)), None)
    usual = [file for file in weights if "q4_k_m" in file.path.lower()]
    return next(iter(usual + weights), None)


def _manifest(file: File, tag: str) -> dict[str, Any]:
    config = json.dumps(
        {
            "model_format": "gguf",
            "model_family": "llama",
            "model_families": ["llama"],
            "model_type": "",
            "file_type": tag or "unknown",
            "architecture": "amd64",
            "os": "linux",
            "rootfs": {"type": "layers", "diff_ids": [f"sha256:{file.lfs}"]},
        }
    ).encode()
    digest = f"sha256:{hashlib.sha256(config).hexdigest()}"
    with STATE.lock:
        STATE.configs[digest] = config
    return {
        "schemaVersion": 2,
        "mediaType": MANIFEST,
        "config": {"digest": digest, "mediaType": CONFIG, "size": len(config)},
        "layers": [{"digest": f"sha256:{file.lfs}", "mediaType": LAYER, "size": file.size}],
        "ggufFile": {
            "rfilename": file.path,
            "blobId": file.oid,
            "size": file.size,
            "lfs": {"sha256": file.lfs, "size": file.size, "pointerSize": len(file.pointer)},
        },
    }
