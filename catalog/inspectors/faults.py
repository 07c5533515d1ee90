"""Sizes in config.json that are none: named, since what they leave unknown does not say why."""

from __future__ import annotations

import re
from typing import Final

from catalog.inspectors.base import (
    LARGEST_JSON,
    JsonObject,
    Problems,
    Reader,
    as_count,
    read_bytes,
)
from catalog.inspectors.counting.names import HEADS, HIDDEN, INNER, KV_HEADS, LAYERS, VOCABULARY
from catalog.inspectors.subject import CONFIG
from catalog.inspectors.transformers_config import language_part

_SIZES: Final = (*LAYERS, *HIDDEN, *INNER, *HEADS, *KV_HEADS, *VOCABULARY)
# JSON has no such numbers; writers and readers in Python do.
_NO_NUMBER: Final = rb'"%s"\s*:\s*(-?(?:NaN|Infinity))'


def note_unusable(reader: Reader, config: JsonObject, problems: Problems) -> None:
    """Name each size that is negative, no whole number or no number at all; null and 0 say none."""
    if not reader.has(CONFIG):
        return
    part = language_part(config)
    given: JsonObject = {name: part[name] for name in _SIZES if name in part}
    if any(value is None for value in given.values()):
        given |= _written(reader, given)
    for name, value in given.items():
        is_none = value is None or (isinstance(value, int | float) and value == 0)
        if not is_none and not isinstance(value, list | dict) and as_count(value) is None:
            problems.add(f"{CONFIG}: {name} is {str(value)[:40]}, which is no size")


def _written(reader: Reader, given: JsonObject) -> JsonObject:
    """Return what stands in the place of values that are no numbers."""
    content = read_bytes(reader, CONFIG, LARGEST_JSON, Problems()) or b""
    empty = (name for name, value in given.items() if value is None)
    found = ((name, re.search(_NO_NUMBER % name.encode(), content)) for name in empty)
    return {name: match[1].decode() for name, match in found if match}
