"""Hold single files of a version back while the rest may be served, and give them back.

Which files those are others decide; here it is written, counted and told.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping

from django.db import transaction
from django.db.models import Count, Sum

from core.errors import ConflictError, InvalidInputError
from core.plain_values import plain_text
from registry import audit
from registry.callers import Caller, check_curator
from registry.enums import Admission
from registry.models import SERVED, WANTED, Model, ModelVersion
from registry.services.gates import decide

LONGEST = 400


@transaction.atomic
def hold_back(
    *, version: ModelVersion, reasons: Mapping[str, str], format_of: Callable[[str], str]
) -> bool:
    """Let exactly these paths be held back, each with its reason; say whether anything changed.

    All others are served again with the version. `format_of` names the format of a path: one that
    only files held back have is none of the version's.
    """
    Model.objects.select_for_update().get(pk=version.model_id)  # first, as everywhere
    rows = version.files.filter(WANTED).values_list("pk", "path", "held_back")
    wanted = {path: plain_text(why)[:LONGEST] for path, why in reasons.items()}
    changed = {path: pk for pk, path, why in rows if why != wanted.get(path, "")}
    for path, pk in changed.items():
        version.files.filter(pk=pk).update(held_back=wanted.get(path, ""))
    given_back = sorted(path for path in changed if path not in wanted)
    _tell_formats(version, format_of, given_back)
    if not changed:
        return False
    count_served(version)
    audit.record(
        actor="yard",
        action="version.hold_back",
        subject_type="version",
        subject=str(version),
        details={
            "held_back": {path: wanted[path] for path in sorted(changed) if path in wanted},
            "given_back": given_back,
        },
    )
    return True


def count_served(version: ModelVersion) -> None:
    """Write how many files of a version are served, and their bytes."""
    found = version.files.filter(SERVED).aggregate(files=Count("pk"), size=Sum("size"))
    version.file_count, version.size_bytes = found["files"], found["size"] or 0
    version.save(update_fields=["file_count", "size_bytes"])


def _tell_formats(
    version: ModelVersion, format_of: Callable[[str], str], given_back: Iterable[str]
) -> None:
    """Name the formats of what is served; those that content alone told stay."""
    version.refresh_from_db(fields=["config"])
    config = version.config if isinstance(version.config, dict) else {}
    known = config.get("formats")
    if not isinstance(known, list):
        return
    rows = version.files.filter(WANTED).values_list("path", "held_back")
    served = {format_of(path) for path, why in rows if not why}
    gone = {format_of(path) for path, why in rows if why} - served
    back = {name for path in given_back if (name := format_of(path))}
    told = sorted({*known} - gone | back)
    if told != known:
        version.config = config | {"formats": told}
        version.save(update_fields=["config"])


@transaction.atomic
def hold_whole(*, caller: Caller, version: ModelVersion, reason: str) -> ModelVersion:
    """Hold all of a version as long as a file of it is held back: the rest is not served either."""
    return _set_whole(caller, version, reason=reason, action="version.hold_whole")


@transaction.atomic
def serve_rest(*, caller: Caller, version: ModelVersion, reason: str) -> ModelVersion:
    """Take back `hold_whole`; policy decides the version without what is held back."""
    return _set_whole(caller, version, reason=reason, action="version.serve_rest")


def _set_whole(caller: Caller, version: ModelVersion, *, reason: str, action: str) -> ModelVersion:
    check_curator(caller)
    if not reason.strip():
        raise InvalidInputError("Say why: it is kept and shown.", field="reason")
    Model.objects.select_for_update().get(pk=version.model_id)
    version = ModelVersion.objects.select_for_update().get(pk=version.pk)
    whole = action == "version.hold_whole"
    if whole and not version.files.exclude(held_back="").exists():
        raise ConflictError(f"No file of v{version.number} is held back.")
    if not whole and not version.held_whole:
        raise ConflictError(f"v{version.number} is not held as a whole by a curator.")
    if version.admission in (Admission.PENDING, Admission.WITHDRAWN):
        raise ConflictError(
            f"v{version.number} is {version.admission}.", admission=version.admission
        )
    version.held_whole = plain_text(reason.strip())[:LONGEST] if whole else ""
    version.save(update_fields=["held_whole"])
    audit.record(
        actor=caller,
        action=action,
        subject_type="version",
        subject=str(version),
        reason=reason,
    )
    return decide(version=version, actor=caller)
