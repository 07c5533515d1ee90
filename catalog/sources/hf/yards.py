"""What a Hub that is another yard is told, and how a yard that asks itself is stopped."""

from __future__ import annotations

import httpx2

from core.errors import ConflictError
from core.http import origin_of
from core.yards import HOPS, YARD, instance_of


class YardTransport(httpx2.BaseTransport):
    """Tells the endpoint which way a question came; an endpoint that is this yard is an error."""

    def __init__(
        self, inner: httpx2.BaseTransport, *, endpoint: str, instance: str, onward: str
    ) -> None:
        self._inner = inner
        self._endpoint = endpoint
        self._origin = origin_of(endpoint)
        self._instance, self._onward = instance, onward

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        if origin_of(str(request.url)) != self._origin:
            request.headers.pop(HOPS, None)  # a redirect led elsewhere
            return self._inner.handle_request(request)
        if self._onward:
            request.headers[HOPS] = self._onward
        response = self._inner.handle_request(request)
        said = instance_of(response.headers.get(YARD, ""))
        if said and said == self._instance:
            response.close()
            raise ConflictError(
                f"{self._endpoint} is this yard itself, and no yard can be its own source: name"
                " another Hub in HF_ENDPOINT, or in the admin where it is a further one."
            )
        return response

    def close(self) -> None:
        self._inner.close()
