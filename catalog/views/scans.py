"""The Scans page: what engines found in contents that the caller may see."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_POST

from catalog.pages.inbox import inbox_context
from catalog.services.scans import scan_again
from core.htmx import HtmxHttpRequest, render_page
from registry.authentication import caller_of


@login_required
@require_GET
def inbox(request: HtmxHttpRequest) -> HttpResponse:
    context = inbox_context(request, caller_of(request))
    return render_page(request, "catalog/scans.html", context, partial="listing")


@login_required
@require_POST
def again(request: HttpRequest, pk: int) -> HttpResponse:
    run = scan_again(caller=caller_of(request), pk=pk)
    messages.info(request, "It is scanned again; the job shows how far it is.")
    return redirect("catalog:job", pk=run.pk)
