from __future__ import annotations

from django.contrib import admin
from django.http import HttpRequest

from registry.admin.base import LookOnlyAdmin
from registry.authentication import caller_of
from registry.enums import Tier
from registry.models import AuditEvent


@admin.register(AuditEvent)
class AuditEventAdmin(LookOnlyAdmin):
    """Events name models of every tier, so only those who may see every tier read them."""

    list_display = ("at", "actor", "action", "subject", "outcome", "reason", "address")
    list_filter = ("action", "outcome")
    search_fields = ("subject", "actor")
    date_hierarchy = "at"

    def has_view_permission(self, request: HttpRequest, obj: AuditEvent | None = None) -> bool:
        return super().has_view_permission(request, obj) and caller_of(request).sees(
            Tier.PROFESSIONAL
        )
