from __future__ import annotations

from collections.abc import Sequence
from typing import ClassVar

from django.contrib import admin
from django.db.models import QuerySet
from django.forms import BaseFormSet, ModelForm
from django.http import HttpRequest

from registry.admin.base import LookOnlyAdmin, TierGatedAdmin
from registry.authentication import caller_of
from registry.models import BaseLink, Capability, Model, Tag
from registry.selectors.access import visible_models
from registry.services.judging import judge_anew, judge_later
from registry.services.models import change_model

_BY_SERVICE = ("tier", "description", "parameters")
_EDITABLE = (*_BY_SERVICE, "tags", "capabilities")


@admin.register(Model)
class ModelAdmin(TierGatedAdmin):
    list_display = ("repo_id", "model_type", "tier", "admission", "scan_verdict", "license_spdx")
    list_filter = ("tier", "admission", "scan_verdict", "license_class", "model_type", "source")
    search_fields = ("repo_id", "slug")
    filter_horizontal = ("tags", "capabilities")
    fields: ClassVar = ("slug", "source", "repo_id", *_EDITABLE, "admission", "scan_verdict")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Model]:
        return visible_models(caller_of(request))

    def get_readonly_fields(self, request: HttpRequest, obj: Model | None = None) -> list[str]:
        return [field for field in self.fields if field not in _EDITABLE]

    def save_model(self, request: HttpRequest, obj: Model, form: ModelForm, change: bool) -> None:
        """Leave the row to the service, which locks, checks and records; tags go by the form."""
        given = {name: form.cleaned_data[name] for name in _BY_SERVICE if name in form.changed_data}
        if given:
            change_model(
                caller=caller_of(request),
                model=Model.objects.get(pk=obj.pk),
                reason="Changed in the admin.",
                **given,
            )

    def save_related(
        self, request: HttpRequest, form: ModelForm, formsets: Sequence[BaseFormSet], change: bool
    ) -> None:
        super().save_related(request, form, formsets, change)
        if {"capabilities", "tags"}.intersection(form.changed_data):
            judge_anew(form.instance)


@admin.register(BaseLink)
class BaseLinkAdmin(LookOnlyAdmin):
    """What models were made from follows from their heads."""

    list_display = ("model", "relation", "repo_id")
    list_filter = ("relation",)
    list_select_related = ("model",)
    search_fields = ("repo_id", "model__repo_id")

    def get_queryset(self, request: HttpRequest) -> QuerySet[BaseLink]:
        return BaseLink.objects.filter(model__in=visible_models(caller_of(request)))


@admin.register(Tag)
class TagAdmin(admin.ModelAdmin):
    search_fields = ("name",)

    def save_model(self, request: HttpRequest, obj: Tag, form: ModelForm, change: bool) -> None:
        super().save_model(request, obj, form, change)
        judge_later(Model.objects.filter(tags=obj))

    def delete_model(self, request: HttpRequest, obj: Tag) -> None:
        self.delete_queryset(request, Tag.objects.filter(pk=obj.pk))

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[Tag]) -> None:
        judge_later(Model.objects.filter(pk__in=queryset.values("models")))
        super().delete_queryset(request, queryset)


@admin.register(Capability)
class CapabilityAdmin(admin.ModelAdmin):
    list_display = ("name", "type", "description")
    list_filter = ("type",)
    search_fields = ("name", "description")
