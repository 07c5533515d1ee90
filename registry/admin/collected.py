from __future__ import annotations

from django.contrib import admin

from registry.admin.base import LookOnlyAdmin
from registry.models import CollectedList


@admin.register(CollectedList)
class CollectedListAdmin(LookOnlyAdmin):
    """Lists are recorded by collectors and by `manage.py collected`."""

    list_display = ("name", "source", "collected_at", "generation")
