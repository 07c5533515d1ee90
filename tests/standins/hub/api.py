"""`/api/models/<id>/...`: what is said of one repository, its refs, commits, tree and files."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, unquote

from tests.standins.hub import access, resolve
from tests.standins.hub.description import described, expanded, header_of
from tests.standins.hub.exchange import Exchange
from tests.standins.hub.git import Commit, File, git_id
from tests.standins.hub.listing import send_list
from tests.standins.hub.repositories import Repo, iso
from tests.standins.hub.state import STATE

ENDLESS = 10**9
PICKLES = (".bin", ".pt", ".pth", ".pkl", ".ckpt")


def answer(exchange: Exchange, plural: str, segments: list[str]) -> None:
    """Answer what is asked of a kind of repositories, or of one and its part."""
    if not segments or segments == [""]:
        send_list(exchange, plural)
        return
    length = 1 if len(segments) == 1 or segments[1] in PARTS else 2
    repo = access.repository(exchange, plural, "/".join(map(unquote, segments[:length])))
    if len(segments) == length:
        _info(exchange, repo, ["main"])
        return
    rest = [unquote(segment) for segment in segments[length + 1 :]]
    PARTS.get(segments[length], _nothing)(exchange, repo, rest)


def _info(exchange: Exchange, repo: Repo, rest: list[str]) -> None:
    commit = access.revision(exchange, repo, rest[0])
    names, blobs = exchange.words("expand"), exchange.flag("blobs")
    try:
        if names:
            document = expanded(repo, commit, names, blobs=blobs)
        else:
            security = exchange.flag("securityStatus")
            document = described(repo, commit, blobs=blobs, security=security)
    except ValueError as error:
        exchange.refuse(400, None, str(error))
    headers = {"X-Repo-Commit": commit.sha}
    if STATE.faults["api_etag"]:
        headers["ETag"] = f'W/"{git_id(b"info", json.dumps(document).encode())}"'
        if exchange.headers.get("If-None-Match") == headers["ETag"]:
            exchange.send(304, b"", headers)
            return
    exchange.send(200, document, headers)


def _refs(exchange: Exchange, repo: Repo, _rest: list[str]) -> None:
    document = {
        "branches": _named("refs/heads", repo.branches),
        "converts": [],
        "tags": _named("refs/tags", repo.tags),
    }
    if exchange.flag("include_prs"):
        document["pullRequests"] = _named("refs/pr", repo.prs)
    exchange.send(200, document)


def _named(space: str, refs: dict[str, str]) -> list[dict[str, Any]]:
    return [
        {"name": name, "ref": f"{space}/{name}", "targetCommit": commit}
        for name, commit in refs.items()
    ]


def _commits(exchange: Exchange, repo: Repo, rest: list[str]) -> None:
    formatted = "formatted" in exchange.words("expand")
    history = repo.history(access.revision(exchange, repo, rest[0]))
    items = [_commit(commit, formatted=formatted) for commit in history]
    size = int(exchange.first("limit") or STATE.faults["commits_page_size"])
    page, headers = exchange.page(items, size)
    exchange.send(200, page, {**headers, "X-Total-Count": str(len(items))})


def _commit(commit: Commit, *, formatted: bool) -> dict[str, Any]:
    document = {
        "id": commit.sha,
        "title": commit.title,
        "message": "",
        "authors": [{"user": commit.user, "avatar": "/avatars/x.svg"}],
        "date": iso(commit.date),
    }
    if formatted:
        document["formatted"] = {"title": commit.title, "message": ""}
    return document


def _tree(exchange: Exchange, repo: Repo, rest: list[str]) -> None:
    commit = access.revision(exchange, repo, rest[0] if rest else "main")
    folder = "/".join(rest[1:]).strip("/")
    if folder and folder not in commit.dirs:
        message = f'{folder} does not exist on "{rest[0]}"'
        exchange.refuse(404, "EntryNotFound", message, commit=commit.sha)
    expand = exchange.flag("expand")
    names = _names(commit, folder + "/" if folder else "", deep=exchange.flag("recursive"))
    size = STATE.faults["expand_page_size" if expand else "page_size"]
    page, headers = exchange.page(names, min(int(exchange.first("limit") or ENDLESS), size))
    exchange.send(200, [_entry(repo, commit, path, expand) for path in page], headers)


def _names(commit: Commit, prefix: str, *, deep: bool) -> list[str]:
    """Return the paths below a folder: all of them, or its own with folders first."""
    below = [path for path in (*commit.dirs, *commit.files) if path.startswith(prefix)]
    if deep:
        return sorted(below)
    own = [path for path in below if "/" not in path[len(prefix) :]]
    return sorted(own, key=lambda path: (path in commit.files, path))


def _paths(exchange: Exchange, repo: Repo, rest: list[str]) -> None:
    commit = access.revision(exchange, repo, rest[0] if rest else "main")
    if "json" in (exchange.headers.get("Content-Type") or ""):
        form = json.loads(exchange.body or b"{}")
        paths, expand = form.get("paths", []), form.get("expand", False)
    else:
        form = parse_qs(exchange.body.decode())
        paths = form.get("paths", [])
        expand = (form.get("expand") or ["false"])[0].lower() in {"true", "1"}
    asked = [paths] if isinstance(paths, str) else paths
    known = [path for path in asked if path in commit.files or path in commit.dirs]
    exchange.send(200, [_entry(repo, commit, path, expand) for path in known])


def _entry(repo: Repo, commit: Commit, path: str, expand: bool) -> dict[str, Any]:
    file = commit.files.get(path)
    entry: dict[str, Any] = {"type": "directory", "oid": commit.oid(path), "size": 0, "path": path}
    if file:
        entry |= {"type": "file", "size": file.size}
        if file.lfs:
            entry["lfs"] = {"oid": file.lfs, "size": file.size, "pointerSize": len(file.pointer)}
            if STATE.faults["xet"]:
                entry["xetHash"] = file.xet
    if expand:
        entry["lastCommit"] = repo.last_commit(commit, path)
        if file:
            entry["securityFileStatus"] = _security(repo, file)
    return entry


def _security(repo: Repo, file: File) -> dict[str, Any]:
    status = repo.meta.get("security", {}).get(file.path, "safe")
    pickles = {"status": "unscanned", "pickleImports": [], "version": "0.0.0"}
    if file.path.endswith(PICKLES):
        imports = repo.meta.get("pickle_imports", {}).get(file.path, [])
        pickles |= {"status": status, "pickleImports": imports}
    return {
        "status": status,
        "jFrogScan": {"status": "unscanned"},
        "protectAiScan": {"status": status},
        "avScan": {"status": "safe", "version": "1.3.1"},
        "pickleImportScan": pickles,
        "virusTotalScan": {"status": "unscanned"},
    }


def _resolve(exchange: Exchange, repo: Repo, rest: list[str]) -> None:
    resolve.send_file(exchange, repo.plural, repo.id, rest[0], "/".join(rest[1:]))


def _auth_check(exchange: Exchange, repo: Repo, _rest: list[str]) -> None:
    access.with_files(exchange, repo.plural, repo.id)
    exchange.send(200, {"ok": True})


def _discussions(exchange: Exchange, _repo: Repo, _rest: list[str]) -> None:
    exchange.send(200, {"discussions": [], "count": 0, "start": 0, "numClosedDiscussions": 0})


def _safetensors(exchange: Exchange, repo: Repo, rest: list[str]) -> None:
    access.with_files(exchange, repo.plural, repo.id)
    commit = access.revision(exchange, repo, "main")
    file = access.entry(exchange, commit, "/".join(rest))
    index = json.loads(file.disk.read_bytes())
    parts = sorted(set(index["weight_map"].values()))
    headers = {part: header_of(commit.files[part].disk) for part in parts}
    exchange.send(200, {"index": {"metadata": index.get("metadata")}, "headers": headers})


def _xet_token(exchange: Exchange, repo: Repo, _rest: list[str]) -> None:
    if not STATE.faults["xet"]:
        exchange.refuse(404, "EntryNotFound", "Xet is not enabled")
    access.with_files(exchange, repo.plural, repo.id)
    headers = {
        "X-Xet-Cas-Url": resolve.xet_url(),
        "X-Xet-Access-Token": "xet_x",
        "X-Xet-Token-Expiration": str(int(time.time()) + 900),
    }
    exchange.send(200, {}, headers)


def _nothing(exchange: Exchange, _repo: Repo, _rest: list[str]) -> None:
    exchange.refuse(404, None, "Not found")


PARTS: dict[str, Callable[[Exchange, Repo, list[str]], None]] = {
    "revision": _info,
    "tree": _tree,
    "paths-info": _paths,
    "refs": _refs,
    "commits": _commits,
    "resolve": _resolve,
    "auth-check": _auth_check,
    "safetensors-metadata": _safetensors,
    "discussions": _discussions,
    "xet-read-token": _xet_token,
    "security": _nothing,
    "scan": _nothing,
}
