"""What the page of checks shows."""

from __future__ import annotations

import uuid
from itertools import groupby
from operator import itemgetter
from pathlib import PurePath
from typing import Any, Final

from django.conf import settings
from django.http import HttpRequest

from catalog.pages.jobs import describe
from core.errors import NotFoundError
from core.models import Run, RunState
from core.wording import listed
from hub.checking import selectors
from hub.doctor.examination import FAULT, OK
from registry.callers import Caller
from registry.enums import Scope

_FAMILY: Final = "huggingface_hub "
_SHOWN: Final = 10  # of the checks that were made


def check_context(request: HttpRequest, caller: Caller) -> dict[str, Any]:
    """The check that was asked for, else the last; the one under way; those before."""
    checks = selectors.checks_for(caller)
    run, active = _chosen(request, checks), selectors.active_check()
    url = f"{settings.PUBLIC_URL}/hf"
    return {
        "url": url,
        "command": f"python manage.py hub_doctor {url} --key -",
        "may_start": caller.may(Scope.OPERATE),
        "active": describe(active) if active else None,
        "check": _shown(run) if run else None,
        "ended": [_line(one, run) for one in _ended(checks)[:_SHOWN]],
    }


def _ended(checks: Any) -> Any:  # noqa: ANN401 a QuerySet of runs
    ended = (RunState.DONE, RunState.FAILED, RunState.CANCELLED)
    return checks.filter(state__in=ended).order_by("-created_at", "-id")


def _chosen(request: HttpRequest, checks: Any) -> Run | None:  # noqa: ANN401
    asked = request.GET.get("run", "")
    if not asked:
        newest: Run | None = checks.order_by("-created_at", "-id").first()
        return newest
    try:
        found: Run | None = checks.filter(pk=uuid.UUID(asked)).first()
    except ValueError:
        found = None
    if found is None:
        raise NotFoundError("There is no such check that you may see.")
    return found


def _shown(run: Run) -> dict[str, Any]:
    found = [one | {"settings": _by_kind(one["settings"])} for one in run.result["findings"]]
    clients = [one for one in found if one.get("asked")]
    return {
        "run": run,
        "by": run.result["by"],
        "url": run.result["url"],
        "words": words_of(run),
        "tone": _tone(run),
        "faults": [one for one in found if one["state"] == FAULT],
        "probes": [one for one in found if not selectors.is_of_client(one)],
        "clients": [_short(one["probe"]) for one in clients],
        "tasks": _by_task(clients),
        "more_clients": len(clients) == 1,
    }


def _short(client: str) -> str:
    """Its version; of one that did not start, the folder of its environment."""
    if client.startswith(_FAMILY):
        return client.removeprefix(_FAMILY)
    return PurePath(client).parent.parent.name


def _by_task(clients: list[dict[str, Any]]) -> list[dict[str, Any]]:
    """What clients were asked to do, each with what went wrong; None where one was not asked."""
    told = [dict(client["asked"]) for client in clients]
    tasks = dict.fromkeys(task for asked in told for task in asked)
    return [{"name": task, "answers": [asked.get(task) for asked in told]} for task in tasks]


def _by_kind(settings: list[list[str]]) -> list[tuple[str, str]]:
    """Join the lines for one kind of proxy, to be copied at once."""
    kinds = groupby(settings, key=itemgetter(0))
    return [(kind, "\n".join(line for _, line in lines)) for kind, lines in kinds]


def _line(run: Run, shown: Run | None) -> dict[str, Any]:
    return {
        "run": run,
        "by": run.result["by"],
        "outcome": _outcome(run),
        "words": words_of(run),
        "here": shown is not None and run.pk == shown.pk,
    }


def _tone(run: Run) -> str:
    found = selectors.tally(run)
    if found.faults or run.state == RunState.FAILED:
        return "bad"
    return "ok" if run.state == RunState.DONE and not found.skipped else "idle"


def _outcome(run: Run) -> str:
    if run.state != RunState.DONE:
        return ""
    return FAULT if selectors.tally(run).faults else OK


def words_of(run: Run) -> str:
    """Say in one line what a check found."""
    found = selectors.tally(run)
    said = []
    if run.state == RunState.FAILED:
        said.append(run.error)
    elif run.state == RunState.CANCELLED:
        said.append("Stopped before its end.")
    if found.faults:
        number = len(found.faults)
        what = "1 fault" if number == 1 else f"{number} faults"
        said.append(f"{what}: {listed(found.faults)}.")
    elif run.state == RunState.DONE:
        said.append("Nothing is wrong.")
    if found.skipped:
        said.append(f"Not looked at: {listed(found.skipped)}.")
    return " ".join(said)
