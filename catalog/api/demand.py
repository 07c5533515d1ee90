"""What Hub clients ask for and the yard has not."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers as s
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.api import documents as docs
from catalog.api.base import YardView, check_parameters, page_links, paging_of, who
from catalog.selectors.demand import page_of_demand
from registry.enums import DemandState
from registry.models import Demand


class DemandDocument(s.Serializer):
    repo_id = s.CharField()
    revision = s.CharField(allow_blank=True, help_text="Empty for the newest.")
    state = s.ChoiceField(DemandState.choices)
    note = s.CharField(allow_blank=True, help_text="How its last import ended.")
    count = s.IntegerField(help_text="How often, each person once a minute.")
    people = s.IntegerField()
    first_at = s.DateTimeField()
    last_at = s.DateTimeField()
    workflow_id = s.UUIDField(allow_null=True)


class DemandPage(docs.PageDocument):
    results = DemandDocument(many=True)


class DemandList(YardView):
    @extend_schema(
        operation_id="listDemand",
        summary="List what Hub clients ask for and the yard has not, the last asked for first",
        parameters=docs.PAGING,
        responses={200: DemandPage, "4XX": docs.ProblemDocument},
    )
    def get(self, request: Request) -> Response:
        check_parameters(request, "cursor", "limit")
        page = page_of_demand(who(request), **paging_of(request, default=50))
        results = [_shape(demand) for demand in page.rows]
        return Response({"results": results, **page_links(request, page)})


def _shape(demand: Any) -> dict[str, Any]:  # noqa: ANN401 a Demand with `people`
    named: Demand = demand
    return {
        "repo_id": named.repo_id,
        "revision": named.revision,
        "state": named.state,
        "note": named.note,
        "count": named.count,
        "people": demand.people,
        "first_at": named.first_at,
        "last_at": named.last_at,
        "workflow_id": named.run_id,
    }
