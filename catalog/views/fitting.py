"""The answer of the fit control on a model's page, as a fragment."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.shortcuts import redirect, render
from django.utils.cache import patch_vary_headers
from django.views.decorators.http import require_GET

from catalog.pages.fitting import fit_context, page_with, typed_config
from catalog.pages.model import version_shown
from core.errors import NotFoundError
from core.htmx import HtmxHttpRequest
from registry.authentication import caller_of
from registry.selectors.access import model_for


@login_required
@require_GET
def fit(request: HtmxHttpRequest, slug: str) -> HttpResponse:
    """Answer for htmx, and put the state into the address; without it, lead to the page."""
    caller = caller_of(request)
    model = model_for(caller, slug)
    if not caller.sees(model.tier):
        raise NotFoundError(f"There is no model {slug!r} here that you may see.")
    version = version_shown(request, model)
    config = typed_config(version)
    page = page_with(request, model)
    if not request.htmx or version is None or config is None:
        response: HttpResponse = redirect(f"{page}#fit")
    else:
        context = {"fit": fit_context(request.GET, model, version, config)}
        response = render(request, "catalog/model_fit_answer.html", context)
        response["HX-Replace-Url"] = page
    patch_vary_headers(response, ["HX-Request"])
    return response
