"""Which runs a caller may follow."""

from __future__ import annotations

from django.db.models import Q, QuerySet

from catalog.models import Asker
from core.models import Run
from registry.callers import Caller
from registry.enums import Scope

_STAFF = (Scope.OPERATE, Scope.CURATE, Scope.ADMIN)


def runs_for(caller: Caller) -> QuerySet[Run]:
    """Runs the caller asked for; for staff also those of models of their tier, and of none yet."""
    asked = Q(pk__in=Asker.objects.filter(user_id=caller.person).values("intake_id"))
    if caller.user_id is None:
        return Run.objects.none()
    if not any(caller.may(scope) for scope in _STAFF):
        return Run.objects.filter(asked)
    seen = Q(intake__model__isnull=True) | Q(intake__model__tier__in=caller.tiers)
    return Run.objects.filter(asked | seen)
