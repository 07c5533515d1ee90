"""Approvals: the curators' queue, one request after the other, by keyboard if wanted."""

from __future__ import annotations

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.views.decorators.http import require_GET, require_POST

from catalog.forms import AnswerForm
from catalog.pages import approvals as pages
from catalog.services import approvals
from core.errors import ModelyardError, NotFoundError
from core.htmx import HtmxHttpRequest, render_page
from registry.authentication import caller_of
from registry.callers import check_curator
from registry.models import AccessRequest
from registry.services import curation


@login_required
@require_GET
def queue(request: HtmxHttpRequest, pk: int | None = None) -> HttpResponse:
    caller = caller_of(request)
    check_curator(caller)
    context = pages.desk(caller, pk)
    return render_page(request, "catalog/approvals.html", context, partial="desk")


def _request(request: HttpRequest, pk: int) -> AccessRequest:
    caller = caller_of(request)
    check_curator(caller)
    found = pages.requests_for(caller).filter(pk=pk).first()
    if found is None:
        raise NotFoundError("There is no such request that you may answer.")
    return found


def _answer(request: HtmxHttpRequest, pk: int, *, approve: bool) -> HttpResponse:
    caller, asked = caller_of(request), _request(request, pk)
    form = AnswerForm(request.POST)
    form.is_valid()
    note = form.cleaned_data.get("reason", "")
    after = pages.next_after(caller, asked)
    try:
        if approve:
            approvals.approve(caller=caller, request=asked, note=note)
        else:
            curation.refuse(caller=caller, request=asked, note=note)
    except ModelyardError as error:
        form.add_error("reason", error.message)
        context = pages.desk(caller, pk) | {"form": form}
        response = render_page(request, "catalog/approvals.html", context, partial="desk")
        response.status_code = 422
        return response
    word = "Approved" if approve else "Refused"
    messages.success(request, f"{word} {asked.model.repo_id} for {asked.user.get_username()}.")
    return redirect("catalog:approval", pk=after.pk) if after else redirect("catalog:approvals")


@login_required
@require_POST
def approve(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    return _answer(request, pk, approve=True)


@login_required
@require_POST
def refuse(request: HtmxHttpRequest, pk: int) -> HttpResponse:
    return _answer(request, pk, approve=False)
