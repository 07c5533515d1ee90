from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from registry.admin.base import LookOnlyAdmin
from registry.authentication import caller_of
from registry.models import GateResult, Policy, Waiver
from registry.selectors.access import visible_models


@admin.register(GateResult)
class GateResultAdmin(LookOnlyAdmin):
    list_display = ("version", "gate", "outcome", "mode", "reason", "answered_at")
    list_filter = ("gate", "outcome", "mode")
    list_select_related = ("version__model",)
    search_fields = ("version__model__repo_id",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[GateResult]:
        models = visible_models(caller_of(request))
        return GateResult.objects.filter(version__model__in=models)


@admin.register(Waiver)
class WaiverAdmin(LookOnlyAdmin):
    list_display = ("version", "gate", "tier", "granted_by", "granted_at", "expires_at")
    list_filter = ("gate", "tier")
    search_fields = ("version__model__repo_id", "reason")
    list_select_related = ("version__model", "granted_by")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Waiver]:
        models = visible_models(caller_of(request))
        return Waiver.objects.filter(version__model__in=models)


@admin.register(Policy)
class PolicyAdmin(LookOnlyAdmin):
    """A policy is never edited: a change would be a new number."""

    list_display = ("tier", "number", "is_active", "note", "created_at", "created_by")
    list_filter = ("tier", "is_active")
    search_fields = ("note",)
