"""Who has files of which version, what people were told, and what other systems were sent."""

from __future__ import annotations

from django.contrib import admin
from django.db.models import QuerySet
from django.http import HttpRequest

from registry.admin.base import LookOnlyAdmin
from registry.authentication import caller_of
from registry.models import Download, Notice, NoticeDelivery, Receipt
from registry.selectors.access import visible_models


@admin.register(Download)
class DownloadAdmin(LookOnlyAdmin):
    list_display = ("version", "user", "files", "last_at")
    list_select_related = ("version__model", "user")
    search_fields = ("model__repo_id", "user__username")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Download]:
        return Download.objects.filter(model__in=visible_models(caller_of(request)))


@admin.register(Notice)
class NoticeAdmin(LookOnlyAdmin):
    list_display = ("text", "kind", "at", "ended_at")
    list_filter = ("kind",)
    search_fields = ("text",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[Notice]:
        return Notice.objects.filter(version__model__in=visible_models(caller_of(request)))


@admin.register(Receipt)
class ReceiptAdmin(LookOnlyAdmin):
    list_display = ("notice", "user", "read_at")
    list_select_related = ("notice", "user")
    search_fields = ("notice__text", "user__username")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Receipt]:
        models = visible_models(caller_of(request))
        return Receipt.objects.filter(notice__version__model__in=models)


@admin.register(NoticeDelivery)
class NoticeDeliveryAdmin(LookOnlyAdmin):
    list_display = ("notice", "tries", "delivered_at", "gave_up_at", "error")
    list_select_related = ("notice",)
    search_fields = ("notice__text",)

    def get_queryset(self, request: HttpRequest) -> QuerySet[NoticeDelivery]:
        models = visible_models(caller_of(request))
        return NoticeDelivery.objects.filter(notice__version__model__in=models)
