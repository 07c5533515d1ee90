"""The model page: everything its frame and tabs show, worked out before a template runs."""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

from django.db.models import Count, Sum
from django.http import HttpRequest
from django.urls import reverse

from catalog.forms import AskForm, ReasonForm
from catalog.pages import gates as gate_pages
from catalog.selectors.runs import runs_for
from core.errors import NotFoundError
from core.models import ACTIVE
from registry.callers import Caller
from registry.enums import Admission, RequestState, ScanVerdict, Scope
from registry.models import TAKEN, AccessRequest, Model, ModelVersion
from registry.selectors.access import standing_of
from registry.standing import Failure, refusal

TABS = (
    ("model", "Overview"),
    ("model-files", "Files"),
    ("model-scan", "Scan"),
    ("model-license", "License"),
    ("model-versions", "Versions"),
)


_SUM = {"files": Count("pk"), "size": Sum("size")}


def version_shown(request: HttpRequest, model: Model) -> ModelVersion | None:
    """The version named in the address by its number, else the head."""
    number = request.GET.get("version", "")
    if not number:
        return model.head
    version = model.versions.filter(number=int(number)).first() if number.isdecimal() else None
    if version is None:
        raise NotFoundError(f"{model.repo_id} has no version {number!r} here.")
    return version


def open_request_of(caller: Caller, model: Model) -> AccessRequest | None:
    return (
        AccessRequest.objects.filter(
            model=model, user_id=caller.person, state=RequestState.OPEN, needs_curator=True
        )
        .select_related("user")
        .first()
    )


def frame_of(
    request: HttpRequest, caller: Caller, model: Model, here: str, form: AskForm | None = None
) -> dict[str, Any]:
    """What every tab shows: head, admission strip, tabs, and the way on."""
    version = version_shown(request, model)
    if version is not None:
        version.model = model
    url = reverse("catalog:model", args=[model.slug])
    versions = list(model.versions.order_by("-number").only("number", "commit", "pinned_at")[:50])
    running = runs_for(caller).filter(intake__model=model, state__in=ACTIVE).first()
    usable = version is not None and not refusal(standing_of(model, version), tiers=caller.tiers)
    import_url = "" if version or running else _import_url(caller, model)
    asked = open_request_of(caller, model)
    decision = gate_pages.blocking(version, caller.tier, url)
    failed = _failed_import(caller, version)
    waits_url = _waits_url(model, version)
    return {
        "model": model,
        "version": version,
        "versions": versions,
        "gates": gate_pages.gates_of(version, caller.tier, url),
        "decision": decision,
        "stamp_line": gate_pages.stamp_line(version),
        "decision_line": gate_pages.decision_line(version),
        "tier": caller.tier,
        "can_use": usable,
        "open_request": asked,
        "waits_url": waits_url,
        "can_request": not import_url
        and not waits_url
        and not usable
        and asked is None
        and running is None
        and not failed
        and not decision["never"]
        and caller.may(Scope.REQUEST),
        "request_form": form or AskForm(caller),
        "tabs": _tabs(request, model, version, here),
        "active_run": running,
        "import_url": import_url,
        "other_version": _other_version(caller, model, version) if decision["never"] else None,
        "newer_url": _asking_for(model) if caller.may(Scope.REQUEST) else "",
        "failed": failed,
        "may_export": usable and caller.is_steward,
    }


def left_out_of(version: ModelVersion | None) -> dict[str, int]:
    """How many files of the commit are not taken, and their bytes."""
    if version is None:
        return {"files": 0, "size": 0}
    rows = version.files.exclude(TAKEN)
    return {name: found or 0 for name, found in rows.aggregate(**_SUM).items()}


def held_back_of(caller: Caller, version: ModelVersion | None) -> dict[str, Any]:
    """The files that are not served although the rest may be, and what a curator can do."""
    if version is None:
        return {"held_back": [], "whole_form": None}
    held = version.files.exclude(held_back="").order_by("path")
    decided = version.admission in (Admission.ADMITTED, Admission.HELD)
    may_say = caller.may(Scope.CURATE) and decided and bool(held)
    return {"held_back": held, "whole_form": ReasonForm() if may_say else None}


def may_scan_again(caller: Caller, version: ModelVersion | None) -> bool:
    """Whether its scan was not finished and this person may ask for another."""
    if version is None or not caller.is_steward:
        return False
    unfinished = version.scan_verdict in ("", ScanVerdict.INCOMPLETE)
    return unfinished and version.admission == Admission.HELD


def _waits_url(model: Model, version: ModelVersion | None) -> str:
    """Where a curator admits a version that waits for one; '' for any other version."""
    if version is None or not version.needs_curator or version.admission != Admission.HELD:
        return ""
    before = version.parent.number if version.parent else version.number
    return reverse("catalog:version-diff", args=[model.slug, before, version.number])


def _import_url(caller: Caller, model: Model) -> str:
    """Where a model that is listed and was never imported can be asked for."""
    if not caller.may(Scope.REQUEST) or not caller.sees(model.tier):
        return ""
    return _asking_for(model)


def _asking_for(model: Model) -> str:
    """Where its newest commit is imported; names of other sources stand behind their source."""
    is_of_hub = model.source == "huggingface"
    uri = model.repo_id if is_of_hub else f"{model.source}:{model.repo_id}"
    return f"{reverse('catalog:import')}?{urlencode({'uri': uri})}"


def _other_version(
    caller: Caller, model: Model, version: ModelVersion | None
) -> ModelVersion | None:
    """The head, where another version is shown and this person may have the head."""
    head = model.head
    if head is None or head == version:
        return None
    head.model = model
    return None if refusal(standing_of(model, head), tiers=caller.tiers) else head


def _failed_import(caller: Caller, version: ModelVersion | None) -> dict[str, object]:
    """Why the version is not decided, and the run that says more to those who may follow it."""
    failure = Failure.from_row(version.failure) if version else None
    if failure is None:
        return {}
    run = runs_for(caller).filter(pk=failure.run).first()
    return {"sentence": failure.sentence, "run": run}


def _tabs(
    request: HttpRequest, model: Model, version: ModelVersion | None, here: str
) -> list[dict[str, object]]:
    number = request.GET.get("version", "")
    query = f"?version={number}" if number.isdecimal() else ""
    counts = {"model-files": version.file_count if version else 0}
    return [
        {
            "url": reverse(f"catalog:{name}", args=[model.slug]) + query,
            "title": title,
            "count": counts.get(name, ""),
            "here": name == here,
        }
        for name, title in TABS
    ]
