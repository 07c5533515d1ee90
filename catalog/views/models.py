"""The Models page: one query string is the whole state."""

from __future__ import annotations

from django.contrib.auth.decorators import login_required
from django.http import HttpResponse
from django.views.decorators.http import require_GET

from catalog.pages.models import list_context
from core.answers import facts
from core.htmx import HtmxHttpRequest, render_page
from registry.authentication import caller_of
from registry.selectors.sessions import name_session


@require_GET
def model_list(request: HtmxHttpRequest) -> HttpResponse:
    """Show the list. The answer is kept: all that it rests on besides the request is named."""
    if name_session(request):
        facts.are_all()
    return _model_list(request)


@login_required
def _model_list(request: HtmxHttpRequest) -> HttpResponse:
    context = list_context(request, caller_of(request))
    return render_page(request, "catalog/models.html", context, partial="listing")
