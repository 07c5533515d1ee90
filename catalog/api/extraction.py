"""Ask what a model is, whether it is safe, and for its bytes: from rows, or by starting work."""

from __future__ import annotations

import re
import time
from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.api import documents as docs
from catalog.api.base import YardView, body_of, check_parameters, who
from catalog.api.planning import selection_in
from catalog.api.shapes import bytes_url
from catalog.api.started import accepted, after_waiting
from catalog.selectors.model_info import model_info
from catalog.selectors.runs import at_work_for, recorded_by
from catalog.selectors.versions import open_model
from catalog.services.hosted import record_hosted
from catalog.services.intake import request_intake
from catalog.services.pinning import check_pinned
from catalog.services.records import request_record
from catalog.taking import wider
from catalog.upstreams import HOSTED, provider_types
from core.errors import ModelyardError
from core.models import Run, RunState
from registry.callers import Caller
from registry.models import SERVED, Model, ModelVersion
from registry.permissions import MayRead, MayRequest
from registry.selectors.access import knowable_models, standing_of
from registry.standing import refusal

_NUMBER = re.compile(r"[0-9]{1,6}")
PREFER = OpenApiParameter(
    "Prefer",
    location=OpenApiParameter.HEADER,
    description="`wait=N` (at most 60) waits that many seconds and answers 200 when done in time.",
)


def _recorded(caller: Caller, run: Run) -> ModelVersion | None:
    """The version that a run has made the record of; a run that ended before that is its error."""
    version = recorded_by(run)
    if version is None:
        worker_of(run)
    return told_to(caller, version)


def worker_of(run: Run) -> Run:
    worker = at_work_for(run)
    if worker.is_active or worker.state == RunState.DONE:
        return worker
    raise _error_of(worker)


def told_to(caller: Caller, version: ModelVersion | None) -> ModelVersion | None:
    """What a caller may know of; a run may have become that of somebody with a token meanwhile."""
    if version is None or not knowable_models(caller).filter(pk=version.model_id).exists():
        return None
    return version


def _error_of(run: Run) -> ModelyardError:
    """The error that ended a run, as the one it was."""
    classes = {cls.code: cls for cls in _subclasses(ModelyardError)}
    cls = classes.get(run.error_code, ModelyardError)
    return cls(run.error or "The workflow failed.", **run.error_details, workflow_id=str(run.pk))


def _subclasses(cls: type[ModelyardError]) -> list[type[ModelyardError]]:
    return [cls, *(below for one in cls.__subclasses__() for below in _subclasses(one))]


def _local_path(model: Model, version: ModelVersion) -> str:
    return f"models/{model.slug}/{version.commit}"


class Extract(YardView):
    permission_classes = [MayRequest]

    @extend_schema(
        operation_id="extractModelInfo",
        summary="Say what a model is",
        description="A commit whose record is here is answered at once, unless `force` is set. "
        "Else a workflow reads configuration, card, headers and license, and the record is "
        "answered as soon as it has, whatever becomes of the download. Without `revision` the "
        "default branch is resolved to its commit, which is pinned and named in the answer; where "
        "a record is here and the source cannot say that commit, its error is the answer. A token "
        "is used for this request alone, never kept or logged.",
        parameters=[PREFER],
        request=docs.ExtractInput,
        responses={
            200: docs.ExtractionDocument,
            202: docs.ExtractionDocument,
            "4XX": docs.ProblemDocument,
            "5XX": docs.ProblemDocument,
        },
    )
    def post(self, request: Request) -> Response:
        check_parameters(request)
        given = body_of(docs.ExtractInput, request)
        caller = who(request)
        if given["provider_type"] == HOSTED:
            _, version = record_hosted(caller=caller, model_uri=given["model_uri"])
            return Response(_extraction(caller, version))
        answer = request_record(
            caller=caller,
            **_place(given["provider_type"], given["model_uri"]),
            revision=given["revision"] or "",
            token=given.get("hf_token", ""),
            force=given["force"],
        )
        run = answer.run
        if run is None:
            return Response(_extraction(caller, answer.version))
        return after_waiting(
            request,
            run,
            look=lambda: _recorded(caller, run),
            document=lambda version: _extraction(caller, version, run=run),
        )


def _place(provider: str, uri: str) -> dict[str, Any]:
    """An address of the Hub is read in all its forms; other providers take their own names."""
    source = provider_types()[provider]
    if source == "huggingface":
        return {"text": uri}
    return {"source": source, "repo_id": uri}


def _extraction(
    caller: Caller, version: ModelVersion | None, *, run: Run | None = None
) -> dict[str, Any]:
    info = path = None
    if version is not None:
        info = model_info(caller, version.model, version)
        path = _local_path(version.model, version) if version.file_count else None
    return {
        "object": "model_extraction",
        "workflow_id": str(run.pk) if run else None,
        "revision": version.commit if version else None,
        "model_info": info,
        "local_path": path,
        "created": int(time.time()),
    }


class Download(YardView):
    permission_classes = [MayRead, MayRequest]  # who may not read may not name what is here

    @extend_schema(
        operation_id="downloadModel",
        summary="Bring a pinned version's bytes into the yard, or say that they are here",
        description="`revision` is a commit, a tag or the number of a version. `main`, `latest` or "
        "nothing is refused with the commit it would be.",
        request=docs.DownloadInput,
        responses={
            200: docs.StartedDocument,
            202: docs.StartedDocument,
            "4XX": docs.ProblemDocument,
        },
    )
    def post(self, request: Request, slug: str) -> Response:
        check_parameters(request)
        given = body_of(docs.DownloadInput, request)
        selection = selection_in(given)
        caller = who(request)
        model = open_model(caller, slug)
        revision = given["revision"].strip()
        known = _pinned_here(model, revision)
        if known is None:
            check_pinned(source=model.source, repo_id=model.repo_id, revision=revision)
        if known is not None and not given["force"] and not wider(known, selection):
            error = refusal(standing_of(model, known), tiers=caller.tiers)
            if error is None and not known.files.filter(SERVED, content__isnull=True).exists():
                return Response(_success(model, known))
            if error is not None and known.decided_at is not None:
                raise error
        answer = request_intake(
            caller=caller,
            source=model.source,
            repo_id=model.repo_id,
            revision=known.commit if known else revision,
            force=given["force"],
            selection=selection,
        )
        return accepted(answer)


def _pinned_here(model: Model, revision: str) -> ModelVersion | None:
    """The version of that number or commit; None for a tag, or a commit this yard has not seen."""
    pinned = model.versions.filter(pinned_at__isnull=False)
    if _NUMBER.fullmatch(revision):
        return pinned.filter(number=int(revision)).first()
    return pinned.filter(commit=revision).first()


def _success(model: Model, version: ModelVersion) -> dict[str, Any]:
    taken = version.files.filter(SERVED).order_by("-size", "path")
    largest = taken.values_list("path", flat=True).first()
    named = {"repo_id": model.repo_id}
    return {
        "status": "success",
        "workflow_id": None,
        "model": model.slug,
        "revision": version.commit,
        "download_url": bytes_url(
            named, largest, commit=version.commit, admission=version.admission
        ),
    }
