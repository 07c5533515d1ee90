"""The License tab: the evidence, what it means for each tier, and the text itself."""

from __future__ import annotations

from typing import Any

from catalog.pages.gates import license_outlook
from core.errors import NotFoundError, StorageError
from core.storage.configured import content_store
from licenses.services import MAX_TEXT, license_paths
from registry.enums import Gate
from registry.models import ModelVersion


def license_context(version: ModelVersion | None) -> dict[str, Any]:
    if version is None:
        return {"evidence": [], "outlook": [], "license_name": "", "license_text": ""}
    gate = version.gates.filter(gate=Gate.LICENSE).first()
    found = gate.evidence if gate else {}
    path, text = _text(version)
    return {
        "evidence": _evidence(found),
        "outlook": license_outlook(version.decision.get("tiers", [])),
        "license_name": version.license_spdx
        or str(version.facts.get("card", {}).get("license") or ""),
        "license_text": text,
        "license_path": path,
    }


def _evidence(found: dict[str, Any]) -> list[dict[str, str]]:
    rows = []
    for item in found.get("evidence") or []:
        lines = item.get("lines")
        where = item["path"] or item["source"]
        rows.append(
            {
                "where": f"{where}, lines {lines[0]} to {lines[1]}" if lines else where,
                "found": item["says"],
                "note": f"“{item['quote']}”" if item["quote"] else "",
            }
        )
    conflicts = found.get("conflicts") or []
    return rows + [{"where": "Conflict", "found": text, "note": ""} for text in conflicts]


def _text(version: ModelVersion) -> tuple[str, str]:
    """The first license file as stored; '' while its bytes are not here."""
    stored = dict(version.files.filter(content__isnull=False).values_list("path", "content_id"))
    for path in license_paths(stored):
        try:
            data = content_store().read_range(stored[path], 0, MAX_TEXT)
        except (NotFoundError, StorageError):
            return path, ""
        return path, data.decode("utf-8", errors="replace").strip()
    return "", ""
