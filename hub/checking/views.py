"""The page of checks: start one, follow it, read what it found."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_POST

from catalog.views.jobs import STOP_POLLING
from core.htmx import HtmxHttpRequest, render_page, wants_partial
from hub.checking.pages import check_context
from hub.checking.services import start_check
from registry.authentication import caller_of


@login_required
@require_GET
def page(request: HtmxHttpRequest) -> HttpResponse:
    context = check_context(request, caller_of(request))
    response = render_page(request, "hub/check.html", context, partial="check")
    if wants_partial(request) and context["active"] is None:
        response.status_code = STOP_POLLING
    return response


@login_required
@require_POST
def start(request: HttpRequest) -> HttpResponse:
    start_check(caller=caller_of(request))
    return redirect("check:page")
