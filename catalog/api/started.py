"""Answers to requests that start work: 202 with where to look, 200 when nothing is to be done."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from typing import Any, TypeVar

from rest_framework.request import Request
from rest_framework.response import Response

from catalog.api.shapes import workflow_url
from catalog.services.intake import IntakeAnswer
from core.models import Run

MAX_WAIT = 60
T = TypeVar("T")
_WAIT = re.compile(r"(?:^|[,;\s])wait\s*=\s*\"?([0-9]{1,6})\"?")
_PAUSES = (0.05, 0.1, 0.2, 0.4)


def seconds_to_wait(request: Request) -> int:
    """Read `Prefer: wait=N` (RFC 7240); anything else in that header is not for us."""
    found = _WAIT.search(request.headers.get("Prefer", "").lower())
    return min(int(found[1]), MAX_WAIT) if found else 0


def wait_for(look: Callable[[], T | None], *, seconds: int) -> T | None:
    """Look until something is there or the time is over. Each look is a few short queries."""
    until = time.monotonic() + seconds
    looks = 0
    while (found := look()) is None:
        left = until - time.monotonic()
        if left <= 0:
            return None
        time.sleep(min(left, _PAUSES[min(looks, len(_PAUSES) - 1)]))
        looks += 1
    return found


def accepted(answer: IntakeAnswer) -> Response:
    """The short answer: a workflow, or `success` when it is here already."""
    run, model, version = answer.run, answer.model, answer.version
    document = {
        "status": "success" if answer.done else "accepted",
        "workflow_id": str(run.pk) if run else None,
        "model": model.slug if model else None,
        "revision": version.commit if version else None,
    }
    if run is None:
        return Response(document)
    return Response(document, status=202, headers={"Location": workflow_url(run)})


def after_waiting(
    request: Request,
    run: Run,
    *,
    look: Callable[[], T | None],
    document: Callable[[T | None], dict[str, Any]],
) -> Response:
    """200 when it is there in the time that `Prefer` gives, else 202; both say where to look."""
    seconds = seconds_to_wait(request)
    headers = {"Location": workflow_url(run)}
    if seconds:
        headers["Preference-Applied"] = f"wait={seconds}"
    found = wait_for(look, seconds=seconds)
    return Response(document(found), status=202 if found is None else 200, headers=headers)
