"""What was asked for and is not here: whose word starts an import, and how long one takes."""

from __future__ import annotations

import math
from statistics import median
from typing import Final

from django.conf import settings
from django.db.models import Count, Exists, OuterRef

from catalog.selectors.versions import check_limit
from core.models import ACTIVE, Run, RunState
from core.pages import Order, Page, page_of, read_time
from registry.callers import Caller, check_steward
from registry.enums import DemandState
from registry.models import Demand, Model, Policy
from registry.selectors.access import knowable_models

OFF: Final = "off"
RECORD: Final = "record"
START: Final = "start"
WORDS: Final = (OFF, RECORD, START)
MOST: Final = 200
_NEWEST: Final = Order(column="last_at", descending=True, read=read_time)
_LAST: Final = 20  # ended runs that tell how long one takes
_LONGEST: Final = 120  # minutes
_UNKNOWN: Final = 300.0  # seconds, while none has ended yet


def pull_through(caller: Caller) -> str:
    """What happens with a name that is not here: the word of the policy of the caller's tier.

    A policy without one leaves it to the settings; one with another word keeps quiet.
    """
    limits = Policy.objects.filter(is_active=True, tier=caller.tier).values_list(
        "limits", flat=True
    )
    word = (limits.first() or {}).get("pull_through", settings.HUB_PULL_THROUGH)
    return word if word in WORDS else OFF


def minutes_until(run: Run) -> int:
    """When the run will probably have ended, by the last of its kind and those before it."""
    ended = Run.objects.filter(kind=run.kind, state=RunState.DONE, started_at__isnull=False)
    times = ended.order_by("-finished_at").values_list("started_at", "finished_at")[:_LAST]
    took = [(finish - start).total_seconds() for start, finish in times if start and finish]
    usual = median(took) if took else _UNKNOWN
    before = Run.objects.filter(kind=run.kind, state__in=ACTIVE, created_at__lt=run.created_at)
    minutes = math.ceil(usual * (before.count() + 1) / 60)
    return max(1, min(_LONGEST, minutes))


def run_of(model: Model) -> Run | None:
    """The import of this model that is under way, the first one asked for."""
    mine = Run.objects.filter(intake__model=model, state__in=ACTIVE)
    return mine.order_by("created_at").first()


def page_of_demand(caller: Caller, *, cursor: str, limit: int) -> Page:
    """What is asked for and not here, what was asked for last first, and by how many people.

    Without names of models that this caller may not know of. Only stewards may look.
    """
    check_steward(caller)
    check_limit(limit, MOST)
    named = Model.objects.filter(repo_id=OuterRef("repo_id"))
    hidden = named.exclude(pk__in=knowable_models(caller).values("pk"))
    asked = Demand.objects.filter(~Exists(hidden)).exclude(state=DemandState.MET)
    asked = asked.select_related("run").annotate(people=Count("askers"))
    return page_of(asked, order=_NEWEST, cursor=cursor, limit=limit)
