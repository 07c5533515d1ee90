"""Bundles: look into one that lies on this machine, take it in, write one, fetch it."""

from __future__ import annotations

import uuid
from pathlib import Path

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse, HttpResponseBase
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from catalog.pages import bundles as pages
from catalog.selectors.bundles import exports_for
from catalog.sending import send_export
from catalog.services.bundle_export import request_export
from catalog.services.bundle_import import request_import
from core.errors import NotFoundError, NotPermittedError
from registry.authentication import caller_of
from registry.callers import Caller
from registry.enums import Scope


def _staff(request: HttpRequest) -> Caller:
    caller = caller_of(request)
    if not caller.is_steward:
        raise NotPermittedError("Bundles are for operators and curators.")
    return caller


@login_required
@require_GET
def look(request: HttpRequest) -> HttpResponse:
    caller = _staff(request)
    name = Path(request.GET.get("name", "")).name
    context = pages.bundle_context(caller, name or "no name")
    return render(request, "catalog/bundle.html", context)


@login_required
@require_POST
def take_in(request: HttpRequest) -> HttpResponse:
    """Import what the page showed; an admin was told there when it is for quarantine."""
    caller = _staff(request)
    quarantine = request.POST.get("quarantine") == "yes" and caller.may(Scope.ADMIN)
    name = Path(request.POST.get("name", "")).name
    row = request_import(caller=caller, name=name or "no name", quarantine=quarantine)
    return redirect("catalog:job", pk=row.run.pk)


@login_required
@require_POST
def export(request: HttpRequest, slug: str) -> HttpResponse:
    name = f"{slug}@{request.POST.get('version', '')}".removesuffix("@")
    made = request_export(caller=_staff(request), names=[name])
    return redirect("catalog:job", pk=made.run.pk)


@login_required
@require_GET
def file(request: HttpRequest, pk: uuid.UUID) -> HttpResponseBase:
    caller = _staff(request)
    found = exports_for(caller).filter(pk=pk).first()
    if found is None:
        raise NotFoundError("There is no bundle of this name that you may fetch.")
    return send_export(request, caller, found)
