"""Waive what a rule found in a content, from wherever the finding is shown, and take that back."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_http_methods, require_POST
from django_htmx.http import HttpResponseClientRedirect

from catalog.forms import WaiveForm
from catalog.pages import findings as pages
from core.errors import ConflictError, InvalidInputError
from core.htmx import HtmxHttpRequest
from registry.authentication import caller_of
from registry.callers import Caller, check_curator
from scanning.selectors import FoundByRule, finding_for, waiver_for
from scanning.services.waivers import grant_waiver, take_back


@login_required
@require_http_methods(["GET", "POST"])
def waive(request: HtmxHttpRequest, sha256: str, rule: str) -> HttpResponse:
    """Show the dialog, alone or as a page of its own, and grant what it asks for."""
    caller = caller_of(request)
    check_curator(caller)
    found = finding_for(caller, sha256, rule)
    form = WaiveForm(request.POST if request.method == "POST" else None)
    if form.is_bound and form.is_valid() and _granted(caller, found, form):
        messages.success(request, pages.granted_line(caller, found, form.expires_at))
        back = pages.back_to(caller, found.sha256, request.POST.get("next", ""))
        return HttpResponseClientRedirect(back) if request.htmx else redirect(back)
    context = pages.waive_context(caller, found, form, request.GET or request.POST)
    name = "catalog/waive_dialog.html" if request.htmx else "catalog/waive_finding.html"
    response = render(request, name, context, status=422 if form.is_bound else 200)
    patch_vary_headers(response, ["HX-Request"])
    return response


def _granted(caller: Caller, found: FoundByRule, form: WaiveForm) -> bool:
    """Grant it; what cannot be is said in the form."""
    reason, until = form.cleaned_data["reason"], form.expires_at
    named = {"sha256": found.sha256, "rule": found.rule}
    try:
        grant_waiver(caller=caller, **named, reason=reason, expires_at=until)
    except (ConflictError, InvalidInputError) as error:
        field = {"reason": "reason", "expires_at": "until"}.get(str(error.details.get("field")))
        form.add_error(field, error.message)
        return False
    return True


@login_required
@require_POST
def end(request: HttpRequest, pk: int) -> HttpResponse:
    caller = caller_of(request)
    check_curator(caller)
    waiver = waiver_for(caller, pk)
    take_back(caller=caller, waiver=waiver, reason=request.POST.get("reason", ""))
    messages.success(request, "Taken back. What rested on it is decided again in a moment.")
    return redirect(pages.back_to(caller, waiver.sha256, request.POST.get("next", "")))
