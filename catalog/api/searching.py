"""Find models at a source by words, for callers who may import them."""

from __future__ import annotations

from drf_spectacular.types import OpenApiTypes
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers as s
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.api import documents as docs
from catalog.api.base import YardView, check_parameters, paging_of, who
from catalog.services.searching import search
from catalog.sources.searching import LONGEST, MOST
from registry.permissions import MayRequest

TOKEN = "X-Source-Token"  # noqa: S105 the name of a header
_DEFAULT = 20


class MatchDocument(s.Serializer):
    """A model at its source; import it by `POST /model-info/extract` with this `model_uri`."""

    model_uri = s.CharField()
    repo_id = s.CharField()
    title = s.CharField()
    author = s.CharField()
    type = s.CharField(help_text="What the source calls its kind or task; empty when it does not.")
    base_model = s.CharField()
    downloads = s.IntegerField(allow_null=True)
    gated = s.CharField(help_text="How the source gates it; empty when it does not.")
    nsfw = s.BooleanField(allow_null=True)


class SearchDocument(s.Serializer):
    object = s.CharField()
    source = s.CharField()  # type: ignore[assignment] # a name of DRF's own
    query = s.CharField()
    results = MatchDocument(many=True)
    next = s.CharField(allow_null=True, help_text="The `cursor` of the next page.")


class SourceSearch(YardView):
    permission_classes = [MayRequest]

    @extend_schema(
        operation_id="searchSource",
        summary="Find models at a source by words",
        description="The source is asked, no row is written. A token of one's own goes to that "
        "source alone, for this question, and is never kept or logged; without one private models "
        "are not told.",
        parameters=[
            OpenApiParameter("q", OpenApiTypes.STR, required=True, description=f"≤ {LONGEST}."),
            OpenApiParameter("limit", OpenApiTypes.INT, description=f"1 to {MOST}, {_DEFAULT}."),
            OpenApiParameter("cursor", OpenApiTypes.STR),
            OpenApiParameter(TOKEN, OpenApiTypes.STR, OpenApiParameter.HEADER),
        ],
        responses={200: SearchDocument, "4XX": docs.ProblemDocument, "5XX": docs.ProblemDocument},
    )
    def get(self, request: Request, source: str) -> Response:
        check_parameters(request, "q", "limit", "cursor")
        query = request.query_params.get("q", "")
        found = search(
            caller=who(request),
            slug=source,
            query=query,
            token=request.headers.get(TOKEN, ""),
            **paging_of(request, default=_DEFAULT),
        )
        results = [
            {
                "model_uri": one.uri,
                "repo_id": one.ref.repo_id,
                "title": one.title,
                "author": one.author,
                "type": one.type,
                "base_model": one.base_model,
                "downloads": one.downloads,
                "gated": one.gated,
                "nsfw": one.nsfw,
            }
            for one in found.models
        ]
        told = {"object": "source_search", "source": source, "query": query.strip()}
        return Response({**told, "results": results, "next": found.next or None})
