"""The store over REST: what it holds, on which disks, and the work on it."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers as s
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.api import documents as docs
from catalog.api.base import YardView, body_of, check_parameters, page_links, paging_of, who
from catalog.api.shapes import workflow_shape
from catalog.pages.storage import LARGEST
from catalog.selectors import storage
from catalog.selectors.versions import check_limit
from catalog.services.storage import WORK, check_staff, fetch_anew, start_work
from core.models import Run
from core.pages import page_of
from core.storage.configured import disk_cache
from downloads.disks import disks, state_of
from registry.callers import Caller

_MAX = 100


class StorageWork(s.Serializer):
    work = s.ChoiceField(WORK, help_text="look is a collection that removes nothing.")


class StorageDocument(docs.PageDocument):
    object = s.CharField()
    totals = s.JSONField(
        help_text="contents, stored_bytes, files, asked_bytes, saved_bytes, quarantined."
    )
    cache = s.JSONField(allow_null=True, help_text="copies, bytes and limit_bytes; null without.")
    volumes = s.JSONField(
        help_text="A list: places, mount, kind, total, used and free bytes, percent, state."
    )
    collectable = s.JSONField(allow_null=True, help_text="What the last look or collection found.")
    runs = docs.WorkflowDocument(many=True)
    quarantine = s.JSONField(help_text="A list: sha256, size, reason, since, versions, models.")
    results = s.JSONField(help_text="Models, the largest first: stored, own, shared, asked bytes.")


class Storage(YardView):
    @extend_schema(
        operation_id="getStorage",
        summary="What the store holds: totals, disks, quarantine, use by model, largest first",
        parameters=docs.PAGING,
        responses={200: StorageDocument, "4XX": docs.ProblemDocument},
    )
    def get(self, request: Request) -> Response:
        check_parameters(request, "cursor", "limit")
        caller = who(request)
        check_staff(caller)
        paging: dict[str, Any] = paging_of(request, default=50)
        check_limit(paging["limit"], _MAX)
        page = page_of(storage.stored_models(caller), order=LARGEST, **paging)
        return Response(
            {
                "object": "storage",
                "totals": _totals(),
                "cache": _cache(),
                "volumes": _volumes(),
                "collectable": _collectable(),
                "runs": [workflow_shape(run) for run in _runs()],
                "quarantine": _quarantine(caller),
                "results": _models(page.rows),
                **page_links(request, page),
            }
        )


class StorageRuns(YardView):
    @extend_schema(
        operation_id="startStorageWork",
        summary="Start a collection, a look what it would remove, or a check of every content",
        request=StorageWork,
        responses={202: docs.WorkflowDocument, "4XX": docs.ProblemDocument},
    )
    def post(self, request: Request) -> Response:
        check_parameters(request)
        run = start_work(caller=who(request), name=body_of(StorageWork, request)["work"])
        return Response(_workflow(run), status=202)


class QuarantineFetch(YardView):
    @extend_schema(
        operation_id="fetchQuarantined",
        summary="Import a version that has a content in quarantine anew; that heals all of them",
        request=None,
        responses={202: docs.WorkflowDocument, "4XX": docs.ProblemDocument},
    )
    def post(self, request: Request, sha256: str) -> Response:
        check_parameters(request)
        return Response(_workflow(fetch_anew(caller=who(request), sha256=sha256)), status=202)


def _workflow(run: Run) -> dict[str, Any]:
    rows = Run.objects.select_related("intake__model", "intake__version")
    return workflow_shape(rows.prefetch_related("steps").get(pk=run.pk))


def _runs() -> list[Run]:
    return storage.store_runs()


def _totals() -> dict[str, int]:
    total = storage.totals()
    return {
        "contents": total.contents,
        "stored_bytes": total.stored,
        "files": total.files,
        "asked_bytes": total.asked,
        "saved_bytes": total.saved,
        "quarantined": total.quarantined,
    }


def _cache() -> dict[str, int] | None:
    cache = disk_cache()
    if cache is None:
        return None
    use = cache.use()
    return {"copies": use.count, "bytes": use.size, "limit_bytes": cache.limit}


def _volumes() -> list[dict[str, Any]]:
    return [
        {
            "places": list(volume.places),
            "mount": volume.mount,
            "kind": volume.kind,
            "total_bytes": volume.total,
            "used_bytes": volume.used,
            "free_bytes": volume.free,
            "percent": volume.percent,
            "state": state_of(volume),
            "trouble": volume.trouble,
        }
        for volume in disks()
    ]


def _collectable() -> dict[str, Any] | None:
    look = storage.last_look()
    return None if look is None else {"as_of": look.finished_at, **look.result}


def _quarantine(caller: Caller) -> list[dict[str, Any]]:
    return [
        {
            "sha256": content.pk,
            "size": content.size,
            "reason": content.quarantine_reason,
            "since": content.quarantined_at,
            "versions": len(content.quarantined_from),
            "models": sorted({version.model.slug for version in versions}),
        }
        for content, versions in storage.quarantined(caller)
    ]


def _models(rows: list[dict[str, Any]]) -> list[dict[str, Any]]:
    uses = storage.use_of([row["id"] for row in rows])
    found = []
    for row in rows:
        use = uses.get(row["id"], storage.Use())
        found.append(
            {
                "model": row["slug"],
                "repo_id": row["repo_id"],
                "admission": row["admission"],
                "stored_bytes": use.stored,
                "own_bytes": use.alone,
                "shared_bytes": use.shared,
                "asked_bytes": use.asked,
            }
        )
    return found
