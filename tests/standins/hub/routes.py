"""Which part of the Hub answers which address."""

from __future__ import annotations

import time
from urllib.parse import unquote

from tests.standins.hub import access, api, control, ollama, resolve, trouble
from tests.standins.hub.exchange import CONTROL, Exchange
from tests.standins.hub.repositories import KINDS
from tests.standins.hub.state import STATE

HTML = "text/html"
VERBS = ("resolve", "raw", "blob", "tree")
# What is the same whoever asks.
FIXED = {
    "/.well-known/openapi.json": {
        "openapi": "3.1.0",
        "info": {"title": "standin hub"},
        "paths": {},
    },
    "/api/agent-harnesses": {"standardEnvVars": [], "harnesses": {}},
    "/api/models-tags-by-type": {},
    "/api/datasets-tags-by-type": {},
}


class Hub(Exchange):
    def route(self) -> None:
        path = self.url.path
        if path.startswith(CONTROL):
            control.answer(self)
            return
        if STATE.faults["head_delay"] and self.command == "HEAD":
            time.sleep(STATE.faults["head_delay"])
        trouble.strike(self)
        trouble.limit(self)
        self.user = access.caller(self)
        segments = path.split("/")[1:]  # still percent-encoded: %2F inside a segment is data
        if path in FIXED:
            self.send(200, FIXED[path])
        elif segments[0] == "api":
            self._api(segments[1:])
        elif segments[0] == "v2":
            ollama.answer(self, segments)
        else:
            self._site(segments)

    def _api(self, segments: list[str]) -> None:
        if self.url.path == "/api/whoami-v2":
            access.whoami(self)
        elif self.url.path.startswith("/api/telemetry"):
            self.send(200)
        elif segments[:1] == ["resolve-cache"] and len(segments) > 4:
            resolve.send_cached(self, segments[1:])
        elif segments[:2] == ["yard", "models"] and "papers" in segments:
            self._papers()
        elif segments and segments[0] in KINDS:
            api.answer(self, segments[0], segments[1:])
        else:
            self.refuse(404, None, "Sorry, we can't find the page you are looking for.")

    def _papers(self) -> None:
        """Answer as a yard that is asked what it found of a version."""
        told = STATE.faults["papers"]
        if told is None:
            self.refuse(404, "NotFound", "There is no such address here.")
        self.send(told.get("status", 200), told.get("body", ""), told.get("headers", {}))

    def _site(self, segments: list[str]) -> None:
        """Answer what is no API: files of a repository, and pages for people."""
        plural = segments.pop(0) if segments[0] in {"datasets", "spaces"} else "models"
        for length in (1, 2):
            if len(segments) > length + 1 and segments[length] in VERBS:
                self._file(plural, segments, length)
                return
        repo = STATE.repos.get((plural, unquote("/".join(segments)).lower()))
        if self.url.path == "/":
            self.send(200, "<html>standin hub</html>", {}, HTML)
        elif repo and repo.meta.get("renamed_to"):
            self.send(307, b"", {"Location": "/" + repo.meta["renamed_to"]})
        elif repo:
            self.send(200, "<html>repo</html>", {}, HTML)
        else:
            self.send(404, "<html>404</html>", {}, HTML)

    def _file(self, plural: str, segments: list[str], length: int) -> None:
        repo_id = "/".join(map(unquote, segments[:length]))
        revision = unquote(segments[length + 1])
        path = "/".join(map(unquote, segments[length + 2 :]))
        verb = segments[length]
        if verb == "resolve":
            resolve.send_file(self, plural, repo_id, revision, path)
        elif verb == "raw":
            resolve.send_raw(self, plural, repo_id, revision, path)
        else:
            access.repository(self, plural, repo_id)
            self.send(200, "<html>page</html>", {}, HTML)
