"""Ask CivitAI's REST API: one JSON object for each question, bounded, refusals as our errors."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

import httpx2
import orjson

from catalog.sources.civit.refusals import Asked, refusal
from core.errors import UpstreamError
from core.http import fetch

LARGEST: Final = 16 << 20  # models with hundreds of versions and their images
_BAD: Final = 400


def ask(
    client: httpx2.Client, path: str, asked: Asked, headers: Mapping[str, str]
) -> Mapping[str, object]:
    """Return the object at a path below `/api/v1/`; a page of HTML or a list is an error."""
    answer = fetch(
        client,
        f"{asked.endpoint}/api/v1/{path}",
        limit=LARGEST,
        headers={"Accept": "application/json", **headers},
    )
    if answer.status >= _BAD:
        raise refusal(answer.status, answer.content, asked)
    try:
        data = orjson.loads(answer.content)
    except orjson.JSONDecodeError as error:
        raise _unreadable(asked) from error
    if not isinstance(data, dict):
        raise _unreadable(asked)
    return data


def _unreadable(asked: Asked) -> UpstreamError:
    what = asked.what or "this question"
    return UpstreamError(f"CivitAI answers something unreadable for {what}", repo_id=asked.repo_id)
