"""Storage: what is kept, on which disks, and the work on it."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_POST

from catalog.pages import storage as pages
from catalog.services.storage import check_staff, fetch_anew, start_work
from catalog.views.jobs import STOP_POLLING
from core.htmx import HtmxHttpRequest, render_page
from registry.authentication import caller_of


@login_required
@require_GET
def page(request: HtmxHttpRequest) -> HttpResponse:
    caller = caller_of(request)
    check_staff(caller)
    if request.htmx:
        return work(request)
    return render_page(
        request, "catalog/storage.html", pages.storage_context(request, caller), partial="work"
    )


def work(request: HtmxHttpRequest) -> HttpResponse:
    """The fragment of the runs alone; it stops asking when none is under way."""
    context = pages.runs_context(caller_of(request))
    response = render_page(request, "catalog/storage.html", context, partial="work")
    if not context["active"]:
        response.status_code = STOP_POLLING
    return response


@login_required
@require_POST
def start(request: HttpRequest) -> HttpResponse:
    start_work(caller=caller_of(request), name=request.POST.get("work", ""))
    messages.info(request, "It is under way; it can be left and found again here and under Jobs.")
    return redirect("catalog:storage")


@login_required
@require_POST
def fetch(request: HttpRequest, sha256: str) -> HttpResponse:
    run = fetch_anew(caller=caller_of(request), sha256=sha256)
    return redirect("catalog:job", pk=run.pk)
