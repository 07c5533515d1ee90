"""The numbers of runs and versions for /metrics: three short queries at each scrape."""

from __future__ import annotations

from django.db.models import Count, Min, Sum, Value
from django.utils import timezone

from catalog.engines import refresh_gauge
from catalog.models import FacetCount
from core.metrics import gauge
from core.models import ACTIVE, Run, RunState, RunStep, StepState
from registry.enums import Admission

_runs = gauge("runs", "Active runs by state", ["state"])
_models = gauge("models", "Models by the admission of their head", ["admission"])
_waiting = gauge("queue_waiting", "Active runs that wait for a queue", ["queue"])
_age = gauge("queue_age_seconds", "Age of the oldest active run that waits for a queue", ["queue"])


def refresh() -> None:
    """Set every gauge from the database; a value that is gone is removed, not kept."""
    _count()
    _look_at_queues()
    refresh_gauge()


def _count() -> None:
    """Active runs by state, and models by the admission of their head, in one query."""
    # Ended runs are not counted: their number only grows, and the table with it.
    active = Run.objects.filter(state__in=ACTIVE).order_by().values("state")
    single = FacetCount.objects.filter(facet="admission", other_facet="").values("value")
    runs = active.annotate(n=Count("pk")).values_list(Value("run"), "state", "n")
    models = single.annotate(n=Sum("n")).values_list(Value("model"), "value", "n")
    found = {(kind, value): n for kind, value, n in runs.union(models, all=True)}
    for state in (RunState.QUEUED, RunState.RUNNING):
        _runs.labels(state.value).set(found.get(("run", state.value), 0))
    for value in Admission.values:
        _models.labels(value).set(found.get(("model", value), 0))


def _look_at_queues() -> None:
    """A queue's age is that of the oldest run whose next step is for it."""
    waiting = RunStep.objects.filter(run__state__in=ACTIVE, state=StepState.WAITING)
    next_steps = waiting.order_by("run_id", "position").distinct("run_id").values("pk")
    rows = (
        RunStep.objects.filter(pk__in=next_steps, run__lease_until__isnull=True)
        .order_by()
        .values_list("queue")
        .annotate(n=Count("pk"), oldest=Min("run__created_at"))
    )
    _waiting.clear()
    _age.clear()
    now = timezone.now()
    for queue, n, oldest in rows:
        _waiting.labels(queue).set(n)
        _age.labels(queue).set((now - oldest).total_seconds())
