from __future__ import annotations

from collections.abc import Callable
from typing import ClassVar

from django import forms
from django.contrib import admin, messages
from django.contrib.admin.helpers import ActionForm
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest

from core.errors import ModelyardError
from registry.admin.base import LookOnlyAdmin
from registry.authentication import caller_of
from registry.callers import Caller
from registry.enums import Scope
from registry.models import Content, ModelFile, ModelVersion
from registry.selectors.access import visible_models
from registry.services.mains import admit_waiting, release, roll_back


class ReasonForm(ActionForm):
    """Why, beside the choice of an action."""

    reason = forms.CharField(required=False, max_length=2000)


@admin.register(ModelVersion)
class VersionAdmin(LookOnlyAdmin):
    """Versions never change here; where `main` is, and what waits, is a curator's word."""

    action_form = ReasonForm
    actions = ("roll_back", "release", "admit")
    list_display = ("model", "number", "commit", "admission", "scan_verdict", "license_spdx")
    list_filter = ("admission", "scan_verdict", "license_class", "lowest_tier")
    list_select_related = ("model",)
    search_fields = ("model__repo_id", "commit")
    ordering: ClassVar = ("-id",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[ModelVersion]:
        return ModelVersion.objects.filter(model__in=visible_models(caller_of(request)))

    def has_decide_permission(self, request: HttpRequest) -> bool:
        return caller_of(request).may(Scope.CURATE)

    @admin.action(description="Keep main at the chosen version", permissions=["decide"])
    def roll_back(self, request: HttpRequest, chosen: QuerySet[ModelVersion]) -> None:
        self._each(request, chosen, roll_back)

    @admin.action(description="Release main of the chosen version's model", permissions=["decide"])
    def release(self, request: HttpRequest, chosen: QuerySet[ModelVersion]) -> None:
        self._each(request, chosen, _release)

    @admin.action(description="Admit the chosen waiting version", permissions=["decide"])
    def admit(self, request: HttpRequest, chosen: QuerySet[ModelVersion]) -> None:
        self._each(request, chosen, admit_waiting)

    def _each(
        self, request: HttpRequest, chosen: QuerySet[ModelVersion], work: Callable[..., object]
    ) -> None:
        """Do it with the reason given; what is refused is said and leaves the others."""
        reason = request.POST.get("reason", "")
        for version in chosen.select_related("model"):
            try:
                work(caller=caller_of(request), version=version, reason=reason)
            except ModelyardError as error:
                self.message_user(request, error.message, messages.ERROR)
            else:
                self.message_user(request, f"Done: {version}")


def _release(*, caller: Caller, version: ModelVersion, reason: str) -> None:
    release(caller=caller, model=version.model, reason=reason)


@admin.register(ModelFile)
class FileAdmin(LookOnlyAdmin):
    list_display = ("path", "version", "size", "sha256", "is_lfs", "left_out")
    list_select_related = ("version__model",)
    list_filter = ("is_lfs",)
    search_fields = ("sha256__exact", "path")
    ordering: ClassVar = ("-id",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[ModelFile]:
        models = visible_models(caller_of(request))
        return ModelFile.objects.filter(version__model__in=models)


@admin.register(Content)
class ContentAdmin(LookOnlyAdmin):
    list_display = ("sha256", "size", "storage_key", "stored_at")
    list_filter = ("stored_at",)
    search_fields = ("sha256__exact",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Content]:
        models = visible_models(caller_of(request))
        files = ModelFile.objects.filter(content=OuterRef("pk"), version__model__in=models)
        return Content.objects.filter(Exists(files))
