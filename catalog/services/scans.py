"""Let a content be looked at again, as part of a version that has it."""

from __future__ import annotations

from catalog.selectors.inbox import FindingFilter, findings_for, places_of
from catalog.services.intake import request_intake
from core.errors import NotFoundError
from core.models import Run
from registry.callers import Caller, check_steward
from registry.models import ModelVersion


def scan_again(*, caller: Caller, pk: int) -> Run:
    """Start the run that scans the first version with this finding anew, and decides it."""
    check_steward(caller)
    finding = findings_for(caller, FindingFilter(state="all")).filter(pk=pk).first()
    places = places_of(caller, [finding.sha256])[finding.sha256] if finding else []
    if not places:
        raise NotFoundError("There is no such finding that you may see.", finding=pk)
    version = ModelVersion.objects.select_related("model").get(pk=places[0].version_id)
    asked = request_intake(
        caller=caller,
        source=version.model.source,
        repo_id=version.model.repo_id,
        revision=version.commit,
        force=True,
    )
    assert asked.run is not None  # noqa: S101 with `force` there always is one
    return asked.run
