"""Checks of the Hub that were made, and what there is to try them with."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, Final

from django.conf import settings
from django.db import DatabaseError
from django.db.models import Q, QuerySet
from django.utils import timezone

from core.errors import NotPermittedError
from core.health import Part
from core.models import ACTIVE, Run, RunState
from core.wording import age
from hub.doctor.examination import FAULT, OK, SKIPPED
from hub.listing import listed_models
from registry.callers import Caller

KIND: Final = "hub_check"


@dataclass(frozen=True, slots=True)
class Tally:
    """The probes of a check by what they found."""

    faults: tuple[str, ...]
    skipped: tuple[str, ...]
    sound: int

    @property
    def is_sound(self) -> bool:
        return not self.faults and bool(self.sound)


def tally(run: Run) -> Tally:
    """Count what a check found so far."""
    by: dict[str, list[str]] = {FAULT: [], SKIPPED: [], OK: []}
    for one in run.result.get("findings", ()):
        by[one["state"]].append(one["probe"])
    return Tally(tuple(by[FAULT]), tuple(by[SKIPPED]), len(by[OK]))


def is_of_client(finding: Mapping[str, Any]) -> bool:
    """Whether a finding is what a client found, and not a probe."""
    return finding["probe"] == "client" or bool(finding.get("asked"))


def check_staff(caller: Caller) -> None:
    """Refuse who keeps nothing here: findings name hosts of the yard."""
    if not caller.is_staff:
        raise NotPermittedError("The check of the Hub is for operators, curators and admins.")


def checks_for(caller: Caller) -> QuerySet[Run]:
    """Checks that tried no model above the caller's tier; a finding names the file it tried."""
    check_staff(caller)
    return Run.objects.filter(kind=KIND, result__tier__in=[str(tier) for tier in caller.tiers])


def active_check() -> Run | None:
    """The check that is under way, whoever asked for it."""
    return Run.objects.filter(kind=KIND, state__in=ACTIVE).prefetch_related("steps").first()


def smallest_model(caller: Caller) -> str:
    """Name the smallest model that this caller can be served; '' when there is none."""
    models = listed_models(caller).filter(size_bytes__gt=0)
    found: Any = models.order_by("size_bytes", "pk").values_list("repo_id", flat=True).first()
    return str(found or "")


def address_parts() -> list[Part]:
    """The public address as the last whole check of it found it, for the yard's health."""
    name = "public address"
    of_this = Q(kind=KIND, state=RunState.DONE, result__url=f"{settings.PUBLIC_URL}/hf")
    try:
        run = Run.objects.filter(of_this).order_by("-finished_at").first()
    except DatabaseError:
        return [Part(name, "warn", "Not known: PostgreSQL does not answer.")]
    if run is None or run.finished_at is None:
        return [Part(name, "idle", "not checked yet")]
    found = tally(run)
    told = f"checked {age(run.finished_at, timezone.now())} ago"
    facts: dict[str, object] = {"checked_at": run.finished_at, "faults": list(found.faults)}
    if found.faults:
        return [Part(name, "warn", f"{', '.join(found.faults)}: {told}", facts)]
    return [Part(name, "ok", told, facts)]
