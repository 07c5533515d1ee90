"""One address and one key: ask as clients do, follow nothing, read little."""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any, Final
from urllib.parse import urljoin, urlsplit

import httpx2

from core.errors import UpstreamError
from core.http import HttpPolicy, build_client, fetch, origin_of

_MOST: Final = 8 << 20


class SkippedError(Exception):
    """A probe cannot tell; the text says why. `mend` where its remedy would let it."""

    def __init__(self, why: str, *, mend: bool = False) -> None:
        super().__init__(why)
        self.mend = mend


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back; `document` is the JSON in it, or None."""

    status: int
    headers: httpx2.Headers
    document: Any

    @property
    def body(self) -> dict[str, Any]:
        return self.document if isinstance(self.document, dict) else {}

    def header(self, name: str) -> str:
        return str(self.headers.get(name, ""))

    @property
    def is_redirect(self) -> bool:
        return 300 <= self.status < 400  # noqa: PLR2004 the class of redirects


class Wire:
    """Requests to one Hub; answers are waited for no longer than clients wait.

    `places` are the hosts that may be at an address which is not public, besides the Hub's own;
    None lets every host be, for who asks from their own machine.
    """

    def __init__(
        self,
        url: str,
        *,
        key: str = "",
        patience: float = 10.0,
        places: Collection[str] | None = None,
    ) -> None:
        self.url = url.rstrip("/")
        self.key = key
        self.places = places
        self.policy = HttpPolicy(
            allowed_origins=frozenset({origin_of(url), *(places or ())}),
            attempts=1,
            connect_timeout=patience,
            read_timeout=patience,
            user_agent="hub_doctor",
        )

    @property
    def path(self) -> str:
        return urlsplit(self.url).path

    @property
    def root(self) -> str:
        """The address of the host itself, below which OCI clients ask."""
        parts = urlsplit(self.url)
        return f"{parts.scheme}://{parts.netloc}"

    @property
    def host(self) -> str:
        return urlsplit(self.url).hostname or ""

    def ask(
        self,
        path: str,
        *,
        method: str = "GET",
        content: bytes | None = None,
        headers: Mapping[str, str] | None = None,
    ) -> Answer:
        """Ask below the address; the key goes with it. Raises UpstreamError."""
        given = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        return self.ask_anywhere(
            f"{self.url}{path}", {**given, **(headers or {})}, method=method, content=content
        )

    def ask_root(self, path: str, headers: Mapping[str, str]) -> Answer:
        """Ask below the host's root; nothing goes with it that is not given."""
        return self.ask_anywhere(f"{self.root}{path}", headers)

    def ask_anywhere(
        self,
        url: str,
        headers: Mapping[str, str],
        *,
        method: str = "GET",
        content: bytes | None = None,
    ) -> Answer:
        """Ask another address, where a redirect led; nothing goes with it that is not given."""
        policy = self.policy
        if self.places is None:
            policy = policy.allowing([origin_of(url)])
        sent = {"Accept-Encoding": "identity", **headers}
        with build_client(policy) as client:
            found = fetch(
                client,
                url,
                limit=_MOST,
                headers=sent,
                method=method,
                content=content,
                follow_redirects=False,
                tries=1,
            )
        return Answer(found.status, found.headers, _json(found.content))

    def begins(self, path: str) -> bool:
        """Tell whether the first byte of a whole body comes while clients still wait for it."""
        headers = {"Authorization": f"Bearer {self.key}", "Accept-Encoding": "identity"}
        with build_client(self.policy) as client:
            try:
                with client.stream(
                    "GET", f"{self.url}{path}", headers=headers, follow_redirects=False
                ) as response:
                    if not response.is_redirect:  # whose body was read to look at it
                        next(response.iter_raw(1), b"")
            except httpx2.ReadTimeout:
                return False
            except UpstreamError as error:
                if isinstance(error.__cause__, httpx2.ReadTimeout):
                    return False
                raise
        return True

    def place_of(self, path: str, location: str) -> str:
        """Say where a Location leads that came as the answer to this path."""
        return urljoin(f"{self.url}{path}", location)


def _json(content: bytes) -> Any:  # noqa: ANN401 any JSON
    try:
        return json.loads(content)
    except (ValueError, RecursionError):
        return None
