"""The model page and its tabs."""

from __future__ import annotations

from typing import Any

from django.conf import settings
from django.contrib import messages
from django.contrib.auth.decorators import login_required
from django.http import HttpRequest, HttpResponse
from django.shortcuts import redirect, render
from django.views.decorators.http import require_GET, require_POST

from catalog.forms import AskForm
from catalog.pages import gates as gate_pages
from catalog.pages import model as pages
from catalog.pages.card import card_context
from catalog.pages.claims import claims_context
from catalog.pages.configuration import configuration_context
from catalog.pages.facts import facts
from catalog.pages.fitting import fit_context, runtimes_context, typed_config
from catalog.pages.licenses import license_context
from catalog.pages.lineage import tree_context
from catalog.pages.scans import scan_context, told_elsewhere
from catalog.pages.snippets import snippets_of
from core.errors import NotFoundError, TierNotPermittedError
from core.pages import Order, links, page_of, read_text
from core.problems import refused
from registry.authentication import caller_of
from registry.callers import Caller
from registry.enums import Gate
from registry.models import Model, ModelFile
from registry.selectors.access import model_for
from registry.selectors.runtimes import runtime_facts
from registry.services.curation import request_access

BY_PATH = Order(column="path", descending=False, read=read_text)


def _refused(
    request: HttpRequest, caller: Caller, model: Model, form: AskForm | None
) -> HttpResponse:
    """A model that this person asked for and may not have: who said no, and the way on."""
    frame = pages.frame_of(request, caller, model, "model", form)
    context = {
        **frame,
        "reasons": frame["decision"]["reasons"],
        "policy": frame["decision"]["policy"],
    }
    response = render(request, "catalog/model_refused.html", context, status=403)
    needed = TierNotPermittedError(f"{model.repo_id} is for tier {model.tier} and above.")
    return refused(response, needed)


@login_required
@require_GET
def overview(request: HttpRequest, slug: str) -> HttpResponse:
    caller = caller_of(request)
    model = model_for(caller, slug)
    if not caller.sees(model.tier):
        return _refused(request, caller, model, None)
    context = pages.frame_of(request, caller, model, "model")
    version = context["version"]
    config = typed_config(version)
    answers = config.compatibilities(runtime_facts()) if config else ()
    context |= {
        "fit": fit_context(request.GET, model, version, config) if version and config else None,
        "runs": runtimes_context(answers) if config else None,
        "configuration": configuration_context(config) if config else None,
        "snippets": snippets_of(version, config, answers) if context["can_use"] else [],
        "facts": facts(model, version),
        **claims_context(version, config),
        **tree_context(caller, model),
        "card": card_context(version),
        "outlook": gate_pages.outlook(version.decision.get("tiers", []) if version else []),
    }
    return render(request, "catalog/model.html", context)


def _tab(request: HttpRequest, slug: str, here: str) -> tuple[Caller, Model, dict[str, Any]]:
    caller = caller_of(request)
    model = model_for(caller, slug)
    if not caller.sees(model.tier):
        raise NotFoundError(f"There is no model {slug!r} here that you may see.")
    return caller, model, pages.frame_of(request, caller, model, here)


@login_required
@require_GET
def files(request: HttpRequest, slug: str) -> HttpResponse:
    _, model, context = _tab(request, slug, "model-files")
    version = context["version"]
    rows = version.files.all() if version else ModelFile.objects.none()
    page = page_of(rows, order=BY_PATH, cursor=request.GET.get("cursor", ""), limit=200)
    base = f"{settings.PUBLIC_URL}/hf/{model.repo_id}/resolve/{version.commit}/" if version else ""
    context |= {
        "files": page.rows,
        "left_out": pages.left_out_of(version),
        "checked": gate_pages.passed(context["gates"], Gate.INTEGRITY),
        **links(request, page),
        "resolve_base": base if context["can_use"] else "",
    }
    return render(request, "catalog/model_files.html", context)


@login_required
@require_GET
def scan(request: HttpRequest, slug: str) -> HttpResponse:
    caller, _, context = _tab(request, slug, "model-scan")
    version = context["version"]
    context |= {**scan_context(caller, version), **told_elsewhere(version)}
    return render(request, "catalog/model_scan.html", context)


@login_required
@require_GET
def license_tab(request: HttpRequest, slug: str) -> HttpResponse:
    _, _, context = _tab(request, slug, "model-license")
    context |= license_context(context["version"])
    return render(request, "catalog/model_license.html", context)


@login_required
@require_POST
def ask(request: HttpRequest, slug: str) -> HttpResponse:
    """Ask a curator for a model that policy does not give."""
    caller = caller_of(request)
    model = model_for(caller, slug)
    form = AskForm(caller, request.POST)
    if not form.is_valid():
        return _refused(request, caller, model, form)
    request_access(caller=caller, model=model, needs_curator=True, **form.cleaned_data)
    messages.success(request, "Asked. A curator decides; the answer appears on this page.")
    return redirect("catalog:model", slug=slug)
