"""Limits of transfers to set, and what is known of hosts to look at."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import Model as Row
from django.db.models import QuerySet
from django.forms import ModelForm
from django.http import HttpRequest

from downloads.models import HostPace, TransferLimit
from registry import audit
from registry.admin.base import LookOnlyAdmin
from registry.authentication import caller_of
from registry.enums import Scope


def _may(request: HttpRequest) -> bool:
    """Whether the caller, who has a staff account, runs this yard."""
    caller = caller_of(request)
    return caller.may(Scope.OPERATE) or caller.may(Scope.ADMIN)


@admin.register(TransferLimit)
class TransferLimitAdmin(admin.ModelAdmin):
    """A row without a source is for all together; without any row safe defaults hold."""

    list_display = (
        "__str__",
        "files_at_once",
        "bytes_per_second",
        "connections_per_file",
        "quiet_from",
        "quiet_until",
        "quiet_bytes_per_second",
    )
    fieldsets = (
        (None, {"fields": ("source", "files_at_once", "bytes_per_second")}),
        ("Each file", {"fields": ("connections_per_file", "stall_seconds")}),
        ("Quiet hours", {"fields": ("quiet_from", "quiet_until", "quiet_bytes_per_second")}),
    )

    def has_module_permission(self, request: HttpRequest) -> bool:
        return _may(request)

    def has_view_permission(self, request: HttpRequest, obj: Row | None = None) -> bool:
        return _may(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return _may(request)

    def has_change_permission(self, request: HttpRequest, obj: Row | None = None) -> bool:
        return _may(request)

    def has_delete_permission(self, request: HttpRequest, obj: Row | None = None) -> bool:
        return _may(request)

    def save_model(
        self, request: HttpRequest, obj: TransferLimit, form: ModelForm, change: bool
    ) -> None:
        super().save_model(request, obj, form, change)
        self._note(request, obj, "change" if change else "add")

    def delete_model(self, request: HttpRequest, obj: TransferLimit) -> None:
        self._note(request, obj, "delete")
        super().delete_model(request, obj)

    def delete_queryset(self, request: HttpRequest, queryset: QuerySet[TransferLimit]) -> None:
        for limit in queryset:
            self.delete_model(request, limit)

    @staticmethod
    def _note(request: HttpRequest, limit: TransferLimit, what: str) -> None:
        audit.record(
            actor=caller_of(request),
            action=f"transfer_limit.{what}",
            subject_type="transfer_limit",
            subject=str(limit),
        )


@admin.register(HostPace)
class HostPaceAdmin(LookOnlyAdmin):
    list_display = ("host", "connections", "speed", "measured_at")
    search_fields = ("host",)

    def has_module_permission(self, request: HttpRequest) -> bool:
        return _may(request)

    def has_view_permission(self, request: HttpRequest, obj: Row | None = None) -> bool:
        return _may(request)
