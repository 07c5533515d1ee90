"""Ask a yard for the papers of a version: see `hub.papers`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import httpx2

from catalog.sources.hf.refusals import FORBIDDEN, MISSING, UNAUTHORIZED, Asked
from catalog.sources.hf.session import LARGEST_ANSWER
from catalog.sources.paths import shown
from core.errors import UpstreamError, UpstreamForbiddenError, UpstreamNotFoundError
from core.http import fetch
from core.yards import YARD, instance_of

_OK: Final = 200
_NOT_SERVED: Final = 501
_LONGEST_WORD: Final = 300


def is_yard(headers: Mapping[str, str]) -> bool:
    """Tell whether an answer says that it is from a yard whose papers are understood here."""
    return bool(instance_of(headers.get(YARD, "")))


def read_papers(client: httpx2.Client, asked: Asked, headers: Mapping[str, str]) -> bytes:
    """Take one request; its answer is at the yard itself, so no redirect is followed."""
    url = f"{asked.endpoint}/api/yard/models/{asked.repo_id}/papers/{asked.revision}"
    answer = fetch(client, url, limit=LARGEST_ANSWER, headers=headers, follow_redirects=False)
    if answer.status == _OK:
        return answer.content
    told = answer.headers.get("x-error-message", "")[:_LONGEST_WORD]
    word = f"it answers {answer.status}{': ' if told else ''}{shown(told) if told else ''}"
    details = {"repo_id": asked.repo_id, "upstream_status": answer.status}
    if answer.status in MISSING or answer.status == _NOT_SERVED:
        raise UpstreamNotFoundError(word, **details)
    if answer.status == UNAUTHORIZED or answer.status in FORBIDDEN:
        raise UpstreamForbiddenError(word, **details)
    raise UpstreamError(word, **details)
