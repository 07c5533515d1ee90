from __future__ import annotations

from typing import ClassVar

from django.contrib import admin
from django.db.models import Exists, OuterRef, QuerySet
from django.http import HttpRequest

from registry.admin.base import LookOnlyAdmin
from registry.authentication import caller_of
from registry.models import Content, ModelFile, ModelVersion
from registry.selectors.access import visible_models


@admin.register(ModelVersion)
class VersionAdmin(LookOnlyAdmin):
    list_display = ("model", "number", "commit", "admission", "scan_verdict", "license_spdx")
    list_filter = ("admission", "scan_verdict", "license_class", "lowest_tier")
    list_select_related = ("model",)
    search_fields = ("model__repo_id", "commit")
    ordering: ClassVar = ("-id",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[ModelVersion]:
        return ModelVersion.objects.filter(model__in=visible_models(caller_of(request)))


@admin.register(ModelFile)
class FileAdmin(LookOnlyAdmin):
    list_display = ("path", "version", "size", "sha256", "is_lfs", "left_out")
    list_select_related = ("version__model",)
    search_fields = ("sha256__exact", "path")
    ordering: ClassVar = ("-id",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[ModelFile]:
        models = visible_models(caller_of(request))
        return ModelFile.objects.filter(version__model__in=models)


@admin.register(Content)
class ContentAdmin(LookOnlyAdmin):
    list_display = ("sha256", "size", "storage_key", "stored_at")
    search_fields = ("sha256__exact",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Content]:
        models = visible_models(caller_of(request))
        files = ModelFile.objects.filter(content=OuterRef("pk"), version__model__in=models)
        return Content.objects.filter(Exists(files))
