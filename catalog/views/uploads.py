"""Send a private model from the browser; the bytes go by the API."""

from __future__ import annotations

import uuid

from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from catalog.pages.uploads import upload_context
from catalog.selectors.uploads import set_for
from catalog.services.uploads import end_upload
from core.errors import NotPermittedError
from registry.authentication import caller_of
from registry.enums import Scope


@login_required
@require_GET
def page(request: HttpRequest) -> HttpResponse:
    caller = caller_of(request)
    if not caller.may(Scope.REQUEST):
        raise NotPermittedError("Sending models needs the scope request.")
    return render(request, "catalog/upload.html", upload_context(caller))


@login_required
@require_POST
def end(request: HttpRequest, pk: uuid.UUID) -> HttpResponse:
    caller = caller_of(request)
    end_upload(caller=caller, upload_set=set_for(caller, pk))
    return redirect("catalog:upload")
