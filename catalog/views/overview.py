"""The first page: what needs you, what moved, what runs, and whether the yard is well."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.views.decorators.http import require_GET

from catalog.pages.overview import overview_context
from core.htmx import HtmxHttpRequest, render_page
from registry.authentication import caller_of


@login_required
@require_GET
def overview(request: HtmxHttpRequest) -> HttpResponse:
    context = overview_context(caller_of(request))
    return render_page(request, "catalog/overview.html", context, partial="running")
