"""Bundles: write some versions as one signed file, fetch it, take one in."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import Any

from django.http import HttpResponseBase
from django.urls import reverse
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import extend_schema
from rest_framework import serializers as s
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.api import documents as docs
from catalog.api.base import YardView, body_of, check_parameters, who
from catalog.api.shapes import workflow_url
from catalog.models import BundleExport
from catalog.selectors.bundles import exports_for
from catalog.sending import send_export
from catalog.services.bundle_export import request_export
from catalog.services.bundle_import import request_import
from core.errors import NotFoundError
from core.models import RunState
from registry.callers import Caller
from registry.models import ModelVersion


class BundleInput(s.Serializer):
    models = s.ListField(
        child=s.CharField(max_length=300),
        min_length=1,
        max_length=1000,
        help_text="`slug` (its head), `slug@number` or `slug@commit`.",
    )
    quarantine = s.CharField(
        max_length=2000,
        default="",
        allow_blank=True,
        help_text="Admins alone: why versions leave that are not admitted.",
    )


class BundleImportInput(s.Serializer):
    file = s.CharField(max_length=255, help_text="Name of a file in MODELS_DIR/bundles.")
    quarantine = s.BooleanField(
        default=False, help_text="Admins alone: take in what the other yard did not admit."
    )


class BundledVersion(s.Serializer):
    model = s.CharField()
    version = s.IntegerField()
    revision = s.CharField(help_text="Commit.")


class BundleDocument(s.Serializer):
    object = s.CharField()
    id = s.UUIDField()
    state = s.CharField()
    versions = BundledVersion(many=True)
    quarantine = s.CharField(allow_blank=True)
    size_bytes = s.IntegerField(allow_null=True)
    manifest_sha256 = s.CharField(allow_null=True)
    key_id = s.CharField(allow_null=True, help_text="Key that signed it.")
    workflow = s.CharField(help_text="Path of the run that writes it.")
    download_url = s.CharField(allow_null=True, help_text="Null until it is whole.")
    created_at = s.DateTimeField()


class BundleStarted(s.Serializer):
    workflow_id = s.UUIDField()


class BundleList(YardView):
    @extend_schema(
        operation_id="exportBundle",
        summary="Export versions with their papers as one signed file (operators and curators)",
        request=BundleInput,
        responses={202: BundleDocument, "4XX": docs.ProblemDocument},
    )
    def post(self, request: Request) -> Response:
        check_parameters(request)
        given = body_of(BundleInput, request)
        export = request_export(
            caller=who(request), names=given["models"], quarantine=given["quarantine"]
        )
        return Response(
            bundle_shape(export),
            status=202,
            headers={"Location": reverse("api:bundle", args=[export.pk])},
        )


class BundleDetail(YardView):
    @extend_schema(
        operation_id="getBundle",
        summary="Follow an export that you asked for; admins follow all",
        responses={200: BundleDocument, "4XX": docs.ProblemDocument},
    )
    def get(self, request: Request, pk: uuid.UUID) -> Response:
        check_parameters(request)
        return Response(bundle_shape(export_for(who(request), pk)))


class BundleFile(YardView):
    @extend_schema(
        operation_id="downloadBundle",
        summary="Fetch a finished bundle; ranges are honored",
        responses={(200, "application/x-tar"): OpenApiTypes.BINARY, "4XX": docs.ProblemDocument},
    )
    def get(self, request: Request, pk: uuid.UUID) -> HttpResponseBase:
        check_parameters(request)
        inner = request._request  # noqa: SLF001 DRF wraps the request that Range is read from
        return send_export(inner, who(request), export_for(who(request), pk))


class BundleImports(YardView):
    @extend_schema(
        operation_id="importBundle",
        summary="Take in a bundle that lies in MODELS_DIR/bundles (operators and curators)",
        request=BundleImportInput,
        responses={202: BundleStarted, "4XX": docs.ProblemDocument},
    )
    def post(self, request: Request) -> Response:
        check_parameters(request)
        given = body_of(BundleImportInput, request)
        row = request_import(
            caller=who(request), name=Path(given["file"]).name, quarantine=given["quarantine"]
        )
        headers = {"Location": workflow_url(row.run)}
        return Response({"workflow_id": str(row.run.pk)}, status=202, headers=headers)


def export_for(caller: Caller, pk: uuid.UUID) -> BundleExport:
    export = exports_for(caller).filter(pk=pk).first()
    if export is None:
        raise NotFoundError("There is no bundle with this id that you may follow.")
    return export


def bundle_shape(export: BundleExport) -> dict[str, Any]:
    """An export as a document; its versions are named to who asked for them."""
    versions: list[ModelVersion] = list(
        export.versions.select_related("model").order_by("model__slug", "number")
    )
    done = export.run.state == RunState.DONE
    return {
        "object": "bundle",
        "id": str(export.pk),
        "state": export.run.state,
        "versions": [
            {"model": one.model.slug, "version": one.number, "revision": one.commit}
            for one in versions
        ],
        "quarantine": export.quarantine,
        "size_bytes": export.size,
        "manifest_sha256": export.manifest_sha256 or None,
        "key_id": export.key_id or None,
        "workflow": workflow_url(export.run),
        "download_url": reverse("api:bundle-file", args=[export.pk]) if done else None,
        "created_at": export.run.created_at,
    }
