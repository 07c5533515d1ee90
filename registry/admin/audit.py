from __future__ import annotations

from django.contrib import admin

from registry.admin.base import LookOnlyAdmin
from registry.models import AuditEvent


@admin.register(AuditEvent)
class AuditEventAdmin(LookOnlyAdmin):
    list_display = ("at", "actor", "action", "subject", "outcome", "reason", "address")
    list_filter = ("action", "outcome")
    search_fields = ("subject", "actor")
    date_hierarchy = "at"
