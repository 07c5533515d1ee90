"""What another yard concluded, read from its papers: nothing in them is trusted."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Final
from urllib.parse import unquote

import orjson

from catalog.bundles import papers as paper_files
from registry.enums import Admission, ScanVerdict, Tier

_UNSAFE: Final = "unsafe"
_LEVELS: Final = ("error", "warning", "note")


def told_in(documents: Mapping[str, bytes], folder: str) -> dict[str, Any]:
    """What the other yard concluded: shown as evidence, never taken as an answer here."""
    decision = _object(documents.get(f"{folder}/{paper_files.DECISION}", b"{}"))
    scan = _object(documents.get(f"{folder}/{paper_files.SCAN}", b"{}"))
    engines, levels = [], dict.fromkeys(_LEVELS, 0)
    for run in _objects(scan.get("runs")):
        driver = _object_of(_object_of(run.get("tool")).get("driver"))
        engines.append(f"{driver.get('name', '')} {driver.get('version', '')}".strip()[:120])
        for result in _objects(run.get("results")):
            if (level := result.get("level")) in levels:
                levels[level] += 1
    words = {"admission": Admission, "lowest_tier": Tier, "scan_verdict": ScanVerdict}
    told: dict[str, Any] = {
        name: decision.get(name) if decision.get(name) in known.values else ""
        for name, known in words.items()
    }
    return told | {"engines": engines[:20], "findings": levels}


def unsafe_paths(scan: bytes) -> dict[str, str]:
    """Name the files with a finding that makes them unsafe, as a source's scanner would.

    What was accepted there is left to the engines here: they find it as well.
    """
    return {
        path: _UNSAFE
        for run in _objects(_object(scan).get("runs"))
        for result in _objects(run.get("results"))
        if result.get("level") == "error" and not result.get("suppressions")
        for path in _paths_of(result)
    }


def _paths_of(result: Mapping[str, Any]) -> Iterator[str]:
    for place in _objects(result.get("locations")):
        named = _object_of(_object_of(place.get("physicalLocation")).get("artifactLocation"))
        if isinstance(uri := named.get("uri"), str):
            yield unquote(uri)


def _object(content: bytes) -> dict[str, Any]:
    try:
        return _object_of(orjson.loads(content))
    except orjson.JSONDecodeError:
        return {}


def _object_of(value: object) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _objects(value: object) -> list[dict[str, Any]]:
    return [one for one in value if isinstance(one, dict)] if isinstance(value, list) else []
