"""generation_config.json: what the author advises for choosing the next token."""

from __future__ import annotations

from typing import Final

from catalog.inspectors.base import JsonObject, as_number
from catalog.inspectors.files import Files

PATH: Final = "generation_config.json"
_HIGHEST: Final = 100.0


def sampling_facts(files: Files) -> dict[str, object] | None:
    """Return `Sampling`; None where nothing is advised.

    `do_sample: false` means the likeliest token each time: temperature 0, whatever else is
    written beside it, since generation ignores that. Where `do_sample` is not mentioned the
    numbers are taken as advice, which is how servers read them.
    """
    told = files.object(PATH)
    facts: dict[str, object] = {"repetition_penalty": _penalty(told)}
    if told.get("do_sample") is False:
        facts["temperature"] = 0.0
    else:
        facts |= {
            "temperature": as_number(told.get("temperature"), 0, _HIGHEST),
            "top_p": as_number(told.get("top_p"), 0, 1),
            "top_k": _top_k(told),
        }
    return facts if any(value is not None for value in facts.values()) else None


def _top_k(told: JsonObject) -> int | None:
    found = as_number(told.get("top_k"), 0, 1 << 31)
    return int(found) if found is not None and found.is_integer() else None


def _penalty(told: JsonObject) -> float | None:
    found = as_number(told.get("repetition_penalty"), 0, _HIGHEST)
    return found or None
