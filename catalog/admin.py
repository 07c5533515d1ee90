"""The catalog in the admin: how models are looked after, and what happened to them."""

from __future__ import annotations

from typing import Any, ClassVar

from django.contrib import admin, messages
from django.db.models import QuerySet
from django.forms import CharField, ModelForm, PasswordInput
from django.http import HttpRequest, HttpResponse

from catalog.models import HubEndpoint, ModelEvent, Watch
from catalog.services.endpoints import check_endpoint, keep_endpoint, may_keep, tried
from catalog.services.watches import mark_seen, set_rule
from core.errors import InvalidInputError
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


class HubEndpointForm(ModelForm):
    """A further Hub as people write it. Its token goes in and never comes out."""

    token = CharField(
        required=False,
        strip=True,
        max_length=400,
        widget=PasswordInput(render_value=False, attrs={"autocomplete": "off"}),
        help_text="Kept sealed and shown to nobody. Empty: the one that is kept stays, as long as"
        " the address does.",
    )

    class Meta:
        model = HubEndpoint
        fields: ClassVar = ["slug", "endpoint", "order", "is_active"]

    def clean_endpoint(self) -> str:
        return str(self.cleaned_data["endpoint"]).strip().rstrip("/")

    def clean(self) -> dict[str, Any]:
        given = super().clean() or {}
        slug, endpoint = given.get("slug", self.instance.slug), given.get("endpoint")
        if slug and endpoint:
            try:
                check_endpoint(HubEndpoint(pk=self.instance.pk, slug=slug, endpoint=endpoint))
            except InvalidInputError as error:
                field = str(error.details.get("field"))
                self.add_error(field if field in self.fields else None, error.message)
        return given


@admin.register(HubEndpoint)
class HubEndpointAdmin(LookOnlyAdmin):
    """Further Hubs: added, changed and tried by who curates; turned off, never deleted."""

    form = HubEndpointForm
    change_form_template = "admin/hub_endpoint.html"
    list_display = ("slug", "endpoint", "kind", "has_token", "order", "is_active", "added_by")
    list_filter = ("kind", "is_active")
    search_fields = ("slug", "endpoint")
    actions = ("try_them",)

    @admin.display(boolean=True, description="Token")
    def has_token(self, row: HubEndpoint) -> bool:
        return bool(row.sealed_token)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return may_keep(caller_of(request))

    def has_view_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return may_keep(caller_of(request))

    has_add_permission = has_change_permission = has_try_permission = has_view_permission

    def get_readonly_fields(
        self, request: HttpRequest, obj: HubEndpoint | None = None
    ) -> list[str]:
        told = ["kind", "has_token", "by_admin", "added_by", "added_at"]
        return ["slug", *told] if obj else []

    def save_model(
        self, request: HttpRequest, obj: HubEndpoint, form: ModelForm, change: bool
    ) -> None:
        keep_endpoint(caller=caller_of(request), row=obj, token=form.cleaned_data["token"])

    def response_add(
        self, request: HttpRequest, obj: HubEndpoint, post_url_continue: str | None = None
    ) -> HttpResponse:
        self._try_if_asked(request, obj)
        return super().response_add(request, obj, post_url_continue)

    def response_change(self, request: HttpRequest, obj: HubEndpoint) -> HttpResponse:
        self._try_if_asked(request, obj)
        return super().response_change(request, obj)

    def _try_if_asked(self, request: HttpRequest, row: HubEndpoint) -> None:
        if "_try" in request.POST:
            self._try(request, row)

    def _try(self, request: HttpRequest, row: HubEndpoint) -> None:
        works, told = tried(caller=caller_of(request), row=row)
        self.message_user(request, told, messages.SUCCESS if works else messages.ERROR)

    @admin.action(description="Try the chosen Hubs", permissions=["try"])
    def try_them(self, request: HttpRequest, chosen: QuerySet[HubEndpoint]) -> None:
        for row in chosen:
            self._try(request, row)
