"""Places for files that move: no more at once than the limits allow, over all workers."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from django.db import connection, transaction
from django.utils import timezone

from core.errors import LeaseLostError
from core.models import Run
from downloads import selectors
from downloads.models import RunTransfers
from downloads.sharing import SOURCE, Demand, Limits, places_for

KEPT: Final = timedelta(seconds=20)  # after which a worker that says nothing has given them back
LOCK: Final = 7_301_441_001


@transaction.atomic
def hold(run: Run, *, wanted: int, moving: int, limits: Mapping[str, Limits]) -> int:
    """Say how many files this run may move now, and write down that it does.

    One worker decides at a time. What moves already is never stopped for another run: its place
    goes to the next when the file ends.
    """
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [LOCK])
    own = RunTransfers.objects.get(run=run)
    if own.epoch != run.epoch:
        raise LeaseLostError(f"Another worker moves the files of run {run.pk}")
    others = [demand for demand in selectors.demands() if demand.run != str(run.pk)]
    mine = Demand(str(run.pk), own.source, wanted, moving, own.priority)
    sources = {demand.source for demand in (*others, mine)}
    by_source = {name: limits.get(name, SOURCE).files for name in sources}
    places = places_for(mine.run, [*others, mine], limits[""].files, by_source) if wanted else 0
    own.wanted, own.held = wanted, max(places, moving)
    own.until = timezone.now() + KEPT if wanted else None
    own.save(update_fields=["wanted", "held", "until"])
    return places
