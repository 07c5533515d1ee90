"""Health in detail, and metrics."""

from __future__ import annotations

import ipaddress
from typing import Any

from django.conf import settings
from django.http import HttpResponse
from drf_spectacular.utils import extend_schema
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response
from rest_framework.views import APIView

from catalog.api.base import YardView, check_parameters, who
from catalog.api.measures import refresh
from core import health, metrics
from core.health import Part
from registry.authentication import address_of
from registry.enums import Scope

METRICS_TYPE = "text/plain; version=0.0.4; charset=utf-8"


class DetailedHealth(YardView):
    @extend_schema(
        operation_id="detailedHealth",
        summary="Health of every part: services, queues and engines",
        responses={200: dict, "4XX": dict},
    )
    def get(self, request: Request) -> Response:
        check_parameters(request)
        services = health.services()
        engines = health.added("engines")
        document = {
            "status": health.overall([*services, *engines]),
            "services": {part.name: _shape(part) for part in services},
            "engines": {part.name: _shape(part) for part in engines},
            "disks": {part.name: _shape(part) for part in health.added("disks")},
            "models": {},
        }
        return Response(document)


def _shape(part: Part) -> dict[str, Any]:
    error = part.text if part.state in ("bad", "warn") else None
    return {"status": part.status, "text": part.text, "error": error, **part.facts}


class NearbyOrAdmin(BasePermission):
    """A scraper on this machine, or an admin's key. A proxy that nobody vouches for is neither."""

    message = "Metrics are for this machine and for admin keys."

    def has_permission(self, request: Request, view: APIView) -> bool:
        caller = who(request)
        if caller.may(Scope.ADMIN):
            return True
        if caller.user_id is not None:
            return False
        inner = request._request  # noqa: SLF001 DRF wraps the request
        if "HTTP_X_FORWARDED_FOR" in inner.META and not settings.TRUST_FRONT:
            return False
        return _is_loopback(address_of(inner))


def _is_loopback(address: str | None) -> bool:
    try:
        return ipaddress.ip_address(address or "").is_loopback
    except ValueError:
        return False


class Metrics(YardView):
    permission_classes = [NearbyOrAdmin]

    @extend_schema(exclude=True)
    def get(self, request: Request) -> HttpResponse:
        refresh()
        return HttpResponse(metrics.exposition(), content_type=METRICS_TYPE)
