"""Demand: what programs ask for and the yard has not."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.views.decorators.http import require_GET

from catalog.selectors.demand import page_of_demand
from core.htmx import HtmxHttpRequest, render_page
from core.pages import links
from registry.authentication import caller_of

ROWS = 50


@login_required
@require_GET
def page(request: HtmxHttpRequest) -> HttpResponse:
    cursor = request.GET.get("cursor", "")
    found = page_of_demand(caller_of(request), cursor=cursor, limit=ROWS)
    context: dict[str, Any] = {"demands": found.rows, **links(request, found)}
    return render_page(request, "catalog/demand.html", context, partial="demands")
