"""The catalog in the admin: how models are looked after, and what happened to them."""

from __future__ import annotations

from typing import ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest

from catalog.models import HubEndpoint, ModelEvent, Watch
from catalog.services.watches import mark_seen, set_rule
from registry.admin.base import LookOnlyAdmin
from registry.authentication import caller_of
from registry.models import Model
from registry.selectors.access import visible_models


class StewardAdmin(LookOnlyAdmin):
    """Rows for who looks after updates: curators and operators with a staff account."""

    def has_module_permission(self, request: HttpRequest) -> bool:
        return caller_of(request).is_steward

    def has_view_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return caller_of(request).is_steward


@admin.register(Watch)
class WatchAdmin(StewardAdmin):
    """Rows to read, but for the rule."""

    list_display = ("model", "rule", "reach", "last_result", "last_checked_at", "next_check_at")
    list_filter = ("rule", "reach", "last_result")
    list_select_related = ("model",)
    search_fields = ("model__repo_id",)
    fields: ClassVar = (
        "model", "rule", "next_check_at", "last_tried_at", "last_checked_at", "last_result",
        "last_error", "failures", "last_commit", "repo_id", "reach", "gated", "license",
    )  # fmt: skip

    def get_queryset(self, request: HttpRequest) -> QuerySet[Watch]:
        return Watch.objects.filter(model__in=visible_models(caller_of(request)))

    def get_readonly_fields(self, request: HttpRequest, obj: Watch | None = None) -> list[str]:
        return [field for field in self.fields if field != "rule"]

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return caller_of(request).is_steward

    def save_model(self, request: HttpRequest, obj: Watch, form: ModelForm, change: bool) -> None:
        """Leave the row to the service, which locks, checks and records."""
        if "rule" in form.changed_data:
            model = Model.objects.get(pk=obj.model_id)
            rule = form.cleaned_data["rule"]
            set_rule(
                caller=caller_of(request), model=model, rule=rule, reason="Changed in the admin."
            )


@admin.register(ModelEvent)
class ModelEventAdmin(StewardAdmin):
    list_display = ("model", "kind", "text", "at", "seen_at", "seen_by")
    list_filter = ("kind",)
    list_select_related = ("model",)
    search_fields = ("model__repo_id",)
    actions = ("note",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[ModelEvent]:
        return ModelEvent.objects.filter(model__in=visible_models(caller_of(request)))

    def has_note_permission(self, request: HttpRequest) -> bool:
        return caller_of(request).is_steward

    @admin.action(description="Take note of the chosen events", permissions=["note"])
    def note(self, request: HttpRequest, chosen: QuerySet[ModelEvent]) -> None:
        for event in chosen:
            mark_seen(caller=caller_of(request), event=event)


@admin.register(HubEndpoint)
class HubEndpointAdmin(LookOnlyAdmin):
    """Further Hubs, to look at; their tokens are shown to nobody."""

    list_display = ("title", "slug", "endpoint", "kind", "order", "is_active", "added_by")
    list_filter = ("kind", "is_active")
    search_fields = ("title", "endpoint")
