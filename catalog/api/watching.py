"""Updates of a model: its rule, what happened at its source, and which version `main` is."""

from __future__ import annotations

from typing import Any

from drf_spectacular.utils import OpenApiParameter, extend_schema
from rest_framework import serializers as s
from rest_framework.request import Request
from rest_framework.response import Response

from catalog.api import documents as docs
from catalog.api.base import YardView, body_of, check_parameters, page_links, paging_of, who
from catalog.api.versions import version_answer
from catalog.enums import EventKind, Reach, UpdateRule
from catalog.models import ModelEvent, Watch
from catalog.selectors.versions import open_model, version_named
from catalog.selectors.watching import event_for, page_of_events, watch_of
from catalog.services.watches import check_soon, mark_seen, set_rule
from registry.models import Model
from registry.services.mains import admit_waiting, release, roll_back


class WatchDocument(s.Serializer):
    model = s.CharField()
    watched = s.BooleanField(help_text="False where nobody looks: no version, or no such source.")
    rule = s.ChoiceField(UpdateRule.choices, allow_null=True)
    next_check_at = s.DateTimeField(allow_null=True)
    last_checked_at = s.DateTimeField(allow_null=True, help_text="When the source last answered.")
    last_tried_at = s.DateTimeField(allow_null=True)
    last_result = s.CharField(
        allow_blank=True, help_text="unchanged, changed, importing, not_imported, or an error code."
    )
    last_error = s.CharField(allow_blank=True)
    upstream_commit = s.CharField(allow_blank=True, help_text="`main` of the source, seen last.")
    upstream_repo_id = s.CharField(allow_blank=True)
    reach = s.ChoiceField(Reach.choices, allow_null=True)
    gated = s.CharField(allow_null=True, allow_blank=True)
    license = s.CharField(allow_null=True, allow_blank=True, help_text="What its card says.")


class WatchInput(s.Serializer):
    rule = s.ChoiceField(UpdateRule.choices)
    reason = s.CharField(max_length=2000, default="", allow_blank=True)


class EventDocument(s.Serializer):
    id = s.IntegerField()
    kind = s.ChoiceField(EventKind.choices)
    text = s.CharField()
    revision = s.CharField(allow_null=True, help_text="Commit that it is about.")
    details = s.JSONField()
    at = s.DateTimeField()
    seen_at = s.DateTimeField(allow_null=True)
    seen_by = s.CharField(allow_null=True)


class EventPage(docs.PageDocument):
    results = EventDocument(many=True)


class MainDocument(s.Serializer):
    model = s.CharField()
    version = s.IntegerField(allow_null=True)
    revision = s.CharField(allow_null=True)
    status = s.CharField()
    kept = s.BooleanField(help_text="A curator keeps it here until it is released.")
    reason = s.CharField(allow_blank=True)
    kept_by = s.CharField(allow_blank=True)
    kept_at = s.DateTimeField(allow_null=True)


class RollBackInput(s.Serializer):
    version = s.CharField(max_length=64, help_text="Number or commit of an admitted version.")
    reason = s.CharField(max_length=2000)


class ReasonInput(s.Serializer):
    reason = s.CharField(max_length=2000)


class WatchDetail(YardView):
    @extend_schema(
        operation_id="getWatch",
        summary="Say how a model is looked after at its source",
        responses={200: WatchDocument, "4XX": docs.ProblemDocument},
    )
    def get(self, request: Request, slug: str) -> Response:
        check_parameters(request)
        model = open_model(who(request), slug)
        return Response(watch_shape(model, watch_of(model)))

    @extend_schema(
        operation_id="setUpdateRule",
        summary="Choose what happens with newer commits (curators and operators)",
        request=WatchInput,
        responses={200: WatchDocument, "4XX": docs.ProblemDocument},
    )
    def patch(self, request: Request, slug: str) -> Response:
        check_parameters(request)
        model = open_model(who(request), slug)
        watch = set_rule(caller=who(request), model=model, **body_of(WatchInput, request))
        return Response(watch_shape(model, watch))


class WatchCheck(YardView):
    @extend_schema(
        operation_id="checkForUpdates",
        summary="Look at the source soon (curators and operators)",
        request=None,
        responses={202: WatchDocument, "4XX": docs.ProblemDocument},
    )
    def post(self, request: Request, slug: str) -> Response:
        check_parameters(request)
        model = open_model(who(request), slug)
        watch = check_soon(caller=who(request), model=model)
        return Response(watch_shape(model, watch), status=202)


class EventList(YardView):
    @extend_schema(
        operation_id="listEvents",
        summary="List what happened to a model at its source, newest first",
        parameters=docs.PAGING,
        responses={200: EventPage, "4XX": docs.ProblemDocument},
    )
    def get(self, request: Request, slug: str) -> Response:
        check_parameters(request, "cursor", "limit")
        model = open_model(who(request), slug)
        page = page_of_events(model, **paging_of(request, default=50))
        results = [event_shape(event) for event in page.rows]
        return Response({"results": results, **page_links(request, page)})


class EventSeen(YardView):
    @extend_schema(
        operation_id="markEventSeen",
        summary="Take an event off the list of what needs somebody (curators and operators)",
        request=None,
        responses={200: EventDocument, "4XX": docs.ProblemDocument},
    )
    def post(self, request: Request, slug: str, pk: int) -> Response:
        check_parameters(request)
        model = open_model(who(request), slug)
        event = mark_seen(caller=who(request), event=event_for(model, pk))
        return Response(event_shape(event))


class MainVersion(YardView):
    @extend_schema(
        operation_id="getMain",
        summary="Say which version `main` is, and whether a curator keeps it there",
        responses={200: MainDocument, "4XX": docs.ProblemDocument},
    )
    def get(self, request: Request, slug: str) -> Response:
        check_parameters(request)
        return Response(main_shape(open_model(who(request), slug)))

    @extend_schema(
        operation_id="rollBack",
        summary="Roll `main` back to an admitted version and keep it there (curators)",
        description="A newer version that is admitted later does not take over until `main` is "
        "released.",
        request=RollBackInput,
        responses={200: MainDocument, "4XX": docs.ProblemDocument},
    )
    def put(self, request: Request, slug: str) -> Response:
        check_parameters(request)
        model = open_model(who(request), slug)
        given = body_of(RollBackInput, request)
        version = version_named(model, given["version"])
        rolled = roll_back(caller=who(request), version=version, reason=given["reason"])
        return Response(main_shape(rolled))

    @extend_schema(
        operation_id="releaseMain",
        summary="Let `main` be the newest admitted version again (curators)",
        parameters=[OpenApiParameter("reason", required=True, description="Why; it is kept.")],
        responses={200: MainDocument, "4XX": docs.ProblemDocument},
    )
    def delete(self, request: Request, slug: str) -> Response:
        check_parameters(request, "reason")
        model = open_model(who(request), slug)
        reason = request.query_params.get("reason", "")
        return Response(main_shape(release(caller=who(request), model=model, reason=reason)))


class VersionAdmit(YardView):
    @extend_schema(
        operation_id="admitVersion",
        summary="Admit a version that an update rule brought and that waits (curators)",
        description="Says yes for the curator alone: every gate that a policy requires still has "
        "to pass.",
        request=ReasonInput,
        responses={200: docs.VersionDetailDocument, "4XX": docs.ProblemDocument},
    )
    def post(self, request: Request, slug: str, version: str) -> Response:
        check_parameters(request)
        model = open_model(who(request), slug)
        waiting = version_named(model, version)
        admit_waiting(caller=who(request), version=waiting, **body_of(ReasonInput, request))
        return version_answer(model, waiting)


def watch_shape(model: Model, watch: Watch | None) -> dict[str, Any]:
    return {
        "model": model.slug,
        "watched": watch is not None and watch.rule != UpdateRule.OFF,
        "rule": watch.rule if watch else None,
        "next_check_at": watch.next_check_at if watch else None,
        "last_checked_at": watch.last_checked_at if watch else None,
        "last_tried_at": watch.last_tried_at if watch else None,
        "last_result": watch.last_result if watch else "",
        "last_error": watch.last_error if watch else "",
        "upstream_commit": watch.last_commit if watch else "",
        "upstream_repo_id": watch.repo_id if watch else "",
        "reach": watch.reach if watch else None,
        "gated": watch.gated if watch else None,
        "license": watch.license if watch else None,
    }


def event_shape(event: ModelEvent) -> dict[str, Any]:
    return {
        "id": event.pk,
        "kind": event.kind,
        "text": event.text,
        "revision": event.commit or None,
        "details": event.details,
        "at": event.at,
        "seen_at": event.seen_at,
        "seen_by": event.seen_by or None,
    }


def main_shape(model: Model) -> dict[str, Any]:
    return {
        "model": model.slug,
        "version": model.head_number,
        "revision": model.head_commit or None,
        "status": model.admission,
        "kept": model.kept_head_id is not None,
        "reason": model.kept_reason,
        "kept_by": model.kept_by,
        "kept_at": model.kept_at,
    }
