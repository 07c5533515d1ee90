from __future__ import annotations

from typing import ClassVar

from django.contrib import admin
from django.forms import ModelForm
from django.http import HttpRequest

from registry.authentication import caller_of
from registry.models import Device
from registry.services.devices import note_device_changed


@admin.register(Device)
class DeviceAdmin(admin.ModelAdmin):
    """Devices are turned off, never deleted: seeding would bring a deleted one back."""

    list_display = ("name", "kind", "memory_bytes", "max_count", "is_active", "order")
    list_filter = ("kind", "is_active")
    search_fields = ("name", "slug")
    ordering: ClassVar = ("order",)

    def has_delete_permission(self, request: HttpRequest, obj: Device | None = None) -> bool:
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Device | None = None) -> list[str]:
        return ["slug"] if obj is not None else []  # addresses name it

    def save_model(self, request: HttpRequest, obj: Device, form: ModelForm, change: bool) -> None:
        super().save_model(request, obj, form, change)
        if form.changed_data:
            note_device_changed(
                caller=caller_of(request), device=obj, fields=form.changed_data, created=not change
            )
