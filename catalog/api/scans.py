"""Findings and engines over REST: what the Scans page shows."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers as s
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.api import documents as docs
from catalog.api.base import YardView, check_parameters, page_links, paging_of, who
from catalog.pages.answers import covered_by, loudest, rule_of, state_of
from catalog.pages.engines import Engine, engine_strip
from catalog.selectors.inbox import CHOICES, Concern, FindingFilter, Place, page_of_findings
from registry.enums import ScanVerdict

_MOST_FILES = 20
_FILTERS = ("severity", "verdict", "engine", "state", "model")


class FindingFileDocument(s.Serializer):
    model = s.CharField()
    version = s.IntegerField()
    path = s.CharField()
    size_bytes = s.IntegerField()
    held_back = s.BooleanField(help_text="It is not served although the rest may be.")


class AnswerDocument(s.Serializer):
    engine = s.CharField()
    version = s.CharField(help_text="Of its rules and signatures.")
    answer = s.ChoiceField(["flagged", "clean", "not covered", "broken"])
    covered_bytes = s.IntegerField(allow_null=True, help_text="null where it cannot say.")
    detail = s.CharField(allow_blank=True)
    scanned_at = s.DateTimeField()


class FindingDocument(s.Serializer):
    id = s.IntegerField()
    sha256 = s.CharField()
    rule = s.CharField(help_text="not_covered and not_understood: what nobody could look at.")
    title = s.CharField()
    severity = s.ChoiceField(CHOICES["severity"])
    description = s.CharField(allow_blank=True)
    reference = s.CharField(allow_null=True)
    verdict = s.ChoiceField(ScanVerdict.choices, help_text="Of the content, by all engines.")
    engines = s.ListField(child=s.CharField(), help_text="Who found it.")
    found_at = s.DateTimeField()
    waived_until = s.DateTimeField(allow_null=True)
    versions = s.IntegerField(help_text="That have the content; of more than 100 files, 100.")
    files = FindingFileDocument(many=True)
    answers = AnswerDocument(many=True)


class FindingPage(docs.PageDocument):
    results = FindingDocument(many=True)


class EngineDocument(s.Serializer):
    engine = s.CharField()
    title = s.CharField()
    state = s.ChoiceField(["working", "broken", "absent", "unknown"])
    version = s.CharField(allow_null=True)
    signatures = s.CharField(allow_null=True)
    signatures_at = s.DateTimeField(allow_null=True)
    signatures_days = s.IntegerField(allow_null=True)
    detail = s.CharField(allow_blank=True)
    host = s.CharField(allow_null=True)
    checked_at = s.DateTimeField(allow_null=True)


class EngineList(s.Serializer):
    results = EngineDocument(many=True)


class FindingList(YardView):
    @extend_schema(
        operation_id="listFindings",
        summary="List what engines found in contents of models you may see, worst first",
        parameters=[
            *docs.PAGING,
            *(
                OpenApiParameter(name, enum=CHOICES[name], many=name != "state")
                for name in ("severity", "verdict", "state")
            ),
            OpenApiParameter("engine", many=True, description="Slugs of engines that found it."),
            OpenApiParameter("model", description="Slug or name of a model."),
        ],
        responses={200: FindingPage, "4XX": docs.ProblemDocument},
    )
    def get(self, request: Request) -> Response:
        check_parameters(request, "cursor", "limit", *_FILTERS)
        chosen = FindingFilter.from_query(request.query_params)
        page = page_of_findings(who(request), chosen, **paging_of(request, default=50))
        results = [_finding(concern) for concern in page.rows]
        return Response({"results": results, **page_links(request, page)})


class Engines(YardView):
    @extend_schema(
        operation_id="listEngines",
        summary="Say how every engine is: version, signatures, and whether it flags its canary",
        responses={200: EngineList, "4XX": docs.ProblemDocument},
    )
    def get(self, request: Request) -> Response:
        check_parameters(request)
        return Response({"results": [_engine(one) for one in engine_strip()]})


def _finding(concern: Concern) -> dict[str, Any]:
    finding = concern.finding
    rule = rule_of(finding.rule, finding.engines)
    return {
        "id": finding.pk,
        "sha256": finding.sha256,
        "rule": finding.rule,
        "title": rule.title,
        "severity": concern.severity,
        "description": finding.message,
        "reference": rule.reference or None,
        "verdict": finding.verdict,
        "engines": sorted(finding.engines),
        "found_at": finding.found_at,
        "waived_until": concern.waiver.expires_at if concern.waiver else None,
        "versions": concern.versions,
        "files": [_file(place) for place in concern.places[:_MOST_FILES]],
        "answers": _answers(concern),
    }


def _file(place: Place) -> dict[str, Any]:
    return {
        "model": place.slug,
        "version": place.number,
        "path": place.path,
        "size_bytes": place.size,
        "held_back": place.is_held_back,
    }


def _answers(concern: Concern) -> list[dict[str, Any]]:
    return [
        {
            "engine": slug,
            "version": scans[0].engine,
            "answer": loudest(map(state_of, scans)),
            "covered_bytes": covered_by(scans),
            "detail": "; ".join(dict.fromkeys(scan.detail for scan in scans if scan.detail)),
            "scanned_at": max(scan.scanned_at for scan in scans),
        }
        for slug, scans in sorted(concern.answers.items())
    ]


def _engine(engine: Engine) -> dict[str, Any]:
    row = engine.row
    return {
        "engine": engine.slug,
        "title": engine.title,
        "state": engine.state,
        "version": (row and row.engine) or None,
        "signatures": (row and row.signatures) or None,
        "signatures_at": row.signatures_at if row else None,
        "signatures_days": engine.signatures_days,
        "detail": row.words if row else "has not answered its canary lately",
        "host": row.host if row else None,
        "checked_at": row.checked_at if row else None,
    }
