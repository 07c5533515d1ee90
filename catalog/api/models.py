"""The catalog's models: list, register, look, change, withdraw, ask for."""

from __future__ import annotations

from functools import partial
from typing import Any

from django.http import QueryDict
from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework.permissions import BasePermission
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.api import documents as docs
from catalog.api.base import YardView, body_of, check_parameters, links_in, paging_in, who
from catalog.api.parameters import filter_parameters
from catalog.api.planning import selection_in
from catalog.api.shapes import model_shape
from catalog.api.started import accepted
from catalog.selectors.devices import with_device
from catalog.selectors.filters import ModelFilter
from catalog.selectors.listing import API_COLUMNS
from catalog.selectors.models import DEFAULT_PAGE, page_of_models
from catalog.selectors.versions import open_model, row_for
from catalog.services.intake import request_intake
from core.answers import facts
from core.errors import InvalidInputError
from core.renderers import rendered
from registry.callers import Caller
from registry.permissions import MayCurate, MayRead, MayRequest
from registry.selectors.access import model_for, standing_of
from registry.services.curation import request_access, withdraw, withdraw_listing
from registry.services.models import change_model
from registry.standing import refusal


def _page(caller: Caller, path: str, query: QueryDict) -> dict[str, Any]:
    chosen = with_device(ModelFilter.parse(query))
    paging = paging_in(query, default=DEFAULT_PAGE)
    page = page_of_models(caller, chosen, columns=API_COLUMNS, **paging)
    documents = [model_shape(row) for row in page.rows]
    return {"results": documents, **links_in(path, query, page)}


class ModelList(YardView):
    def get_permissions(self) -> list[BasePermission]:
        return [MayCurate()] if self.request.method == "POST" else [MayRead()]

    @extend_schema(
        operation_id="listModels",
        summary="List the models you see, newest change first",
        parameters=[*filter_parameters(), *docs.PAGING],
        responses={200: docs.ModelPage, "4XX": docs.ProblemDocument},
    )
    def get(self, request: Request) -> Response:
        make = partial(_page, who(request), request.path)
        facts.are_all(make=lambda query: rendered(make(query)))
        with facts.of_query():
            return Response(make(request.query_params))

    @extend_schema(
        operation_id="registerModel",
        summary="Register a model of a source; its intake starts",
        request=docs.RegisterInput,
        responses={
            200: docs.StartedDocument,
            202: docs.StartedDocument,
            "4XX": docs.ProblemDocument,
        },
    )
    def post(self, request: Request) -> Response:
        check_parameters(request)
        given = body_of(docs.RegisterInput, request)
        selection = selection_in(given)
        return accepted(request_intake(caller=who(request), selection=selection, **given))


class ModelDetail(YardView):
    def get_permissions(self) -> list[BasePermission]:
        return [MayRead()] if self.request.method in ("GET", "OPTIONS") else [MayCurate()]

    @extend_schema(
        operation_id="getModel",
        summary="Look at a model",
        responses={200: docs.ModelDocument, "4XX": docs.ProblemDocument},
    )
    def get(self, request: Request, slug: str) -> Response:
        check_parameters(request)
        return Response(model_shape(row_for(who(request), slug)))

    @extend_schema(
        operation_id="changeModel",
        summary="Change tier, parameters or description (curators)",
        request=docs.ModelChange,
        responses={200: docs.ModelDocument, "4XX": docs.ProblemDocument},
    )
    def patch(self, request: Request, slug: str) -> Response:
        check_parameters(request)
        changes = body_of(docs.ModelChange, request)
        if not set(changes) - {"reason"}:
            raise InvalidInputError("Give at least one of tier, parameters, description.")
        model = open_model(who(request), slug)
        change_model(caller=who(request), model=model, **changes)
        return Response(model_shape(row_for(who(request), slug)))

    @extend_schema(
        operation_id="withdrawModel",
        summary="Withdraw a model's head version (curators)",
        description="The record stays, the bytes are refused from now on. An older admitted "
        "version becomes the head. The reason comes as a JSON body or as a parameter.",
        parameters=[OpenApiParameter("reason", description="Why; kept in the audit trail.")],
        responses={200: docs.ModelDocument, "4XX": docs.ProblemDocument},
    )
    def delete(self, request: Request, slug: str) -> Response:
        check_parameters(request, "reason")
        reason = request.query_params.get("reason", "").strip()
        if not reason:
            reason = body_of(docs.WithdrawInput, request)["reason"]
        model = open_model(who(request), slug)
        if model.head is None:
            withdraw_listing(caller=who(request), model=model, reason=reason)
        else:
            withdraw(caller=who(request), version=model.head, reason=reason)
        return Response(model_shape(row_for(who(request), slug)))


class ModelRequest(YardView):
    permission_classes = [MayRead, MayRequest]  # who may not read may not name what is here

    @extend_schema(
        operation_id="requestModel",
        summary="Ask a curator for a model that policy does not give you",
        request=docs.AccessInput,
        responses={
            200: docs.RequestDocument,
            201: docs.RequestDocument,
            "4XX": docs.ProblemDocument,
        },
    )
    def post(self, request: Request, slug: str) -> Response:
        check_parameters(request)
        given = body_of(docs.AccessInput, request)
        caller = who(request)
        model = model_for(caller, slug)
        head = model.head
        blocked = head is None or refusal(standing_of(model, head), tiers=caller.tiers) is not None
        asked = request_access(caller=caller, model=model, needs_curator=blocked, **given)
        document = {
            "model": model.slug,
            "tier": asked.tier,
            "state": asked.state,
            "reason": asked.reason,
            "created_at": asked.created_at,
        }
        return Response(document, status=201)
