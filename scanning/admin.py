"""Waivers of findings in the admin, to look at."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from registry.admin.base import LookOnlyAdmin
from registry.authentication import caller_of
from registry.enums import Scope
from scanning.models import FindingWaiver
from scanning.selectors import visible_waivers


@admin.register(FindingWaiver)
class FindingWaiverAdmin(LookOnlyAdmin):
    """Granted and taken back beside the findings, on pages and by REST; never changed here."""

    list_display = (
        *("rule", "sha256", "severity", "reason", "granted_by", "granted_at"),
        *("expires_at", "ended_at", "ended_by"),
    )
    list_filter = ("severity",)
    search_fields = ("sha256", "rule")

    def has_module_permission(self, request: HttpRequest) -> bool:
        return caller_of(request).may(Scope.CURATE)

    def has_view_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return caller_of(request).may(Scope.CURATE)

    def get_queryset(self, request: HttpRequest) -> QuerySet[FindingWaiver]:
        return visible_waivers(caller_of(request))
