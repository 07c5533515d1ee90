"""`ollama pull` as its server/auth.go, download.go and images.go do it, request by request.

Two generations: the older takes 307, or 200 with a Location, as the answer to its probing GET; the
newer takes 302 as well, and of a plain 200 the address that it asked. Both fetch parts without a
token, and neither looks at the status of a part: what is too short is fetched again, and fails.
"""

from __future__ import annotations

import hashlib
import http.client
import json
import secrets
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from urllib.parse import urljoin, urlsplit

from tests.hub.oci.conftest import OllamaKey, realm_query

ACCEPT = "application/vnd.docker.distribution.manifest.v2+json"
PARTS = 16


class PullError(Exception):
    """What `ollama pull` would print."""


@dataclass
class Answer:
    status: int
    headers: http.client.HTTPMessage
    body: bytes


def ask(method: str, address: str, **headers: str) -> Answer:
    """One request on a connection of its own."""
    parts = urlsplit(address)
    connection = http.client.HTTPConnection(parts.netloc, timeout=120)
    try:
        path = parts.path + (f"?{parts.query}" if parts.query else "")
        connection.request(method, path, headers=headers)
        answer = connection.getresponse()
        return Answer(answer.status, answer.headers, answer.read())
    finally:
        connection.close()


@dataclass
class Ollama:
    """One Ollama with its key; `is_old` is a generation before plain 200 and 302 were taken."""

    key: OllamaKey = field(default_factory=OllamaKey)
    is_old: bool = False
    token: str = ""
    asked: list[tuple[str, str, bool]] = field(default_factory=list)

    def pull(self, base: str, repo: str, tag: str = "latest") -> dict[str, bytes]:
        """Fetch a manifest with all that it names; give each layer's bytes by its kind."""
        manifest = json.loads(
            self._request("GET", f"{base}/v2/{repo}/manifests/{tag}", Accept=ACCEPT).body
        )
        found = {}
        for layer in (*manifest["layers"], manifest["config"]):
            content = self._blob(f"{base}/v2/{repo}/blobs/{layer['digest']}")
            if f"sha256:{hashlib.sha256(content).hexdigest()}" != layer["digest"]:
                raise PullError("digest mismatch, file must be downloaded again")
            found[layer["mediaType"].rpartition(".")[2]] = content
        return found

    def _request(self, method: str, address: str, **headers: str) -> Answer:
        """`makeRequestWithRetry`: one retry with a token, 404 without its text, others with it."""
        for _ in range(2):
            answer = self._once(method, address, **headers)
            if answer.status == 401:
                self.token = self._sign_in(address, answer.headers["WWW-Authenticate"])
            elif answer.status == 404:
                raise PullError("file does not exist")
            elif answer.status >= 400:
                raise PullError(f"{answer.status}: {answer.body.decode()}")
            else:
                return answer
        raise PullError("unauthorized: access denied")

    def _once(self, method: str, address: str, **headers: str) -> Answer:
        headers["User-Agent"] = "ollama/0.12.3 (amd64 linux) Go/go1.24.0"
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        self.asked.append((method, urlsplit(address).netloc, bool(self.token)))
        return ask(method, address, **headers)

    def _sign_in(self, address: str, challenge: str) -> str:
        realm, query = realm_query(challenge, nonce=secrets.token_urlsafe(16))
        if urlsplit(realm).netloc != urlsplit(address).netloc:
            raise PullError("realm host does not match original host")
        answer = ask("GET", f"{realm}?{query}", Authorization=self.key.sign(f"{realm}?{query}"))
        if answer.status >= 400:
            raise PullError(f"{answer.status}: {answer.body.decode()}")
        return json.loads(answer.body)["token"]

    def _blob(self, address: str) -> bytes:
        total = int(self._request("HEAD", address).headers["Content-Length"])
        direct = self._direct(address)
        size = max(-(-total // PARTS), 1)
        starts = range(0, total, size)
        with ThreadPoolExecutor(PARTS) as pool:
            parts = pool.map(
                lambda start: self._part(direct, start, min(size, total - start)), starts
            )
            return b"".join(parts)

    def _direct(self, address: str) -> str:
        """The probing GET; the same host name is followed whatever its port."""
        where = address
        for _ in range(10):
            answer = self._request("GET", where)
            place = answer.headers["Location"]
            if answer.status in {302, 307}:
                where = urljoin(where, place)
                if urlsplit(where).hostname != urlsplit(address).hostname:
                    if self.is_old and answer.status != 307:
                        break
                    return where
            elif self.is_old:
                if not place:
                    raise PullError("http: no Location header in response")
                return urljoin(address, place)
            else:
                return address
        raise PullError(f"unexpected status code {answer.status}")

    def _part(self, direct: str, start: int, size: int) -> bytes:
        self.asked.append(("PART", urlsplit(direct).netloc, False))
        answer = ask("GET", direct, Range=f"bytes={start}-{start + size - 1}")
        if len(answer.body) < size:
            raise PullError("max retries exceeded: EOF")
        return answer.body[:size]
