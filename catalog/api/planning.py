"""What a download would do, and what downloads there were."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.api import documents as docs
from catalog.api import plan_documents as plans
from catalog.api.base import YardView, body_of, check_parameters, page_links, paging_of, who
from catalog.selectors.downloads import STATUSES, page_of_downloads
from catalog.selectors.versions import open_model
from catalog.services.dry_run import DryRun, dry_run
from core.pages import Page
from downloads.planning.selection import Selection
from registry.models import Model
from registry.permissions import MayRead, MayRequest

_MAX_FILES = 1000
_STATUS = OpenApiParameter("status", OpenApiTypes.STR, enum=list(STATUSES))
_OBJECT = "model_download_history"


def selection_in(given: dict[str, Any]) -> Selection:
    """Take the three fields of a selection out of a body, checked."""
    return Selection.read(
        include=given.pop("include"), exclude=given.pop("exclude"), preset=given.pop("preset")
    )


class PlanDownload(YardView):
    permission_classes = [MayRequest]

    @extend_schema(
        operation_id="planDownload",
        summary="Say what a download would move, before anything does",
        description="The source is asked, nothing is fetched and no row is written. A token is "
        "used for this question alone, never kept or logged.",
        request=plans.PlanInput,
        responses={
            200: plans.PlanDocument,
            "4XX": docs.ProblemDocument,
            "5XX": docs.ProblemDocument,
        },
    )
    def post(self, request: Request) -> Response:
        check_parameters(request)
        given = body_of(plans.PlanInput, request)
        run = dry_run(
            caller=who(request),
            text=given["model_uri"],
            revision=given["revision"],
            token=given.get("hf_token", ""),
            selection=selection_in(given),
        )
        return Response(plan_shape(run))


def plan_shape(run: DryRun) -> Mapping[str, Any]:
    """A dry run as the API shows it."""
    return {
        "object": "download_plan",
        "source": run.ref.source,
        "repo_id": run.listing.ref.repo_id,
        "revision": run.listing.commit,
        **run.plan.to_json(),
        "files": [
            {
                "path": file.path,
                "size_bytes": file.size,
                "state": file.state,
                "reason": file.reason,
            }
            for file in run.plan.files[:_MAX_FILES]
        ],
        "admission": run.decision.admission,
        "lowest_tier": run.decision.lowest_tier or None,
    }


class DownloadList(YardView):
    permission_classes = [MayRead]

    @extend_schema(
        operation_id="listDownloads",
        summary="List the download history, newest first",
        description="Of models that you may know of, and what you asked for yourself. `success`: "
        "here and admitted; `completed`: here and not admitted; `uploaded`: came from this machine "
        "or a person; `failed`: ended early, or no policy could admit it.",
        parameters=[_STATUS, *docs.PAGING],
        responses={200: docs.DownloadPage, "4XX": docs.ProblemDocument},
    )
    def get(self, request: Request) -> Response:
        return _history(request)


class ModelDownloads(YardView):
    permission_classes = [MayRead]

    @extend_schema(
        operation_id="listModelDownloads",
        summary="List the downloads of one model, newest first",
        parameters=[_STATUS, *docs.PAGING],
        responses={200: docs.DownloadPage, "4XX": docs.ProblemDocument},
    )
    def get(self, request: Request, slug: str) -> Response:
        return _history(request, open_model(who(request), slug))


def _history(request: Request, model: Model | None = None) -> Response:
    check_parameters(request, "status", "cursor", "limit")
    page: Page = page_of_downloads(
        who(request),
        status=request.query_params.get("status", ""),
        model=model,
        **paging_of(request, default=50),
    )
    return Response({"object": _OBJECT, "results": page.rows, **page_links(request, page)})
