"""What else versions and models are called, and how much of them was served."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from registry.admin.base import LookOnlyAdmin
from registry.authentication import caller_of
from registry.models import ModelAlias, UsageDay, VersionName
from registry.selectors.access import visible_models


@admin.register(VersionName)
class VersionNameAdmin(LookOnlyAdmin):
    list_display = ("name", "version", "asked_at")
    list_select_related = ("version__model",)
    search_fields = ("name", "model__repo_id")

    def get_queryset(self, request: HttpRequest) -> QuerySet[VersionName]:
        return VersionName.objects.filter(model__in=visible_models(caller_of(request)))


@admin.register(ModelAlias)
class ModelAliasAdmin(LookOnlyAdmin):
    list_display = ("repo_id", "source", "model", "at")
    list_filter = ("source",)
    list_select_related = ("model",)
    search_fields = ("repo_id", "model__repo_id")

    def get_queryset(self, request: HttpRequest) -> QuerySet[ModelAlias]:
        return ModelAlias.objects.filter(model__in=visible_models(caller_of(request)))


@admin.register(UsageDay)
class UsageDayAdmin(LookOnlyAdmin):
    list_display = ("day", "version", "user", "team", "client_family", "files", "bytes")
    list_filter = ("team", "client_family")
    list_select_related = ("version__model", "user", "team")
    search_fields = ("model__repo_id", "user__username")
    date_hierarchy = "day"

    def get_queryset(self, request: HttpRequest) -> QuerySet[UsageDay]:
        return UsageDay.objects.filter(model__in=visible_models(caller_of(request)))
