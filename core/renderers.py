"""JSON by orjson. A file of its own: rest_framework.views reads it while it is being imported."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson
from rest_framework.renderers import BaseRenderer


def rendered(data: object) -> bytes:
    """Write data as JSON; what it does not know, as its text."""
    return orjson.dumps(data, default=str)


class OrjsonRenderer(BaseRenderer):
    """JSON by orjson: dates, UUIDs and dataclasses as they are."""

    media_type = "application/json"
    format = "json"
    charset = None

    def render(
        self,
        data: Any,  # noqa: ANN401 whatever a view answers
        accepted_media_type: str | None = None,
        renderer_context: Mapping[str, Any] | None = None,
    ) -> bytes:
        return b"" if data is None else rendered(data)
