"""The few words we exchange with aria2; imported late, for aria2p brings much along."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urlsplit

import aria2p
import httpx2

from core.errors import InvalidInputError, UpstreamError
from downloads.fetchers.base import FetcherAwayError

STATUS_KEYS: Final = [
    "status",
    "totalLength",
    "completedLength",
    "downloadSpeed",
    "connections",
    "errorCode",
    "errorMessage",
]
RPC_TIMEOUT: Final = 10.0
MANY: Final = 10_000


class DaemonAwayError(FetcherAwayError):
    """aria2 does not answer; it may be about to restart."""

    title = "aria2 does not answer"


@dataclass(frozen=True, slots=True)
class Status:
    """A transfer as aria2 sees it; `state` is active, waiting, paused, error, complete, removed."""

    state: str
    total: int
    done: int
    speed: int
    connections: int
    error_code: int
    error_message: str


class Aria2Rpc(aria2p.Client):
    """aria2p over our own client, so that no proxy of the environment ever sees the secret."""

    def __init__(self, url: str, secret: str) -> None:
        parts = urlsplit(url)
        if parts.scheme not in {"http", "https"} or not parts.hostname or not parts.port:
            raise InvalidInputError("The address of aria2 needs scheme, host and port")
        host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
        super().__init__(f"{parts.scheme}://{host}", parts.port, secret, RPC_TIMEOUT)
        # Nothing kept alive: no socket to leak, none to share across a fork.
        limits = httpx2.Limits(max_keepalive_connections=0)
        self._http = httpx2.Client(trust_env=False, timeout=RPC_TIMEOUT, limits=limits)

    def post(self, payload: str) -> dict[str, Any]:
        try:
            answer = self._http.post(self.server, content=payload).json()
        except (httpx2.RequestError, ValueError) as error:
            raise DaemonAwayError(f"aria2 does not answer ({type(error).__name__})") from error
        if not isinstance(answer, dict):
            raise DaemonAwayError("What answers at the address of aria2 is not aria2")
        return answer

    def find(self, gid: str) -> Status | None:
        """Return the transfer, or None when aria2 does not know it."""
        try:
            found: Any = self._ask(self.TELL_STATUS, gid, STATUS_KEYS)
        except _UnknownGidError:
            return None
        return Status(
            state=found["status"],
            total=int(found["totalLength"]),
            done=int(found["completedLength"]),
            speed=int(found["downloadSpeed"]),
            connections=int(found["connections"]),
            error_code=int(found.get("errorCode") or 0),
            error_message=found.get("errorMessage", ""),
        )

    def start(self, gid: str, url: str, options: dict[str, str]) -> None:
        """Add a transfer under this gid, unless another worker just did."""
        try:
            self._ask(self.ADD_URI, [url], {**options, "gid": gid})
        except aria2p.ClientException as error:
            if "not unique" not in error.message:
                raise UpstreamError(f"aria2 refuses a download: {error.message}") from error

    def wake(self, gid: str) -> None:
        """Continue a transfer that waits."""
        self._settle(self.UNPAUSE, gid)

    def change(self, gid: str, options: dict[str, str]) -> None:
        """Set options of a transfer; one that ended meanwhile needs none."""
        try:
            self._ask(self.CHANGE_OPTION, gid, options)
        except aria2p.ClientException:
            return

    def options_of(self, gid: str) -> dict[str, str]:
        """Return the options of a transfer; none of one that is gone."""
        try:
            found: Any = self._ask(self.GET_OPTION, gid)
        except aria2p.ClientException:
            return {}
        return dict(found)

    def change_all(self, options: dict[str, str]) -> None:
        """Set options of aria2 itself."""
        self._settle(self.CHANGE_GLOBAL_OPTION, options)

    def all_gids(self) -> dict[str, str]:
        """Return the state of every transfer that aria2 knows, ended ones too."""
        keys = ["gid", "status"]
        found: Any = [
            *self._list(self.TELL_ACTIVE, keys),
            *self._list(self.TELL_WAITING, 0, MANY, keys),
            *self._list(self.TELL_STOPPED, 0, MANY, keys),
        ]
        return {one["gid"]: one["status"] for one in found}

    def _list(self, method: str, *params: object) -> list[dict[str, str]]:
        found: Any = self._ask(method, *params)
        return list(found)

    def stop(self, gid: str) -> None:
        """End a transfer where it is; its result stays until forgotten."""
        self._settle(self.FORCE_REMOVE, gid)

    def forget(self, gid: str) -> None:
        """Drop the result of an ended transfer, so that the gid is free again."""
        self._settle(self.REMOVE_DOWNLOAD_RESULT, gid)

    def used_urls(self, gid: str) -> set[str]:
        """Return the addresses aria2 reads from now, after redirects it followed itself."""
        try:
            files: Any = self._ask(self.GET_SERVERS, gid)
        except aria2p.ClientException:  # not active at this moment: it reads from nowhere
            return set()
        return {server["currentUri"] for file in files for server in file["servers"]}

    def version_text(self) -> str:
        found: Any = self._ask(self.GET_VERSION)
        return str(found["version"])

    def _settle(self, method: str, what: object) -> None:
        try:
            self._ask(method, what)
        except aria2p.ClientException:
            return  # it ended, or was forgotten, in between: what we wanted

    def _ask(self, method: str, *params: object) -> object:
        try:
            return self.call(method, list(params))
        except aria2p.ClientException as error:
            if "is not found" in error.message:
                raise _UnknownGidError(error.code, error.message) from error
            if error.message == "Unauthorized":
                raise UpstreamError("aria2 refuses the RPC secret") from error
            raise


class _UnknownGidError(aria2p.ClientException):
    pass
