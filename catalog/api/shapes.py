"""Rows as the API shows them; the names are the contract's."""

from __future__ import annotations

import re
from typing import Any
from urllib.parse import quote

import orjson
from django.urls import reverse
from orjson import Fragment

from catalog.models import reading_of
from catalog.selectors.filters import NOT_SCANNED
from core.models import Run
from core.pages import Row
from registry.enums import Admission
from registry.models import Model


def bytes_url(row: Row, path: str | None, *, commit: str | None, admission: str) -> str | None:
    """Where the Hub protocol serves a file; null where nothing is served."""
    if not path or not commit or admission != Admission.ADMITTED:
        return None
    return f"/hf/{_quoted(row['repo_id'])}/resolve/{commit}/{_quoted(path)}"


_AS_IT_IS = re.compile(r"[A-Za-z0-9_.~/-]*")


def _quoted(path: str) -> str:
    return path if _AS_IT_IS.fullmatch(path) else quote(path)


def model_shape(row: Row) -> dict[str, Any]:
    commit, path = row["head_commit"], row["head_filename"]
    failure = row["failure"]
    return {
        "id": row["slug"],
        "name": row["name"],
        "author": row["author"],
        "description": row["description"],
        "type": row["model_type"],
        "source": row["source"],
        "repo_id": row["repo_id"],
        "version": row["head_number"],
        "revision": commit or None,
        "filename": path or None,
        "size_bytes": row["size_bytes"],
        "download_url": bytes_url(row, path, commit=commit, admission=row["admission"]),
        "tier": row["tier"],
        "status": row["admission"],
        "import_error": _import_error(orjson.loads(failure)) if failure else None,
        "scan": row["scan_verdict"] or NOT_SCANNED,
        "license": row["license_spdx"],
        "license_type": row["license_class"],
        "family": row["family"],
        "num_params": row["num_params"],
        "context_length": row["context_length"],
        "formats": row["formats"],
        "quantization": row["quantization"],
        "languages": row["languages"],
        "categories": row["categories"],
        "runtimes": row["runtimes"],
        "memory_bytes": row["memory_8k"],
        "parameters": Fragment(row["parameters"]),
        "tags": row["tag_names"],
        "created_at": _time(row["created_at"]),
        "updated_at": _time(row["updated_at"]),
    }


def _time(text: str) -> str:
    """Turn PostgreSQL's text of a time, in the session's UTC, into RFC 3339's."""
    return f"{text[:10]}T{text[11:].removesuffix('+00')}Z"


def version_shape(model: Model, row: Row) -> dict[str, Any]:
    named = {"repo_id": model.repo_id}
    url = bytes_url(named, row["filename"], commit=row["commit"], admission=row["admission"])
    return {
        "model": model.slug,
        "version": row["number"],
        "revision": row["commit"],
        "parent": row["parent_number"],
        "filename": row["filename"],
        "file_count": row["file_count"],
        "left_out": row["left_out"],
        "held_back": row["held_back"],
        "held_whole": row["held_whole"] or None,
        "size_bytes": row["size_bytes"],
        "download_url": url,
        "type": row["model_type"],
        "status": row["admission"],
        "scan": row["scan_verdict"] or NOT_SCANNED,
        "license": row["license_spdx"],
        "license_type": row["license_class"],
        "lowest_tier": row["lowest_tier"] or None,
        "import_error": _import_error(row["failure"]),
        "changes": row["changes"],
        "created_at": row["created_at"],
        "pinned_at": row["pinned_at"],
        "decided_at": row["decided_at"],
    }


def _import_error(failure: dict[str, str]) -> dict[str, str] | None:
    if not failure:
        return None
    url = reverse("api:workflow", args=[failure["run"]])
    return {"code": failure["code"], "detail": failure["reason"], "workflow": url}


def file_shape(model: Model, commit: str, admission: str, row: Row) -> dict[str, Any]:
    named = {"repo_id": model.repo_id}
    stored = row["content_id"] is not None and not row["left_out"]
    served = stored and not row["held_back"]
    url = bytes_url(named, row["path"], commit=commit, admission=admission) if served else None
    return {
        "path": row["path"],
        "size_bytes": row["size"],
        "sha256": row["sha256"] or None,
        "git_oid": row["git_oid"] or None,
        "lfs": row["is_lfs"],
        "stored": stored,
        "left_out": row["left_out"] or None,
        "coming": row["is_coming"],
        "held_back": row["held_back"] or None,
        "download_url": url,
    }


# What `workflow_shape` reads of a run besides its steps.
RUN_NEEDS = ("intake__model", "intake__version", "card_reading__version__model")


def workflow_url(run: Run) -> str:
    return reverse("api:workflow", args=[run.pk])


def workflow_shape(run: Run) -> dict[str, Any]:
    """A run with its steps; expects `RUN_NEEDS` and `steps` to be fetched."""
    steps = sorted(run.steps.all(), key=lambda step: step.position)
    intake = getattr(run, "intake", None)
    current = next((step for step in steps if step.state == "running"), None)
    return {
        "object": "workflow",
        "id": str(run.pk),
        "kind": run.kind,
        "state": run.state,
        "cancel_requested": run.cancel_requested,
        "steps": [
            {
                "name": step.name,
                "title": step.title,
                "state": step.state,
                "message": step.message,
                "progress": _progress(step),
                "started_at": step.started_at,
                "finished_at": step.finished_at,
            }
            for step in steps
        ],
        "progress": _progress(current) if current else None,
        "waiting": _waiting(run),
        "error": _error(run),
        "links": _links(run, intake or reading_of(run)),
        "created_at": run.created_at,
        "started_at": run.started_at,
        "finished_at": run.finished_at,
    }


def _progress(step: Any) -> dict[str, Any]:  # noqa: ANN401 a RunStep
    return {"done": step.done, "total": step.total, "unit": step.unit}


def _waiting(run: Run) -> dict[str, Any] | None:
    """What the machine lacks; the run goes on by itself when it is there."""
    if not run.is_waiting:
        return None
    return {"code": run.waiting_for, "times": run.waits, "next_try": run.not_before}


def _error(run: Run) -> dict[str, Any] | None:
    if not run.error_code:
        return None
    return {"code": run.error_code, "detail": run.error, "details": run.error_details}


def _links(run: Run, about: Any) -> dict[str, str]:  # noqa: ANN401 an Intake, CardReading or nothing
    links = {"self": workflow_url(run)}
    if about is not None and about.model is not None:
        links["model"] = reverse("api:model", args=[about.model.slug])
        if about.version is not None:
            place = [about.model.slug, about.version.commit]
            links["version"] = reverse("api:version", args=place)
    return links
