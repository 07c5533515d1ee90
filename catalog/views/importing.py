"""Import: paste anything, see what it is, then ask for it."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_http_methods, require_POST

from catalog.forms import ImportForm, SelectionForm, TokenForm
from catalog.pages import importing as pages
from catalog.pages.bundles import waiting_context
from catalog.pages.local import import_context
from catalog.services.dry_run import dry_run
from catalog.services.intake import request_intake
from catalog.services.searching import are_words, matches
from core.errors import ModelyardError
from core.htmx import HtmxHttpRequest, render_page
from registry.authentication import caller_of

LONGEST = 2000


def _look(request: HttpRequest, text: str, token: str = "") -> dict[str, Any]:
    caller = caller_of(request)
    form = SelectionForm(request.POST if request.method == "POST" else request.GET)
    context: dict[str, Any] = {"uri": text, "preview": None, "problem": None, "selection": form}
    context["found"] = None
    if not text:
        return context
    if are_words(text):
        return context | {"found": matches(caller=caller, text=text)}
    try:
        run = dry_run(caller=caller, text=text, token=token, selection=form.selection())
    except ModelyardError as error:
        return context | {"problem": pages.problem_context(error)}
    return context | {"preview": pages.preview_context(caller, text, run)}


@login_required
@require_http_methods(["GET", "POST"])
def page(request: HtmxHttpRequest) -> HttpResponse:
    """Look at what the address names; by POST when a token of the source goes with it."""
    data = request.POST if request.method == "POST" else request.GET
    form = TokenForm(request.POST)
    token = form.cleaned_data["token"] if request.method == "POST" and form.is_valid() else ""
    context = _look(request, data.get("uri", "").strip()[:LONGEST], token)
    caller = caller_of(request)
    context |= {
        "examples": pages.EXAMPLES,
        **import_context(caller),
        **waiting_context(caller),
    }
    return render_page(request, "catalog/import.html", context, partial="preview")


preview = page


@login_required
@require_POST
def start(request: HtmxHttpRequest) -> HttpResponse:
    """Ask for exactly the commit that the dry run showed."""
    caller = caller_of(request)
    form = ImportForm(caller, request.POST, needs_reason=False)
    text = request.POST.get("uri", "").strip()[:LONGEST]
    if not form.is_valid():
        context = _look(request, text)  # with the same selection, which is in the form
        if context["preview"]:
            context["preview"]["form"] = form
        response = render_page(request, "catalog/import.html", context, partial="preview")
        response.status_code = 422
        return response
    answer = request_intake(
        caller=caller,
        text=text,
        revision=request.POST.get("commit", ""),
        token=form.cleaned_data["token"],
        selection=SelectionForm(request.POST).selection(),
    )
    if answer.run is not None:
        return redirect("catalog:job", pk=answer.run.pk)
    slug = answer.model.slug if answer.model else ""
    return redirect(reverse("catalog:model", args=[slug]))
