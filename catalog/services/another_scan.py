"""Ask for another scan of what is here."""

from __future__ import annotations

from catalog.services.intake import request_intake
from core.errors import ConflictError
from core.models import Run
from registry.callers import Caller, check_steward
from registry.models import ModelVersion


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
