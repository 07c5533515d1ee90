"""Ask whether a model is safe: from rows, or by starting work."""

from __future__ import annotations

import time
from typing import Any
from urllib.parse import unquote

from django.conf import settings
from django.core.validators import ProhibitNullCharactersValidator
from drf_spectacular.utils import extend_schema
from rest_framework import serializers as s
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.api import documents as docs
from catalog.api.base import YardView, body_of, check_parameters, who
from catalog.api.extraction import PREFER, told_to, worker_of
from catalog.api.started import after_waiting
from catalog.models import Intake
from catalog.policy.paths import FolderPlace, place_of
from catalog.selectors.scans import scan_issues
from catalog.selectors.versions import open_model, version_named
from catalog.services.intake import IntakeAnswer, request_intake
from catalog.services.local import request_scan_of
from core.errors import InvalidInputError, NotPermittedError
from core.models import Run
from registry.callers import Caller
from registry.enums import Scope
from registry.models import ModelVersion
from registry.permissions import MayRequest

_PATHS = ("/", "./", "../", "~", "file:")  # paths, not names of models


class Issue(s.Serializer):
    title = s.CharField()
    severity = s.CharField()
    description = s.CharField()
    source = s.CharField()  # type: ignore[assignment]  # a field, not the attribute
    rule = s.CharField(allow_null=True, help_text="Of the engine; null where no rule found it.")
    sha256 = s.CharField(allow_null=True, help_text="Of the content that it is about.")
    waiver = docs.WaiverShown(
        allow_null=True, help_text="What keeps it from counting, while it does."
    )


class ScanDocument(s.Serializer):
    object = s.CharField()
    workflow_id = s.UUIDField(allow_null=True)
    verdict = s.CharField(allow_null=True)
    issues = Issue(many=True, allow_null=True)
    created = s.IntegerField()


class PathField(s.CharField):
    """A path as it was sent: what may not be in one is refused like any other that leads away."""

    def __init__(self, **words: Any) -> None:
        super().__init__(**words)
        self.validators = [
            one for one in self.validators if not isinstance(one, ProhibitNullCharactersValidator)
        ]


class ScanInput(s.Serializer):
    model_uri = s.CharField(max_length=2000, required=False)
    model_path = PathField(max_length=2000, required=False, trim_whitespace=False)


def _decided(caller: Caller, run: Run) -> ModelVersion | None:
    """The version that a run has decided; a run that ended otherwise is its error."""
    worker = worker_of(run)
    if worker.is_active:
        return None
    return told_to(caller, Intake.objects.select_related("version__model").get(run=worker).version)


class SecurityScan(YardView):
    permission_classes = [MayRequest]

    @extend_schema(
        operation_id="scanModel",
        summary="Say what the scanners found in a model's files",
        description="`model_uri` names a model. `model_path` is the `local_path` of an extraction, "
        "or a path inside the models directory (operators and curators); any other is 403. What "
        "no engine could look at is an issue too, and never clean; a scan that could not be done "
        "is 500.",
        parameters=[PREFER],
        request=ScanInput,
        responses={
            200: ScanDocument,
            202: ScanDocument,
            "4XX": docs.ProblemDocument,
            "5XX": docs.ProblemDocument,
        },
    )
    def post(self, request: Request) -> Response:
        check_parameters(request)
        given = body_of(ScanInput, request)
        if len(given) != 1:
            raise InvalidInputError("Give one of model_path and model_uri.", field="model_uri")
        caller = who(request)
        answer = _asked(caller, given)
        run = answer.run
        if run is None:
            return Response(_scan(answer.version))
        return after_waiting(
            request,
            run,
            look=lambda: _decided(caller, run),
            document=lambda version: _scan(version, run=run),
        )


def _asked(caller: Caller, given: dict[str, str]) -> IntakeAnswer:
    uri = given.get("model_uri", "")
    path = given.get("model_path", "")
    if uri.startswith(_PATHS):
        path = unquote(uri.removeprefix("file://")) if uri.startswith("file:") else uri
    elif uri:
        return request_intake(caller=caller, text=uri)
    place = place_of(path, folder=settings.MODELS_DIR)
    if isinstance(place, FolderPlace):
        return request_scan_of(caller, place.name)
    if not caller.may(Scope.READ):
        raise NotPermittedError("This needs the scope read.")
    model = open_model(caller, place.slug)
    return IntakeAnswer(
        run=None, model=model, version=version_named(model, place.commit), done=True
    )


def _scan(version: ModelVersion | None, *, run: Run | None = None) -> dict[str, Any]:
    return {
        "object": "model_security_scan",
        "workflow_id": str(run.pk) if run else None,
        "verdict": (version.scan_verdict or "incomplete") if version else None,
        "issues": scan_issues(version) if version else None,
        "created": int(time.time()),
    }
