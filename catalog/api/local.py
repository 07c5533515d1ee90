"""What lies on this machine, for operators and curators."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import extend_schema
from rest_framework import serializers as s
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.api import documents as docs
from catalog.api.base import YardView, check_parameters, page_links, paging_of, who
from catalog.models import Wish
from catalog.selectors import local
from catalog.selectors.versions import check_limit
from catalog.services.local import ask_to_look
from core.status_language import STATES

_MAX = 500


class LocalModelDocument(s.Serializer):
    """Import it by `POST /model-info/extract` with `provider_type` disk and this `model_uri`."""

    model_uri = s.CharField()
    name = s.CharField()
    kind = s.ChoiceField(["folder", "file", "place"])
    state = s.ChoiceField(sorted(STATES["local"]))
    size_bytes = s.IntegerField()
    file_count = s.IntegerField()
    revision = s.CharField(allow_null=True, help_text="Null until all its files were read.")
    problem = s.CharField(help_text="Why it cannot be imported; empty when it can.")
    model = s.CharField(allow_null=True, help_text="Id of the model in the yard.")
    workflow = s.CharField(allow_null=True, help_text="Path of the import that runs.")


class WishDocument(s.Serializer):
    """A line of models.txt or of the minimal set."""

    model_uri = s.CharField()
    origin = s.CharField()
    line = s.IntegerField()
    state = s.ChoiceField(sorted(STATES["wish"]))
    taken = s.CharField(help_text="Which name of the line was asked for last.")
    revision = s.CharField(allow_null=True)
    note = s.CharField()


class LocalModelPage(s.Serializer):
    results = LocalModelDocument(many=True)
    next = s.CharField(allow_null=True)
    previous = s.CharField(allow_null=True)
    looked_at = s.DateTimeField(allow_null=True)
    problems = s.ListField(child=s.CharField())
    lists = WishDocument(many=True)
    list_problems = s.ListField(child=s.CharField(), help_text="Faulty lines with their numbers.")


class LookDocument(s.Serializer):
    status = s.CharField()


class LocalModels(YardView):
    @extend_schema(
        operation_id="listLocalModels",
        summary="List the models that lie on this machine, and what lists ask for",
        parameters=docs.PAGING,
        responses={200: LocalModelPage, "4XX": docs.ProblemDocument},
    )
    def get(self, request: Request) -> Response:
        check_parameters(request, "cursor", "limit")
        paging: dict[str, Any] = paging_of(request, default=50)
        check_limit(paging["limit"], _MAX)
        page = local.found_models(who(request), **paging)
        look = local.last_look()
        document = {
            "results": [_shape(row) for row in page.rows],
            **page_links(request, page),
            "looked_at": look.looked_at if look else None,
            "problems": look.problems if look else [],
            "lists": [_wish(row) for row in local.wishes()],
            "list_problems": look.list_problems if look else [],
        }
        return Response(document)


class LocalLook(YardView):
    @extend_schema(
        operation_id="lookAtThisMachine",
        summary="Look for models on this machine and in lists, soon",
        request=None,
        responses={202: LookDocument, "4XX": docs.ProblemDocument},
    )
    def post(self, request: Request) -> Response:
        check_parameters(request)
        ask_to_look(who(request))
        return Response({"status": "accepted"}, status=202)


def _shape(row: local.Found) -> dict[str, Any]:
    return {
        "model_uri": row.uri,
        "name": row.name,
        "kind": row.kind,
        "state": row.state,
        "size_bytes": row.size_bytes,
        "file_count": row.file_count,
        "revision": row.commit or None,
        "problem": row.problem,
        "model": row.slug or None,
        "workflow": f"/api/v1/workflows/{row.run}" if row.run else None,
    }


def _wish(row: Wish) -> dict[str, Any]:
    return {
        "model_uri": row.uri,
        "origin": row.origin,
        "line": row.line,
        "state": row.state,
        "taken": row.taken,
        "revision": row.commit or None,
        "note": row.note,
    }
