"""The one door: from a name and a revision to a version whose files this caller may have."""

from __future__ import annotations

from dataclasses import dataclass

from hub import auth, door, revisions
from hub.door import Files
from hub.errors import HubError, ListedError, RefusedError, RevisionNotFoundError
from registry import names
from registry.callers import Caller
from registry.enums import Admission
from registry.models import Model, ModelVersion
from registry.selectors.access import standing_of
from registry.standing import Standing, refusal

NOT_IMPORTED = "it is listed here and was not imported; ask for it on its page."


@dataclass(frozen=True, slots=True)
class Place:
    """An admitted version, and the path in it that was asked for."""

    model: Model
    version: ModelVersion
    path: str


def find(caller: Caller, repo_id: str, rest: str = "main", *, files: Files = Files.NONE) -> Place:
    """Give the place, or raise why not: missing or hidden, refused, no such revision.

    `files` are looked up with the place, one instead of what is told of the whole.
    """
    auth.check_reader(caller)
    asked = revisions.candidates(rest)
    found = door.look(caller, repo_id, asked, address=rest, files=files)
    if found is None:
        raise auth.not_found(caller, repo_id)
    model, parted = found.model, revisions.split(rest, found.versions)
    if parted is None:
        raise _no_version(caller, model, rest)
    version, path = parted
    if reason := refusal(standing_of(model, version), tiers=caller.tiers):
        raise RefusedError(reason, model=model, subject=str(version))
    return Place(model, version, path)


def _no_version(caller: Caller, model: Model, rest: str) -> HubError:
    """Tell nothing of the revisions to whom the model is refused; `main` may be still to come."""
    not_found = RevisionNotFoundError(f"Invalid rev id: {revisions.unknown_name(rest)}")
    awaited = model.head is None and not names.MAIN.isdisjoint(revisions.candidates(rest))
    if caller.sees(model.tier) and not awaited:
        return not_found
    if model.head is not None:
        standing = standing_of(model, model.head)
    else:
        listed = model.admission == Admission.PENDING and not model.versions.exists()
        reasons = (NOT_IMPORTED,) if listed else ()
        standing = Standing(model.repo_id, model.tier, model.admission, model.scan_verdict, reasons)
    reason = refusal(standing, tiers=caller.tiers)
    if reason is None:
        return not_found
    said = ListedError if NOT_IMPORTED in standing.reasons else RefusedError
    return said(reason, model=model, subject=model.repo_id)
