"""What is known of a version's safety, for programs: its files one by one, SARIF, CycloneDX."""

from __future__ import annotations

from typing import Any

import orjson
from django.conf import settings
from django.http import HttpResponse
from django.utils import timezone
from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers as s
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.api import documents as docs
from catalog.api.base import YardView, body_of, check_parameters, page_links, paging_of, who
from catalog.api.versions import version_answer
from catalog.mlbom import bom_of
from catalog.selectors.file_scans import page_of_scanned
from catalog.selectors.filters import NOT_SCANNED
from catalog.selectors.versions import open_model, version_named
from registry.enums import ScanVerdict
from registry.models import SERVED, Model, ModelVersion
from registry.services.holding import hold_whole, serve_rest
from scanning.sarif import sarif_of
from scanning.scanners import Severity

SARIF = "application/sarif+json"
CYCLONEDX = "application/vnd.cyclonedx+json"


class FoundDocument(s.Serializer):
    rule = s.CharField()
    title = s.CharField()
    severity = s.ChoiceField([(one.value, one.value) for one in Severity])
    description = s.CharField()
    source = s.CharField(help_text="The engine that says so.")  # type: ignore[assignment]
    file = s.CharField()
    location = s.CharField(allow_null=True, help_text="Where inside the file.")
    evidence = s.CharField(allow_null=True)
    reference = s.CharField(allow_null=True, help_text="A weakness (CWE) or an advisory.")
    waiver = docs.WaiverShown(allow_null=True, help_text="What keeps it from counting.")


class ScannedFileDocument(s.Serializer):
    path = s.CharField()
    size_bytes = s.IntegerField()
    sha256 = s.CharField()
    verdict = s.ChoiceField(ScanVerdict.choices, help_text="Less what is accepted.")
    held_back = s.CharField(allow_null=True, help_text="Why it is not served; null when it is.")
    coverage = s.DictField(child=s.CharField(), help_text="By engine: full, partial or none.")
    engines = s.DictField(child=s.CharField(), help_text="By engine: its version.")
    consensus = s.DictField(child=s.CharField(), help_text="By engine: its verdict.")
    findings = FoundDocument(many=True)


class VersionScanPage(docs.PageDocument):
    object = s.CharField()
    model = s.CharField()
    version = s.IntegerField()
    revision = s.CharField()
    verdict = s.CharField(help_text="Of what is served; `unscanned` before the first scan.")
    results = ScannedFileDocument(many=True)


class WholeInput(s.Serializer):
    reason = s.CharField(max_length=400)


def _found(request: Request, slug: str, version: str) -> tuple[Model, ModelVersion]:
    model = open_model(who(request), slug)
    found = version_named(model, version)
    found.model = model
    return model, found


class VersionScan(YardView):
    @extend_schema(
        operation_id="getVersionScan",
        summary="Say what each engine found in each file of a version",
        parameters=docs.PAGING,
        responses={200: VersionScanPage, "4XX": docs.ProblemDocument},
    )
    def get(self, request: Request, slug: str, version: str) -> Response:
        check_parameters(request, "cursor", "limit")
        model, found = _found(request, slug, version)
        page = page_of_scanned(found, **paging_of(request, default=100))
        named = {
            "object": "version_scan",
            "model": model.slug,
            "version": found.number,
            "revision": found.commit,
            "verdict": found.scan_verdict or NOT_SCANNED,
        }
        return Response({**named, "results": page.rows, **page_links(request, page)})


class VersionSarif(YardView):
    @extend_schema(
        operation_id="getVersionSarif",
        summary="Give the reports of all engines on a version as SARIF 2.1.0",
        responses={(200, SARIF): OpenApiTypes.OBJECT, "4XX": docs.ProblemDocument},
    )
    def get(self, request: Request, slug: str, version: str) -> HttpResponse:
        check_parameters(request)
        model, found = _found(request, slug, version)
        return _document(sarif_of(found), SARIF, _name(model, found, "sarif"))


class VersionBom(YardView):
    @extend_schema(
        operation_id="getVersionBom",
        summary="Give the bill of materials of a version as CycloneDX 1.6 (ML-BOM)",
        responses={(200, CYCLONEDX): OpenApiTypes.OBJECT, "4XX": docs.ProblemDocument},
    )
    def get(self, request: Request, slug: str, version: str) -> HttpResponse:
        check_parameters(request)
        model, found = _found(request, slug, version)
        bom = bom_of(
            found,
            list(found.files.filter(SERVED).order_by("path")),
            made_at=timezone.now(),
            yard=settings.APP_NAME,
            release=settings.VERSION,
        )
        return _document(bom, CYCLONEDX, _name(model, found, "cdx.json"))


class VersionWhole(YardView):
    @extend_schema(
        operation_id="holdWholeVersion",
        summary="Hold all of a version while a file of it is held back (curators)",
        request=WholeInput,
        responses={200: docs.VersionDetailDocument, "4XX": docs.ProblemDocument},
    )
    def put(self, request: Request, slug: str, version: str) -> Response:
        check_parameters(request)
        model, found = _found(request, slug, version)
        hold_whole(caller=who(request), version=found, **body_of(WholeInput, request))
        return version_answer(model, found)

    @extend_schema(
        operation_id="serveRestOfVersion",
        summary="Let policy serve a version without what is held back again (curators)",
        parameters=[OpenApiParameter("reason", required=True, description="Why; it is kept.")],
        responses={200: docs.VersionDetailDocument, "4XX": docs.ProblemDocument},
    )
    def delete(self, request: Request, slug: str, version: str) -> Response:
        check_parameters(request, "reason")
        model, found = _found(request, slug, version)
        reason = request.query_params.get("reason", "")
        serve_rest(caller=who(request), version=found, reason=reason)
        return version_answer(model, found)


def _name(model: Model, version: ModelVersion, end: str) -> str:
    return f"{model.slug}-{version.commit[:12]}.{end}"


def _document(content: dict[str, Any], kind: str, name: str) -> HttpResponse:
    """A file of its own kind: whoever opens it in a browser saves it under its name."""
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return HttpResponse(orjson.dumps(content), content_type=kind, headers=headers)
