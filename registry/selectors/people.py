"""What is known of the person behind a caller."""

from __future__ import annotations

from registry.callers import Caller
from registry.models import Team


def team_of(caller: Caller) -> Team | None:
    return Team.objects.filter(people=caller.person).first()
