"""The bill of materials of a version: CycloneDX 1.6 with a machine-learning-model component.

Written as plain JSON: cyclonedx-python-lib 11 knows no modelCard (its issue 912), and gives us the
official schema that the tests hold this to.
"""

from __future__ import annotations

import uuid
from collections.abc import Sequence
from datetime import datetime
from typing import Any, Final
from urllib.parse import quote

from registry.enums import LicenseClass
from registry.models import ModelFile, ModelVersion

SPEC: Final = "1.6"
_NAMESPACE: Final = uuid.UUID("7f0d4a53-6f0b-5c0e-9a9d-3d8f5a4a5f11")
_FORMS: Final = {
    "llm": ("text", "text"),
    "vision-language": ("text, image", "text"),
    "embedding": ("text", "vector"),
    "reranker": ("text", "score"),
    "image": ("text", "image"),
    "audio": ("audio", "text"),
    "ocr": ("image", "text"),
    "layout": ("image", "layout"),
}


def bom_of(
    version: ModelVersion, files: Sequence[ModelFile], *, made_at: datetime, yard: str, release: str
) -> dict[str, Any]:
    """Write the bill of a version; the same version at the same moment is the same document.

    `files` are those that are served; what is held back is named with its reason and no component.
    """
    model = version.model
    name = f"{model.source}:{model.repo_id}@{version.commit}"
    made = made_at.strftime("%Y-%m-%dT%H:%M:%SZ")
    component = _component(version, files)
    return {
        "bomFormat": "CycloneDX",
        "specVersion": SPEC,
        "serialNumber": f"urn:uuid:{uuid.uuid5(_NAMESPACE, f'{name} {made}')}",
        "version": 1,
        "metadata": {
            "timestamp": made,
            "tools": {"components": [{"type": "application", "name": yard, "version": release}]},
        },
        "components": [component],
    }


def _component(version: ModelVersion, files: Sequence[ModelFile]) -> dict[str, Any]:
    model = version.model
    group, _, name = model.repo_id.rpartition("/")
    component: dict[str, Any] = {
        "type": "machine-learning-model",
        "bom-ref": f"{model.repo_id}@{version.commit}",
        "name": name,
        "version": version.commit,
        "modelCard": _card(version),
        "components": [_file(version, file) for file in files],
        "properties": _properties(version),
    }
    if group:
        component["group"] = group
    if model.source == "huggingface":
        component["purl"] = f"pkg:huggingface/{quote(model.repo_id)}@{version.commit}"
    if description := str(version.facts.get("description") or ""):
        component["description"] = description[:4000]
    if licenses := _licenses(version):
        component["licenses"] = licenses
    if len(files) == 1 and files[0].sha256:
        component["hashes"] = [{"alg": "SHA-256", "content": files[0].sha256}]
    if address := str(version.facts.get("address") or ""):
        component["externalReferences"] = [{"type": "distribution", "url": address}]
    return component


def _licenses(version: ModelVersion) -> list[dict[str, Any]]:
    """Write what the license gate found; what it does not know is a name, no expression."""
    if not version.license_spdx:
        return []
    if version.license_class == LicenseClass.UNKNOWN:
        return [{"license": {"name": version.license_spdx}}]
    return [{"expression": version.license_spdx}]


def _card(version: ModelVersion) -> dict[str, Any]:
    config, facts = version.config, version.facts
    tasks = facts.get("tasks") or []
    parameters: dict[str, Any] = {
        "task": str(tasks[0]) if tasks else "",
        "architectureFamily": str(config.get("family") or ""),
        "modelArchitecture": str(config.get("architecture") or ""),
    }
    taken, given = _FORMS.get(version.model_type, ("", ""))
    if taken:
        parameters["inputs"] = [{"format": one} for one in taken.split(", ")]
        parameters["outputs"] = [{"format": given}]
    known = {key: value for key, value in parameters.items() if value}
    values = {key: config[key] for key in ("num_params", "context_length") if config.get(key)}
    properties = [
        {"name": f"modelyard:{key}", "value": str(value)} for key, value in values.items()
    ]
    card: dict[str, Any] = {"modelParameters": known}
    if properties:
        card["properties"] = properties
    return card


def _file(version: ModelVersion, file: ModelFile) -> dict[str, Any]:
    found: dict[str, Any] = {
        "type": "file",
        "bom-ref": f"{version.commit}/{file.path}",
        "name": file.path,
    }
    if file.sha256:
        found["hashes"] = [{"alg": "SHA-256", "content": file.sha256}]
    return found


def _properties(version: ModelVersion) -> list[dict[str, str]]:
    values = {
        "model_type": version.model_type,
        "license_class": version.license_class,
        "admission": version.admission,
        "scan": version.scan_verdict,
        "bytes": str(version.size_bytes),
    }
    told = [{"name": f"modelyard:{key}", "value": value} for key, value in values.items() if value]
    held = version.files.exclude(held_back="").order_by("path").values_list("path", "held_back")
    return told + [{"name": "modelyard:held_back", "value": f"{path}: {why}"} for path, why in held]
