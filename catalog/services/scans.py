"""Let a version, or a content as part of one that has it, be looked at again."""

from __future__ import annotations

from catalog.selectors.inbox import FindingFilter, findings_for, places_of
from catalog.services.intake import request_intake
from core.errors import ConflictError, NotFoundError
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
    return request_scan(caller=caller, version=version)


def request_scan(*, caller: Caller, version: ModelVersion) -> Run:
    """Start the intake of a version anew: every engine looks at all its files. Or join that run."""
    check_steward(caller)
    model = version.model
    answer = request_intake(
        caller=caller,
        source=model.source,
        repo_id=model.repo_id,
        revision=version.commit,
        force=True,
    )
    if answer.run is None:
        raise ConflictError(f"{version} is scanned and decided.")
    return answer.run
