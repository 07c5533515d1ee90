"""Try again where that can help, wait as long as the source asks, never longer than allowed."""

from __future__ import annotations

import email.utils
import logging
import re
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

import httpx2

from core.errors import UpstreamError, UpstreamRateLimitError
from core.http.policy import HttpPolicy
from core.http.redact import safe_url
from core.waiting import later_than

RATE_LIMITED: Final = 429
PASSING: Final = frozenset({408, 425, RATE_LIMITED, 500, 502, 503, 504})
A_DAY: Final = 86_400.0  # more than this is no answer to "how long"
REPEATABLE: Final = frozenset({"GET", "HEAD", "OPTIONS"})
_BUCKET = re.compile(r";\s*r\s*=\s*(\d{1,9})\s*;\s*t\s*=\s*(\d{1,9})(?!\d)")

logger = logging.getLogger(__name__)


def asked_wait(headers: Mapping[str, str]) -> float | None:
    """Read how many seconds the source asks to wait; None when it does not say."""
    spent = [int(t) for r, t in _BUCKET.findall(headers.get("ratelimit", "")) if int(r) == 0]
    if spent:
        return float(max(spent))
    return _retry_after(headers.get("retry-after", "").strip())


def _retry_after(value: str) -> float | None:
    if value.isdecimal():
        return min(float(value), A_DAY)
    try:
        when = email.utils.parsedate_to_datetime(value)
    except ValueError:
        return None
    moment = when if when.tzinfo else when.replace(tzinfo=UTC)
    return min(max(0.0, (moment - datetime.now(UTC)).total_seconds()), A_DAY)


class RetryingTransport(httpx2.BaseTransport):
    """Repeat what is safe to repeat; raise UpstreamError or UpstreamRateLimitError in the end."""

    def __init__(self, inner: httpx2.BaseTransport, policy: HttpPolicy) -> None:
        self._inner = inner
        self._policy = policy

    def handle_request(self, request: httpx2.Request) -> httpx2.Response:
        attempts = self._policy.attempts if request.method in REPEATABLE else 1
        waited = 0.0
        for attempt in range(1, attempts + 1):
            answer = self._try(request, attempt)
            if isinstance(answer, httpx2.Response):
                return answer
            delay = self._delay(answer, attempt, self._policy.patience - waited)
            waited += delay
            if attempt == attempts or waited > self._policy.patience:
                raise answer
            self._policy.sleep(delay)
        raise UpstreamError(f"{request.url.host} was not asked: no attempts allowed")

    def close(self) -> None:
        self._inner.close()

    def _try(self, request: httpx2.Request, attempt: int) -> httpx2.Response | UpstreamError:
        """Ask once; return the answer, or the error that says why it is no answer."""
        host = request.url.host
        try:
            response = self._inner.handle_request(request)
        except httpx2.TransportError as error:
            failure = UpstreamError(f"{host} does not answer ({type(error).__name__})", host=host)
            failure.__cause__ = error
            outcome = type(error).__name__
        else:
            if response.status_code not in PASSING:
                return response
            response.close()
            failure = _refusal(host, response)
            outcome = str(response.status_code)
        logger.info(
            "%s %s: %s (attempt %d)", request.method, safe_url(request.url), outcome, attempt
        )
        return failure

    def _delay(self, failure: UpstreamError, attempt: int, left: float) -> float:
        asked = failure.details.get("retry_after")
        if isinstance(asked, float):
            # Past our patience what was asked for stays, and is handed on.
            return max(asked, min(later_than(asked, self._policy.dice), left))
        longest = min(self._policy.longest_backoff, self._policy.backoff * 2 ** (attempt - 1))
        return float(longest * (1 + self._policy.dice()) / 2)


def _refusal(host: str, response: httpx2.Response) -> UpstreamError:
    status, wait = response.status_code, asked_wait(response.headers)
    details: dict[str, object] = {"host": host, "upstream_status": status}
    if wait is not None:
        details["retry_after"] = wait
    if status == RATE_LIMITED:
        again = "" if wait is None else f"; again in {wait:.0f} s"
        return UpstreamRateLimitError(f"{host} limits our requests{again}", **details)
    return UpstreamError(f"{host} answers with status {status}", **details)
