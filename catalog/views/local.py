"""What lies on this machine: look again, import one."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_POST

from catalog.pages import local as pages
from catalog.services.intake import request_intake
from catalog.services.local import ask_to_look
from core.htmx import HtmxHttpRequest, render_page
from registry.authentication import caller_of


@login_required
@require_GET
def page(request: HtmxHttpRequest) -> HttpResponse:
    context = pages.local_context(request, caller_of(request))
    return render_page(request, "catalog/local.html", context, partial="found")


@login_required
@require_POST
def look(request: HttpRequest) -> HttpResponse:
    ask_to_look(caller_of(request))
    messages.info(request, "The yard looks again. What it finds appears here.")
    return redirect("catalog:local")


@login_required
@require_POST
def bring(request: HttpRequest) -> HttpResponse:
    """Import one model of this machine as it is now."""
    answer = request_intake(
        caller=caller_of(request), source="disk", repo_id=request.POST.get("name", "")
    )
    if answer.run is not None:
        return redirect("catalog:job", pk=answer.run.pk)
    return redirect("catalog:model", slug=answer.model.slug if answer.model else "")
