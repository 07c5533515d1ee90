from __future__ import annotations

from django.contrib import admin
from django.contrib.auth.admin import UserAdmin
from django.db.models import QuerySet
from django.http import HttpRequest

from registry.admin.base import LookOnlyAdmin
from registry.authentication import caller_of
from registry.models import AccessRequest, ApiKey, User
from registry.selectors.access import visible_models
from registry.services.keys import revoke_key


@admin.register(User)
class PersonAdmin(UserAdmin):
    list_display = ("username", "email", "tier", "is_active", "is_staff", "last_login")
    list_filter = ("tier", "groups", "is_active", "is_staff")
    fieldsets = (*(UserAdmin.fieldsets or ()), ("Modelyard", {"fields": ("tier",)}))
    add_fieldsets = (*(UserAdmin.add_fieldsets or ()), ("Modelyard", {"fields": ("tier",)}))


@admin.register(ApiKey)
class ApiKeyAdmin(LookOnlyAdmin):
    list_display = ("name", "prefix", "user", "scopes", "tier_cap", "last_used_at", "revoked_at")
    list_filter = ("tier_cap", "revoked_at")
    list_select_related = ("user",)
    search_fields = ("name", "prefix", "user__username")
    actions = ("revoke",)

    @admin.action(description="Revoke the selected keys", permissions=["revoke"])
    def revoke(self, request: HttpRequest, queryset: object) -> None:
        for key in queryset:  # type: ignore[attr-defined]
            revoke_key(caller=caller_of(request), key=key)

    def has_revoke_permission(self, request: HttpRequest) -> bool:
        return request.user.has_perm("registry.change_apikey")


@admin.register(AccessRequest)
class AccessRequestAdmin(LookOnlyAdmin):
    list_display = ("model", "user", "tier", "state", "needs_curator", "created_at", "decided_by")
    list_filter = ("state", "tier", "needs_curator")
    list_select_related = ("model", "user", "decided_by")
    search_fields = ("model__repo_id", "user__username")

    def get_queryset(self, request: HttpRequest) -> QuerySet[AccessRequest]:
        return AccessRequest.objects.filter(model__in=visible_models(caller_of(request)))
