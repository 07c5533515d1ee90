"""Admin classes whose rows the caller may see, and whose defaults change nothing."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import Model as Row
from django.http import HttpRequest

from registry.authentication import caller_of
from registry.enums import Scope


class LookOnlyAdmin(admin.ModelAdmin):
    """Rows to search and read: no adding, changing or deleting."""

    show_full_result_count = False  # counting a million rows to say "of 1,000,000" helps nobody
    list_per_page = 50

    def has_add_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: object = None) -> bool:
        return False


class TierGatedAdmin(admin.ModelAdmin):
    """Rows of a tier: each subclass takes its query set from the access selector."""

    show_full_result_count = False
    list_per_page = 50

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Row | None = None) -> bool:
        allowed = super().has_change_permission(request, obj)
        return allowed and caller_of(request).may(Scope.CURATE)

    def has_delete_permission(self, request: HttpRequest, obj: Row | None = None) -> bool:
        return False
