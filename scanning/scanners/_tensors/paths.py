"""Whether a path in a model leads out of the folder that the model lies in."""

from __future__ import annotations

import re

_AWAY = re.compile(r"[/\\~]|[A-Za-z]:|[A-Za-z][A-Za-z0-9+.-]*://|%[0-9A-Fa-f]{2}|\$")


def leads_away(path: str) -> bool:
    """Absolute, an address, with `..`, a variable or a zero byte."""
    if _AWAY.match(path) or "\x00" in path or "://" in path:
        return True
    return ".." in re.split(r"[/\\]", path)
