"""Jobs: long work that can be left and found again."""

from __future__ import annotations

import uuid

from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.urls import reverse
from django.views.decorators.http import require_GET, require_POST

from catalog.forms import TokenForm
from catalog.pages import jobs as pages
from catalog.services.intake import cancel_intake, retry_intake
from catalog.services.transfers import steer_file, steer_run
from core.errors import InvalidInputError, NotFoundError
from core.htmx import HtmxHttpRequest, render_page
from core.models import Run
from registry.authentication import caller_of

STOP_POLLING = 286  # htmx's own status: swap this in and ask no more


@login_required
@require_GET
def runs(request: HtmxHttpRequest) -> HttpResponse:
    context = pages.list_context(request, caller_of(request))
    response = render_page(request, "catalog/jobs.html", context, partial="runs")
    if request.htmx and not context["active"]:
        response.status_code = STOP_POLLING
    return response


def _run(request: HttpRequest, pk: uuid.UUID) -> Run:
    run = pages.described_runs(caller_of(request)).filter(pk=pk).first()
    if run is None:
        raise NotFoundError("There is no such job that you may follow.")
    return run


@login_required
@require_GET
def run(request: HtmxHttpRequest, pk: uuid.UUID) -> HttpResponse:
    row = _run(request, pk)
    context = pages.run_context(request, caller_of(request), row)
    response = render_page(request, "catalog/job.html", context, partial="run")
    if request.htmx and not row.is_active:
        response.status_code = STOP_POLLING
    return response


@login_required
@require_POST
def cancel(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    cancel_intake(caller=caller_of(request), run=_run(request, pk))
    messages.info(request, "The job was asked to stop.")
    return redirect("catalog:job", pk=pk)


@login_required
@require_POST
def retry(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    form = TokenForm(request.POST)
    if not form.is_valid():
        raise InvalidInputError("The token is longer than any token is.", field="token")
    token = form.cleaned_data["token"]
    retry_intake(caller=caller_of(request), run=_run(request, pk), token=token)
    return redirect("catalog:job", pk=pk)


@login_required
@require_POST
def steer(request: HttpRequest, pk: uuid.UUID, action: str) -> HttpResponse:
    run, priority = _run(request, pk), _priority(request)
    steer_run(caller=caller_of(request), run=run, action=action, priority=priority)
    return _back(pk)


@login_required
@require_POST
def steer_one(request: HttpRequest, pk: uuid.UUID, transfer: int, action: str) -> HttpResponse:
    run, priority = _run(request, pk), _priority(request)
    caller = caller_of(request)
    steer_file(caller=caller, run=run, pk=transfer, action=action, priority=priority)
    return _back(pk)


def _back(pk: uuid.UUID) -> HttpResponse:
    return redirect(f"{reverse('catalog:job', args=[pk])}#files")


def _priority(request: HttpRequest) -> int:
    text = request.POST.get("priority", "0")
    try:
        return int(text[:5])
    except ValueError as error:
        raise InvalidInputError("A priority is a number.", field="priority") from error
