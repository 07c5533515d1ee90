"""What was asked for and is not here: whose word starts an import, and how long one takes."""

from __future__ import annotations

import math
from statistics import median
from typing import Final

from django.conf import settings
from django.db.models import Exists, OuterRef, QuerySet

from core.models import ACTIVE, Run, RunState
from registry.callers import Caller
from registry.models import Demand, Model, Policy
from registry.selectors.access import knowable_models

OFF: Final = "off"
RECORD: Final = "record"
START: Final = "start"
WORDS: Final = (OFF, RECORD, START)
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


def demands_for(caller: Caller) -> QuerySet[Demand]:
    """What is asked for, without names of models that this caller may not know of."""
    named = Model.objects.filter(repo_id=OuterRef("repo_id"))
    hidden = named.exclude(pk__in=knowable_models(caller).values("pk"))
    return Demand.objects.filter(~Exists(hidden))
