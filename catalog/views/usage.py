"""Usage: how much of which model was served, to which teams and clients."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponseBase, StreamingHttpResponse
from django.shortcuts import render
from django.views.decorators.http import require_GET

from catalog.pages import usage as pages
from registry.authentication import caller_of


@login_required
@require_GET
def page(request: HttpRequest) -> HttpResponseBase:
    caller = caller_of(request)
    if request.GET.get("format") == "csv":
        response = StreamingHttpResponse(
            pages.csv_lines(caller, request.GET), content_type="text/csv; charset=utf-8"
        )
        response["Content-Disposition"] = 'attachment; filename="usage.csv"'
        response["Cache-Control"] = "private, no-store"
        return response
    return render(request, "catalog/usage.html", pages.usage_context(request, caller))
