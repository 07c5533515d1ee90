"""What programs ask for and the yard does not have: kept, and brought where policy says so."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from catalog.models import Asker
from catalog.selectors.demand import OFF, START, minutes_until, pull_through
from catalog.services.intake import reference, start
from catalog.sources.hf.references import is_repo_id
from core import rates
from core.errors import UpstreamNotFoundError
from core.models import Run, RunState
from core.once import is_first
from registry.callers import Caller
from registry.enums import DemandState, Scope
from registry.models import Demand, DemandAsker

ASKED_AGAIN: Final = timedelta(hours=6)  # a source that has none is not asked before
TRIED_AGAIN: Final = timedelta(hours=1)  # nor is what could not be brought
PER_HOUR: Final = 20  # names that one caller can have brought
_NAMES_PER_HOUR: Final = 200  # and have kept
_HOUR: Final = 3600
_ONCE_IN: Final = 60  # seconds: a program that asks in a loop is one who asks
_LONGEST: Final = 200


@dataclass(frozen=True, slots=True)
class Asked:
    """What became of a name: kept, on its way for so many minutes, or not at its source either."""

    state: DemandState
    minutes: int = 0
    run: Run | None = None


KEPT: Final = Asked(DemandState.RECORDED)
ABSENT: Final = Asked(DemandState.ABSENT)


def ask(
    caller: Caller, repo_id: str, revision: str = "", *, client: str = "", through: str = ""
) -> Asked | None:
    """Keep that a person asks for what is not here; start its import where their policy says so.

    Neither looks at what the yard has under the name, so that the answer for a model that is
    hidden from the caller is that for one that is missing. None where nothing is kept: by policy,
    for callers without an account, and for what is no name. With `main` the revision is empty; any
    other is only kept: the newest version that is admitted becomes `main` for everybody, and what
    that is must not be for one client to choose. `through` is what another yard said of the way
    that its question came.
    """
    if caller.user_id is None or not is_repo_id(repo_id) or len(revision) > _LONGEST:
        return None
    word = pull_through(caller)
    if word == OFF or not (demand := _keep(caller, repo_id, revision, client)):
        return None
    if word != START or revision or not caller.may(Scope.REQUEST):
        return KEPT
    return _bring(caller, demand, through)


def _keep(caller: Caller, repo_id: str, revision: str, client: str) -> Demand | None:
    """Count who asks once a minute; None where they asked for too many names lately."""
    known = Demand.objects.select_related("run").filter(repo_id=repo_id, revision=revision).first()
    if known is None and _spent("demand-names", caller, _NAMES_PER_HOUR):
        return None
    if known is None or is_first("demand", str(caller.person), str(known.pk), seconds=_ONCE_IN):
        known = _note(caller, repo_id, revision, client[:_LONGEST])
    return known


@transaction.atomic
def _note(caller: Caller, repo_id: str, revision: str, client: str) -> Demand:
    now = timezone.now()
    demand, created = Demand.objects.select_related("run").get_or_create(
        repo_id=repo_id, revision=revision, defaults={"first_at": now, "last_at": now}
    )
    if not created:
        Demand.objects.filter(pk=demand.pk).update(count=F("count") + 1, last_at=now)
    told = {"key_prefix": caller.key_prefix, "client": client, "address": caller.address}
    asker, is_new = DemandAsker.objects.get_or_create(
        demand=demand, user_id=caller.person, defaults={**told, "last_at": now}
    )
    if not is_new:
        mine = DemandAsker.objects.filter(pk=asker.pk)
        mine.update(count=F("count") + 1, last_at=now, **told)
    return demand


def _bring(caller: Caller, demand: Demand, through: str) -> Asked:
    """Start the import, join the one under way, or say what became of the last one."""
    run = demand.run
    if run is None or not run.is_active:
        if run is not None and demand.state == DemandState.STARTED:
            _settle(demand, run)
        if told := _still_known(caller, demand):
            return told
        if _spent("demand", caller, PER_HOUR):
            return KEPT
    elif Asker.objects.filter(intake_id=run.pk, user_id=caller.person).exists():
        return Asked(DemandState.STARTED, minutes_until(run), run)
    return _start(caller, demand, through)


def _still_known(caller: Caller, demand: Demand) -> Asked | None:
    """What the last import found, for as long as that counts.

    Who asked for it and does not know of the model now is told what they would be told of one that
    its source has not; others may come to know of it by asking as well.
    """
    if demand.next_try is None or demand.next_try <= timezone.now():
        return None
    if demand.state == DemandState.MET:
        mine = Asker.objects.filter(intake_id=demand.run_id, user_id=caller.person)
        return ABSENT if mine.exists() else None
    return ABSENT if demand.state == DemandState.ABSENT else KEPT


def _start(caller: Caller, demand: Demand, through: str) -> Asked:
    """Who asks is one of those who asked for the run, so they may follow it."""
    run = start(caller, reference(caller, repo_id=demand.repo_id), through=through).run
    if run is None:
        return KEPT
    demand.run, demand.state, demand.note = run, DemandState.STARTED, ""
    demand.save(update_fields=["run", "state", "note"])
    return Asked(DemandState.STARTED, minutes_until(run), run)


def _settle(demand: Demand, run: Run) -> None:
    """Note how the import ended, and not before when it is worth another one."""
    ended = run.finished_at or timezone.now()
    if run.state == RunState.DONE:
        demand.state, demand.next_try = DemandState.MET, ended + ASKED_AGAIN
    elif run.error_code == UpstreamNotFoundError.code:
        demand.state, demand.next_try = DemandState.ABSENT, ended + ASKED_AGAIN
    else:
        demand.state, demand.next_try = DemandState.RECORDED, ended + TRIED_AGAIN
    demand.note = run.error[:400]
    demand.save(update_fields=["state", "next_try", "note"])


def _spent(bucket: str, caller: Caller, quota: int) -> bool:
    """Whether this person used up what they have in an hour; counts this one."""
    return rates.take(bucket, f"user:{caller.person}", quota=quota, window=_HOUR).is_refused
