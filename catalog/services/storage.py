"""What people start on the store: a collection, a look what may go, a check, a fetch anew."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from catalog.services.intake import request_intake
from core.errors import ConflictError, InvalidInputError, NotFoundError, NotPermittedError
from core.models import Run
from downloads.services import checking, collecting
from registry.callers import Caller
from registry.enums import Admission
from registry.models import Content
from registry.selectors.access import knowable_versions

_WORK: Mapping[str, Callable[[Caller], Run]] = {
    "look": lambda caller: collecting.start_collection(caller=caller, dry_run=True),
    "collect": lambda caller: collecting.start_collection(caller=caller),
    "verify": lambda caller: checking.start_check(caller=caller),
}
WORK = tuple(_WORK)


def check_staff(caller: Caller) -> None:
    """Refuse who keeps nothing here: what the store holds is not for everybody."""
    if not caller.is_staff:
        raise NotPermittedError("The storage is for operators, curators and admins.")


def start_work(*, caller: Caller, name: str) -> Run:
    """Start one of `look`, `collect` and `verify`, or give the run that is under way."""
    check_staff(caller)
    if name not in _WORK:
        raise InvalidInputError(
            f"There is no work {name!r}. Known: {', '.join(WORK)}.", field="work"
        )
    return _WORK[name](caller)


def fetch_anew(*, caller: Caller, sha256: str) -> Run:
    """Import a version that has a content in quarantine again: the new bytes heal all that do."""
    check_staff(caller)
    content = Content.objects.filter(pk=sha256, quarantined_at__isnull=False).first()
    known = knowable_versions(caller).filter(pk__in=content.quarantined_from if content else [])
    if not known.exists():
        raise NotFoundError("There is no such content in quarantine, or no version to import.")
    version = known.exclude(admission=Admission.WITHDRAWN).select_related("model").last()
    if version is None:
        raise ConflictError("Every version that has it is withdrawn.")
    answer = request_intake(
        caller=caller,
        source=version.model.source,
        repo_id=version.model.repo_id,
        revision=version.commit,
        force=True,
    )
    if answer.run is None:
        raise ConflictError("This version is not imported again; look at its page.")
    return answer.run
