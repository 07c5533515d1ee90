"""The Models page: one query string is the whole state."""

from __future__ import annotations

from functools import partial

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, QueryDict
from django.shortcuts import render
from django.template.loader import render_to_string
from django.utils.safestring import SafeString, mark_safe
from django.views.decorators.http import require_GET

from catalog.pages.models import list_context
from core.answers import facts
from core.htmx import HtmxHttpRequest, vary_by_htmx, wants_partial
from registry.authentication import caller_of
from registry.callers import Caller
from registry.selectors.sessions import name_session


@require_GET
def model_list(request: HtmxHttpRequest) -> HttpResponse:
    """Show the list. The answer is kept: all that it rests on besides the request is named."""
    is_named = name_session(request)
    return _model_list(request, is_named=is_named)


@login_required
def _model_list(request: HtmxHttpRequest, *, is_named: bool) -> HttpResponse:
    caller = caller_of(request)
    with facts.of_query():
        listing = _listing(caller, request)
    if wants_partial(request):
        response = HttpResponse(listing)
    else:
        response = render(request, "catalog/models.html", {"listing": listing})
    if is_named:
        around, words = _around(listing, response), request.GET.get("q", "")
        facts.are_all(make=partial(_another, caller, request.path, words, around))
    return vary_by_htmx(response)


def _listing(caller: Caller, request: HttpRequest) -> SafeString:
    """Render what the query changes; it is made of the query and the caller alone."""
    context = list_context(request, caller) | {"request": request}
    return mark_safe(render_to_string("catalog/models_listing.html", context))  # noqa: S308 a template


def _around(listing: str, response: HttpResponse) -> tuple[bytes, bytes]:
    before, found, after = response.content.partition(listing.encode())
    if not found:
        raise ValueError("the page does not hold its listing as it is")
    return before, after


def _another(
    caller: Caller, path: str, words: str, around: tuple[bytes, bytes], query: QueryDict
) -> bytes:
    """Make the page of another query: what lies around the list is the same, but for the words."""
    if query.get("q", "") != words:
        raise LookupError("the field for words shows others")
    request = HttpRequest()
    request.path, request.GET = path, query  # type: ignore[assignment]  # immutable, as it should be
    before, after = around
    return before + _listing(caller, request).encode() + after
