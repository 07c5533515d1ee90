from __future__ import annotations

from collections.abc import Sequence

from django.contrib import admin
from django.contrib.auth.admin import GroupAdmin, UserAdmin
from django.contrib.auth.models import Group
from django.db.models import QuerySet
from django.forms import BaseFormSet, ModelForm
from django.http import HttpRequest

from registry.admin.base import LookOnlyAdmin
from registry.authentication import caller_of
from registry.enums import Role
from registry.models import AccessRequest, ApiKey, Team, User
from registry.selectors.access import visible_models
from registry.services.keys import revoke_key
from registry.services.people import note_person_changed


@admin.register(User)
class PersonAdmin(UserAdmin):
    """People are deactivated, never deleted: what they decided stays theirs."""

    list_display = ("username", "email", "tier", "team", "is_active", "is_staff", "last_login")
    list_filter = ("tier", "team", "groups", "is_active", "is_staff")
    list_select_related = ("team",)
    fieldsets = (*(UserAdmin.fieldsets or ()), ("Modelyard", {"fields": ("tier", "team")}))
    add_fieldsets = (*(UserAdmin.add_fieldsets or ()), ("Modelyard", {"fields": ("tier", "team")}))

    def has_delete_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: User | None = None) -> bool:
        """Nobody becomes a superuser by way of one: not by their password either."""
        above = obj is not None and obj.is_superuser and not request.user.is_superuser
        return super().has_change_permission(request, obj) and not above

    def get_readonly_fields(self, request: HttpRequest, obj: User | None = None) -> list[str]:
        fixed = [] if request.user.is_superuser else ["is_superuser", "user_permissions"]
        return [*super().get_readonly_fields(request, obj), *fixed]

    def save_related(
        self, request: HttpRequest, form: ModelForm, formsets: Sequence[BaseFormSet], change: bool
    ) -> None:
        super().save_related(request, form, formsets, change)
        if form.changed_data:
            note_person_changed(
                caller=caller_of(request),
                person=form.instance,
                fields=[name for name in form.changed_data if "password" not in name],
                created=not change,
            )


@admin.register(Team)
class TeamAdmin(admin.ModelAdmin):
    """Teams are named anew, never deleted: what was counted for one stays counted."""

    list_display = ("name", "slug")
    search_fields = ("name", "slug")

    def has_delete_permission(self, request: HttpRequest, obj: Team | None = None) -> bool:
        return False

    def get_readonly_fields(self, request: HttpRequest, obj: Team | None = None) -> list[str]:
        return ["slug"] if obj is not None else []  # addresses name it


admin.site.unregister(Group)


@admin.register(Group)
class RoleAdmin(GroupAdmin):
    """The roles that the yard knows by name keep it; what they may do in the admin can change."""

    def get_readonly_fields(self, request: HttpRequest, obj: Group | None = None) -> list[str]:
        return ["name"] if obj is not None and obj.name in Role.values else []

    def has_delete_permission(self, request: HttpRequest, obj: Group | None = None) -> bool:
        return False


@admin.register(ApiKey)
class ApiKeyAdmin(LookOnlyAdmin):
    list_display = (
        "name", "prefix", "kind", "user", "scopes", "tier_cap", "last_used_at", "revoked_at"
    )  # fmt: skip
    list_filter = ("kind", "tier_cap", "revoked_at")
    list_select_related = ("user",)
    search_fields = ("name", "prefix", "user__username")
    actions = ("revoke",)

    @admin.action(description="Revoke the selected keys", permissions=["revoke"])
    def revoke(self, request: HttpRequest, queryset: QuerySet[ApiKey]) -> None:
        for key in queryset:
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
