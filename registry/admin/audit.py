"""What happened and what was served: told for every tier, read by those who may see every tier."""

from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest

from registry.admin.base import LookOnlyAdmin
from registry.authentication import caller_of
from registry.enums import Tier
from registry.models import AuditEvent, Demand, DemandAsker, Served


class EveryTierAdmin(LookOnlyAdmin):
    """Rows that name models of every tier, so only those who may see every tier read them."""

    def has_view_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return super().has_view_permission(request, obj) and caller_of(request).sees(
            Tier.PROFESSIONAL
        )


@admin.register(AuditEvent)
class AuditEventAdmin(EveryTierAdmin):
    list_display = ("at", "actor", "action", "subject", "outcome", "reason", "address")
    list_filter = ("action", "outcome")
    search_fields = ("subject", "actor")
    date_hierarchy = "at"


@admin.register(Served)
class ServedAdmin(EveryTierAdmin):
    """`sent` is empty where nobody could count what left: then only `length` was promised."""

    list_display = ("at", "actor", "repo_id", "path", "start", "length", "sent", "client")
    list_filter = ("protocol",)
    search_fields = ("repo_id__exact", "actor__exact", "sha256__exact")
    date_hierarchy = "at"


@admin.register(Demand)
class DemandAdmin(EveryTierAdmin):
    """A name that was asked for may be that of a model hidden from others."""

    list_display = ("repo_id", "revision", "state", "count", "last_at", "next_try")
    list_filter = ("state",)
    search_fields = ("repo_id",)


@admin.register(DemandAsker)
class DemandAskerAdmin(EveryTierAdmin):
    list_display = ("demand", "user", "count", "client", "last_at")
    list_select_related = ("demand", "user")
    search_fields = ("demand__repo_id", "user__username")
