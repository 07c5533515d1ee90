"""Usage over REST: sums of what the Hub protocol served."""

from __future__ import annotations

from dataclasses import asdict

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers as s
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.api import documents as docs
from catalog.api.base import YardView, check_parameters, who
from catalog.pages.usage import asked_of
from registry.permissions import MayRead
from registry.selectors.usage import PERIODS, usage_of


class UsageLine(s.Serializer):
    name = s.CharField(allow_blank=True, help_text="Empty for what has none, such as no team.")
    slug = s.CharField(allow_blank=True)
    files = s.IntegerField(help_text="Files that were begun.")
    bytes = s.IntegerField(help_text="As sent where somebody counted, else as promised.")


class UsageOfDay(s.Serializer):
    day = s.DateField()
    files = s.IntegerField()
    bytes = s.IntegerField()


class UsageDocument(s.Serializer):
    days = s.IntegerField()
    files = s.IntegerField()
    bytes = s.IntegerField()
    by_day = UsageOfDay(many=True, help_text="Days (UTC) with any use, the oldest first.")
    by_model = UsageLine(many=True, help_text="The 50 with the most bytes.")
    by_team = UsageLine(many=True)
    by_client = UsageLine(many=True)


class Usage(YardView):
    permission_classes = [MayRead]

    @extend_schema(
        operation_id="getUsage",
        summary="How much was served: to staff of every model they see, to others of their own",
        parameters=[
            OpenApiParameter("days", OpenApiTypes.INT, enum=PERIODS),
            OpenApiParameter("model", OpenApiTypes.STR, description="The slug of one model."),
            OpenApiParameter("team", OpenApiTypes.STR, description="The slug of one team; staff."),
        ],
        responses={200: UsageDocument, "4XX": docs.ProblemDocument},
    )
    def get(self, request: Request) -> Response:
        check_parameters(request, "days", "model", "team")
        caller = who(request)
        return Response(asdict(usage_of(caller, **asked_of(caller, request.query_params))))
