"""Ask what a hosted model is: at once, from a BudConnect-compatible catalog."""

from __future__ import annotations

import time
from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers as s
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.api.base import YardView, body_of, check_parameters, who
from catalog.api.documents import ProblemDocument
from catalog.selectors.model_info import model_info
from catalog.services.hosted import record_hosted
from registry.permissions import MayRequest


class HostedInput(s.Serializer):
    model_uri = s.CharField(max_length=200, help_text="Its name at its provider: openai/gpt-4o.")
    external_service_url = s.CharField(
        max_length=2000,
        required=False,
        allow_blank=True,
        allow_null=True,
        help_text="Another catalog than BUDCONNECT_URL, of those that BUDCONNECT_ALLOW names.",
    )


class HostedDocument(s.Serializer):
    object = s.CharField()
    model = s.CharField(help_text="Its public id (slug) here.")
    revision = s.CharField(help_text="Names what was told: other words are another version.")
    model_info = s.JSONField(help_text="As in an extraction; extraction_status may be `cached`.")
    created = s.IntegerField(help_text="Seconds since 1970.")


class CloudExtract(YardView):
    permission_classes = [MayRequest]

    @extend_schema(
        operation_id="extractCloudModelInfo",
        summary="Say what a hosted model is",
        description="Asks a BudConnect-compatible catalog and answers at once. The model is listed "
        "and never admitted: it has no files that could be verified or scanned.",
        request=HostedInput,
        responses={200: HostedDocument, "4XX": ProblemDocument, "5XX": ProblemDocument},
    )
    def post(self, request: Request) -> Response:
        check_parameters(request)
        given = body_of(HostedInput, request)
        caller = who(request)
        model, version = record_hosted(
            caller=caller,
            model_uri=given["model_uri"],
            service_url=given.get("external_service_url") or "",
        )
        document: dict[str, Any] = {
            "object": "cloud_model_extraction",
            "model": model.slug,
            "revision": version.commit,
            "model_info": model_info(caller, model, version),
            "created": int(time.time()),
        }
        return Response(document)
