"""Values from outside, made such that PostgreSQL keeps them: what its text and JSON cannot hold."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import Any

_UNKEPT = re.compile("[\x00\ud800-\udfff]")


def plain_text(text: str) -> str:
    """Drop NUL and half characters, which no UTF-8 text of the database may hold."""
    return _UNKEPT.sub("", text)


def plain_values(value: object) -> Any:  # noqa: ANN401 JSON values
    """Copy JSON values; numbers that are none become null."""
    if isinstance(value, str):
        return plain_text(value)
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, Mapping):
        return {plain_text(str(key)): plain_values(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [plain_values(item) for item in value]
    return value
