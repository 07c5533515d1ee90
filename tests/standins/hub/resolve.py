"""`/<id>/resolve/<revision>/<path>` and `/api/resolve-cache/`: the way to the bytes of a file."""

from __future__ import annotations

import hashlib
import hmac
import re
import time
from urllib.parse import quote, unquote, urlencode

from tests.standins.hub import access
from tests.standins.hub.exchange import TEXT, Exchange, Headers
from tests.standins.hub.git import Commit, File
from tests.standins.hub.repositories import Repo
from tests.standins.hub.sending import serve
from tests.standins.hub.state import STATE

COMMIT = re.compile(r"[0-9a-f]{40}")


def send_file(
    exchange: Exchange, plural: str, repo_id: str, revision: str, path: str, *, redirect: int = 302
) -> None:
    """Answer with the file, or with where it is."""
    repo = access.with_files(exchange, plural, repo_id, path=path)
    commit = access.revision(exchange, repo, revision)
    file = access.entry(exchange, commit, path)
    headers = _headers(commit, file)
    if file.lfs and STATE.faults["cdn"]:
        headers |= _on_cdn(exchange, repo, commit, file)
        message = f"Found. Redirecting to {headers['Location']}"
        exchange.send(redirect, message, headers, TEXT)
    elif not file.lfs and STATE.faults["resolve_cache"] and plural != "spaces":
        headers |= _in_cache(repo, commit, file, revision)
        message = f"Temporary Redirect. Redirecting to {headers['Location']}"
        exchange.send(307, message, headers, TEXT)
    else:
        if not STATE.faults["no_etag"]:
            headers["ETag"] = f'"{file.etag}"'
        headers["Content-Type"] = "application/octet-stream" if file.lfs else TEXT
        serve(exchange, file, headers)


def send_raw(exchange: Exchange, plural: str, repo_id: str, revision: str, path: str) -> None:
    """Answer with what git holds: the pointer of an LFS file."""
    repo = access.with_files(exchange, plural, repo_id, path=path)
    commit = access.revision(exchange, repo, revision)
    file = access.entry(exchange, commit, path)
    headers = {**_headers(commit, file), "ETag": f'"{file.oid}"'}
    exchange.send(200, file.pointer if file.lfs else file.disk.read_bytes(), headers, TEXT)


def send_cached(exchange: Exchange, segments: list[str]) -> None:
    """Answer with a file that a redirect of ours named by its commit."""
    after_owner = COMMIT.fullmatch(segments[3]) and not COMMIT.fullmatch(segments[2])
    length = 2 if len(segments) > 4 or after_owner else 1
    repo_id = "/".join(map(unquote, segments[1 : 1 + length]))
    path = unquote("/".join(segments[2 + length :]))
    repo = access.with_files(exchange, segments[0], repo_id, path=path)
    commit = access.revision(exchange, repo, segments[1 + length])
    file = access.entry(exchange, commit, path)
    headers = {
        "X-Repo-Commit": commit.sha,
        "Content-Type": TEXT,
        "Content-Disposition": _disposition(file),
        "Vary": "Origin",
    }
    if not STATE.faults["no_etag"]:
        headers["ETag"] = f'"{file.oid}"'
    serve(exchange, file, headers)


def signature(digest: str, expires: str) -> str:
    return hmac.new(STATE.secret, f"{digest}:{expires}".encode(), "sha256").hexdigest()


def xet_url() -> str:
    return f"{_cdn()}/xet-not-implemented"


def _cdn() -> str:
    return f"http://{STATE.cdn_host}:{STATE.cdn_port}"


def _headers(commit: Commit, file: File) -> Headers:
    return {
        "X-Repo-Commit": commit.sha,
        "Cache-Control": "no-cache",
        "Content-Security-Policy": "default-src 'none'; sandbox",
        "Content-Disposition": _disposition(file),
    }


def _disposition(file: File) -> str:
    name = quote(file.name)
    return f"inline; filename*=UTF-8''{name}; filename=\"{name}\";"


def _on_cdn(exchange: Exchange, repo: Repo, commit: Commit, file: File) -> Headers:
    """Return where the CDN has it, by an address that is signed and ends."""
    digest = str(file.lfs)
    with STATE.lock:
        STATE.signed[digest] = file
    expires = str(int(time.time()) + STATE.faults["cdn_ttl"])
    query = urlencode(
        {
            "response-content-disposition": _disposition(file),
            "Expires": expires,
            "Signature": signature(digest, expires),
            "Key-Pair-Id": "STANDIN",
        }
    )
    folder = hashlib.md5(repo.id.encode(), usedforsecurity=False).hexdigest()
    headers = {
        "Location": f"{_cdn()}/repos/{folder}/{digest}?{query}",
        "X-Linked-Size": str(file.size),
        "X-Linked-ETag": f'"{digest}"',
        "Vary": "Origin, Accept",
    }
    if STATE.faults["no_etag"]:
        del headers["X-Linked-ETag"]
    if STATE.faults["no_linked_size"]:
        del headers["X-Linked-Size"]
    return headers | _on_xet(exchange, repo, commit, file) if STATE.faults["xet"] else headers


def _on_xet(exchange: Exchange, repo: Repo, commit: Commit, file: File) -> Headers:
    token = f"http://{exchange.headers.get('Host')}/api/{repo.plural}/{repo.id}/xet-read-token"
    parts = f"{xet_url()}/v1/reconstructions/{file.xet}"
    link = f'<{token}/{commit.sha}>; rel="xet-auth", <{parts}>; rel="xet-reconstruction-info"'
    return {"X-Xet-Hash": file.xet, "Link": link}


def _in_cache(repo: Repo, commit: Commit, file: File, revision: str) -> Headers:
    asked = f"/{repo.id}/resolve/{revision}/{file.path}"
    query = urlencode({asked: "", "etag": f'"{file.oid}"'})
    folder = f"/api/resolve-cache/{repo.plural}/{repo.id}/{commit.sha}"
    return {
        "Location": f"{folder}/{quote(file.path, safe='')}?{query}",
        "X-Linked-Size": str(file.size),
        "X-Linked-ETag": f'"{file.oid}"',
    }
