"""Downloads as a history: each is a run that was asked to bring a version. No second truth."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from django.db.models import Q, QuerySet

from catalog.models import Asker, Intake
from catalog.selectors.versions import check_limit
from core.errors import InvalidInputError
from core.models import ACTIVE, Run, RunState
from core.pages import Order, Page, page_of, read_time
from downloads.planning.selection import Selection
from registry.callers import Caller
from registry.enums import Admission
from registry.models import Model
from registry.selectors.access import knowable_models

STATUSES = ("running", "completed", "uploaded", "success", "failed")
MAX_ROWS = 200
_NEWEST = Order(column="created_at", descending=True, read=read_time, text_ids=True)
_OWN_FILES = ("disk", "upload", "bundle")
_HELD_EARLY = Q(result__contains={"outlook": "held"})
_FILTERS: dict[str, Q] = {
    "running": Q(state__in=ACTIVE),
    "failed": Q(state__in=[RunState.FAILED, RunState.CANCELLED])
    | Q(state=RunState.DONE) & _HELD_EARLY,
    "uploaded": Q(state=RunState.DONE, intake__source__in=_OWN_FILES) & ~_HELD_EARLY,
    "success": Q(state=RunState.DONE, intake__version__admission=Admission.ADMITTED)
    & ~Q(intake__source__in=_OWN_FILES)
    & ~_HELD_EARLY,
    "completed": Q(state=RunState.DONE)
    & ~Q(intake__version__admission=Admission.ADMITTED)
    & ~Q(intake__source__in=_OWN_FILES)
    & ~_HELD_EARLY,
}


def downloads_for(caller: Caller) -> QuerySet[Run]:
    """Downloads of models that the caller may know of, and those they asked for themselves.

    A run that found another at work on the same is no download of its own.
    """
    asked = Q(pk__in=Asker.objects.filter(user_id=caller.person).values("intake_id"))
    known = Q(intake__model__in=knowable_models(caller))
    runs = Run.objects.filter(intake__isnull=False, intake__scan_only=False)
    return runs.filter(asked | known).exclude(result__has_key="joined")


def page_of_downloads(
    caller: Caller, *, cursor: str, limit: int, status: str = "", model: Model | None = None
) -> Page:
    """Cut a page of records, the newest first; as many queries whatever its length."""
    check_limit(limit, MAX_ROWS)
    runs = downloads_for(caller).order_by()
    if status:
        if status not in _FILTERS:
            allowed = ", ".join(STATUSES)
            raise InvalidInputError(
                f"status cannot be {status!r}. Allowed: {allowed}.", field="status"
            )
        runs = runs.filter(_FILTERS[status])
    if model is not None:
        runs = runs.filter(intake__model=model)
    page = page_of(runs.values("id", "created_at"), order=_NEWEST, cursor=cursor, limit=limit)
    return Page(_records(caller, [row["id"] for row in page.rows]), page.next, page.previous)


def _records(caller: Caller, ids: list[Any]) -> list[dict[str, Any]]:
    rows = Intake.objects.filter(pk__in=ids).select_related("run", "model", "version")
    found = {intake.pk: intake for intake in rows}
    names = _names(caller, ids)
    return [_record(found[pk], names.get(pk, [])) for pk in ids if pk in found]


def _names(caller: Caller, ids: Iterable[Any]) -> dict[Any, list[str]]:
    """Who asked: all of them for staff, else the caller alone."""
    askers = Asker.objects.filter(intake__in=list(ids)).order_by("pk")
    if not caller.is_staff:
        askers = askers.filter(user_id=caller.person)
    names: dict[Any, list[str]] = {}
    for pk, name in askers.values_list("intake_id", "user__username"):
        names.setdefault(pk, []).append(name)
    return names


def _record(intake: Intake, names: list[str]) -> dict[str, Any]:
    run, model, version = intake.run, intake.model, intake.version
    wanted = Selection.from_json(intake.selection)
    status = _status(intake)
    here = model is not None and version is not None and status != "failed"
    return {
        "model": model.slug if model else None,
        "repo_id": intake.repo_id,
        "version": version.number if version else None,
        "revision": version.commit if version else None,
        "downloaded_at": run.finished_at,
        "started_at": run.started_at,
        "downloaded_by": names,
        "status": status,
        "size_bytes": version.size_bytes if version else 0,
        "size_gb": round(version.size_bytes / 1e9, 6) if version else 0.0,
        "selection": wanted.words if wanted else "",
        "path": f"models/{model.slug}/{version.commit}" if here and model and version else None,
        "error": _error(intake) if status == "failed" else None,
        "workflow_id": str(run.pk),
    }


def _status(intake: Intake) -> str:
    run, version = intake.run, intake.version
    if run.state in ACTIVE:
        return "running"
    if run.state != RunState.DONE or run.result.get("outlook") == "held":
        return "failed"
    if intake.source in _OWN_FILES:
        return "uploaded"
    admitted = version is not None and version.admission == Admission.ADMITTED
    return "success" if admitted else "completed"


def _error(intake: Intake) -> dict[str, str]:
    run = intake.run
    if run.error_code:
        return {"code": run.error_code, "detail": run.error}
    return {"code": "gate_blocked", "detail": "No policy can admit it, so nothing was fetched."}
