"""The addresses of the Hub as one table: a method and a decoded path become a Route."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from enum import Enum
from typing import Final


class Action(Enum):
    """What a request asks of the Hub protocol."""

    MODEL_INFO = "model_info"
    TREE = "tree"
    PATHS_INFO = "paths_info"
    REFS = "refs"
    COMMITS = "commits"
    AUTH_CHECK = "auth_check"
    LIST = "list"
    TAGS = "tags"
    WHOAMI = "whoami"
    RESOLVE = "resolve"
    RAW = "raw"
    SHARDS = "shards"
    DISCUSSIONS = "discussions"
    TELEMETRY = "telemetry"
    HARNESSES = "harnesses"
    ECHO = "echo"
    PAPERS = "papers"
    EMPTY_LIST = "empty_list"
    OTHER_REPO = "other_repo"
    NOT_SERVED = "not_served"
    UNKNOWN = "unknown"


@dataclass(frozen=True, slots=True)
class Route:
    """`rest` is a revision and, after it, a path; only the refs of the model can part the two.

    Of SHARDS it is a path alone.
    """

    action: Action
    repo_id: str = ""
    rest: str = ""
    before: str = field(default="", compare=False)
    after: str = field(default="", compare=False)

    def named(self, repo_id: str) -> str:
        """The path of the same question about a repository of another name."""
        return f"{self.before}{repo_id}{self.after}"


_NAME = r"[A-Za-z0-9._-]{1,96}"
_REPO = rf"(?P<repo>{_NAME}(?:/{_NAME})?)"
_REST = r"(?P<rest>.+)"
_COMMIT = r"[0-9a-f]{40}(?:[0-9a-f]{24})?"
_READ: Final = frozenset({"GET", "HEAD"})
_ASK: Final = frozenset({"POST"})
_ANY: Final = _READ | _ASK

# First match wins. Where a name is also a word of the protocol, `org/name` is tried before `name`.
_TABLE: Final = tuple(
    (re.compile(pattern, re.DOTALL), methods, action)
    for pattern, methods, action in (
        (r"api/telemetry(?:/.*)?", _ANY, Action.TELEMETRY),
        (r"api/agent-harnesses", _READ, Action.HARNESSES),
        (r"api/yard/echo(?:/.*)?", _ANY, Action.ECHO),
        (rf"api/yard/models/{_REPO}/papers/(?P<rest>{_COMMIT})", _READ, Action.PAPERS),
        (r"api/whoami-v2", _READ, Action.WHOAMI),
        (r"api/(?:models|datasets)-tags-by-type", _READ, Action.TAGS),
        (r"api/models", _READ, Action.LIST),
        (r"api/(?:datasets|spaces)", _READ, Action.EMPTY_LIST),
        (rf"api/models/{_REPO}/revision/{_REST}", _READ, Action.MODEL_INFO),
        (rf"api/models/{_REPO}/tree/{_REST}", _READ, Action.TREE),
        (rf"api/models/{_REPO}/paths-info/{_REST}", _ASK, Action.PATHS_INFO),
        (rf"api/models/{_REPO}/commits/{_REST}", _READ, Action.COMMITS),
        (rf"api/models/{_REPO}/refs", _READ, Action.REFS),
        (rf"api/models/{_REPO}/auth-check", _READ, Action.AUTH_CHECK),
        (rf"api/models/{_REPO}/discussions", _READ, Action.DISCUSSIONS),
        (rf"api/models/{_REPO}/safetensors-metadata/{_REST}", _READ, Action.SHARDS),
        (rf"api/models/{_REPO}/(?:discussions|xet-read-token)/.*", _ANY, Action.NOT_SERVED),
        (rf"api/models/{_REPO}", _READ, Action.MODEL_INFO),
        (rf"api/resolve-cache/models/{_REPO}/(?P<rest>{_COMMIT}/.+)", _READ, Action.RESOLVE),
        (rf"api/resolve-cache/(?:datasets|spaces)/{_REPO}/.+", _READ, Action.OTHER_REPO),
        (rf"api/(?:datasets|spaces)/{_REPO}(?:/.*)?", _ANY, Action.OTHER_REPO),
        (r"api(?:/.*)?", _READ, Action.UNKNOWN),
        (rf"(?:datasets|spaces)/{_REPO}/(?:resolve|raw)/.*", _READ, Action.OTHER_REPO),
        (rf"{_REPO}/resolve/{_REST}", _READ, Action.RESOLVE),
        (rf"{_REPO}/raw/{_REST}", _READ, Action.RAW),
        (r".*", _READ, Action.UNKNOWN),
    )
)


def parse(method: str, path: str) -> Route:
    """Name what is asked; what no line of the table covers (any write) is NOT_SERVED."""
    path = path.lstrip("/")
    if path.startswith("api/"):
        path = path.rstrip("/")
    for pattern, methods, action in _TABLE:
        if method in methods and (match := pattern.fullmatch(path)):
            return _route(action, match)
    return Route(Action.NOT_SERVED)


def _route(action: Action, match: re.Match[str]) -> Route:
    found = match.groupdict()
    if "repo" not in found:
        return Route(action, rest=found.get("rest") or "")
    start, end = match.span("repo")
    around = match.string[:start], match.string[end:]
    return Route(action, found["repo"], found.get("rest") or "", *around)
