"""Versions of a model, their files, and what changed between two."""

from __future__ import annotations

from drf_spectacular.utils import extend_schema
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.api import documents as docs
from catalog.api.base import YardView, check_parameters, page_links, paging_of, who
from catalog.api.differences import DiffDocument, changes_shape
from catalog.api.shapes import file_shape, version_shape
from catalog.selectors.changes import changes_for
from catalog.selectors.versions import (
    open_model,
    page_of_files,
    page_of_versions,
    version_named,
    version_rows,
)
from registry.models import Model, ModelVersion


class VersionList(YardView):
    @extend_schema(
        operation_id="listVersions",
        summary="List a model's versions, newest first",
        parameters=docs.PAGING,
        responses={200: docs.VersionPage, "4XX": docs.ProblemDocument},
    )
    def get(self, request: Request, slug: str) -> Response:
        check_parameters(request, "cursor", "limit")
        model = open_model(who(request), slug)
        page = page_of_versions(model, **paging_of(request, default=50))
        results = [version_shape(model, row) for row in page.rows]
        return Response({"results": results, **page_links(request, page)})


class VersionDetail(YardView):
    @extend_schema(
        operation_id="getVersion",
        summary="Look at a version, by number or commit, with its decision",
        responses={200: docs.VersionDetailDocument, "4XX": docs.ProblemDocument},
    )
    def get(self, request: Request, slug: str, version: str) -> Response:
        check_parameters(request)
        model = open_model(who(request), slug)
        found = version_named(model, version)
        return version_answer(model, found)


def version_answer(model: Model, version: ModelVersion) -> Response:
    row = version_rows(ModelVersion.objects.filter(pk=version.pk)).get()
    more = {"decision": row["decision"], "config": row["config"]}
    return Response({**version_shape(model, row), **more})


class FileList(YardView):
    @extend_schema(
        operation_id="listFiles",
        summary="List a version's files by path",
        parameters=docs.PAGING,
        responses={200: docs.FilePage, "4XX": docs.ProblemDocument},
    )
    def get(self, request: Request, slug: str, version: str) -> Response:
        check_parameters(request, "cursor", "limit")
        model = open_model(who(request), slug)
        found = version_named(model, version)
        page = page_of_files(found, **paging_of(request, default=100))
        results = [file_shape(model, found.commit, found.admission, row) for row in page.rows]
        return Response({"results": results, **page_links(request, page)})


class VersionDiff(YardView):
    @extend_schema(
        operation_id="diffVersions",
        summary="Say what changed between two versions: files, configuration, license, texts",
        responses={200: DiffDocument, "4XX": docs.ProblemDocument},
    )
    def get(self, request: Request, slug: str, before: str, after: str) -> Response:
        check_parameters(request)
        model = open_model(who(request), slug)
        old, new = version_named(model, before), version_named(model, after)
        named = {"model": model.slug, "before": old.commit, "after": new.commit}
        return Response({**named, **changes_shape(changes_for(who(request), model, old, new))})
