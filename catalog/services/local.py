"""Look at the models of this machine: find them, read each file once, bring in what is wanted."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Final

import structlog
from django.conf import settings
from django.db import transaction
from django.db.models import Q
from django.utils import timezone

from catalog import upstreams
from catalog.models import LocalLook, LocalModel
from catalog.openness import check_may_look
from catalog.services.intake import IntakeAnswer, begin_automatic, request_intake
from catalog.services.wishes import grant_wishes
from catalog.sources.base import ModelRef
from catalog.sources.folder.discovery import (
    Discovery,
    FoundModel,
    discover,
    fingerprint_of,
    place_problem,
)
from core import jobs
from core.errors import (
    InvalidInputError,
    ModelyardError,
    NotFoundError,
    NotPermittedError,
    SourceChangedError,
    UpstreamNotFoundError,
)
from core.folders import FoundFile, Refused, in_words, look_below
from registry import audit
from registry.callers import Caller

log = structlog.get_logger(__name__)
LEASE: Final = timedelta(minutes=2)
MOST_FILES: Final = 1_000_000
MOST_PROBLEMS: Final = 50
SOURCE: Final = "disk"


def ask_to_look(caller: Caller) -> None:
    """Look at this machine soon, in the background."""
    check_may_look(caller)
    audit.record(actor=caller, action="local.look", subject_type="folder", subject="MODELS_DIR")
    jobs.enqueue("catalog.look_locally", queue="downloads")


def request_scan_of(caller: Caller, name: str) -> IntakeAnswer:
    """Start the intake of what is at this name below MODELS_DIR, or answer with what is decided.

    A link on the way is none of ours: it is refused like a path that leads away.
    """
    check_may_look(caller)
    try:
        next(look_below(settings.MODELS_DIR, name, most=MOST_FILES), None)
    except UpstreamNotFoundError as error:
        raise NotFoundError(f"There is no {in_words(name)} in the models directory.") from error
    except InvalidInputError as error:
        raise NotPermittedError(error.message, field="model_path") from error
    return request_intake(caller=caller, source=SOURCE, repo_id=name)


def look_locally(told: Path | None = None) -> bool:
    """Do one look; False when another process is at it. Whatever dies, the next look goes on.

    A list `told` on the command line comes before that of the settings.
    """
    if not _claim():
        return False
    try:
        _note(_look())
        grant_wishes(renew=_renew, told=told)
        for model in LocalModel.objects.filter(commit="", problem=""):
            _renew()
            _read(model)
        if settings.LOCAL_IMPORT:
            _bring_all()
    finally:
        LocalLook.objects.update(lease_until=None)
    return True


def _claim() -> bool:
    now = timezone.now()
    LocalLook.objects.get_or_create(pk=1)
    free = Q(lease_until__isnull=True) | Q(lease_until__lt=now)
    return bool(LocalLook.objects.filter(free).update(lease_until=now + LEASE))


def _renew() -> None:
    LocalLook.objects.update(lease_until=timezone.now() + LEASE)


def find_below(folder: Path) -> Discovery:
    """Find what is there. A folder that is not there holds nothing, and that is said."""
    try:
        return discover(look_below(folder, "", most=MOST_FILES))
    except UpstreamNotFoundError:
        problem = f"The folder {folder} (MODELS_DIR) is not there: make it, or set it."
        return Discovery((), (problem,), 0)
    except ModelyardError as error:
        return Discovery((), (error.message,), 0)


def _look() -> Discovery:
    found = find_below(settings.MODELS_DIR)
    places = tuple(_places())
    models = {model.name: model for model in found.models}
    models |= {model.name: model for model in places}  # what a setting names comes first
    return Discovery(tuple(models.values()), found.problems, found.file_count)


def _places() -> Iterator[FoundModel]:
    for name, place in upstreams.named_places().items():
        try:
            entries = list(look_below(place.parent, place.name, most=MOST_FILES))
        except ModelyardError as error:
            yield FoundModel(name, "place", 0, 0, "", f"VOSK_MODEL_PATH: {error.message}")
            continue
        files = [one for one in entries if isinstance(one, FoundFile)]
        refused = [f"{one.path} is {one.reason}." for one in entries if isinstance(one, Refused)]
        problem = place_problem(one.path for one in files) or "".join(refused[:1])
        size = sum(one.size for one in files)
        yield FoundModel(name, "place", size, len(files), fingerprint_of(files), problem)


@transaction.atomic
def _note(found: Discovery) -> None:
    """Write down what changed since the last look: a second look at the same writes one row."""
    now = timezone.now()
    known = {row.name: row for row in LocalModel.objects.all()}
    fresh, changed = [], []
    for model in found.models:
        row = known.pop(model.name, None)
        if row is None:
            row = LocalModel(name=model.name)
            fresh.append(row)
        elif _is_same(row, model):
            continue
        else:
            changed.append(row)
        _fill(row, model)
        row.changed_at = now
    LocalModel.objects.bulk_create(fresh, batch_size=1000)
    fields = ["kind", "size_bytes", "file_count", "fingerprint", "commit", "problem", "changed_at"]
    LocalModel.objects.bulk_update(changed, fields, batch_size=1000)
    LocalModel.objects.filter(pk__in=[row.pk for row in known.values()]).delete()
    problems = list(found.problems[:MOST_PROBLEMS])
    told = LocalLook.objects.values_list("problems", flat=True).first() or []
    LocalLook.objects.update(looked_at=now, file_count=found.file_count, problems=problems)
    for problem in problems:
        if problem not in told:
            log.warning("local_problem", reason=problem)


def _is_same(row: LocalModel, model: FoundModel) -> bool:
    """Whether there is nothing new to say; what failed to be read is tried again."""
    same = (row.fingerprint, row.kind) == (model.fingerprint, model.kind)
    return same and row.problem == model.problem


def _fill(row: LocalModel, model: FoundModel) -> None:
    row.kind, row.size_bytes, row.file_count = model.kind, model.size, model.file_count
    row.fingerprint, row.problem, row.commit = model.fingerprint, model.problem, ""


def _read(model: LocalModel) -> None:
    """Hash what was not hashed yet; a file that somebody still writes waits for the next look."""
    said = ""
    with upstreams.source_for(SOURCE, heard=_Pulse()) as source:
        try:
            commit = source.resolve(ModelRef(SOURCE, model.name)).commit
        except SourceChangedError as error:
            log.info("local_file_grows", model=model.name, reason=error.message)
            return
        except ModelyardError as error:
            commit, said = "", error.message
            log.warning("local_problem", model=model.name, reason=said)
    same = LocalModel.objects.filter(pk=model.pk, fingerprint=model.fingerprint)
    same.update(commit=commit, problem=said)


class _Pulse:
    """Renew the lease now and then while a large file is read."""

    def __init__(self) -> None:
        self.unsaid = 0

    def __call__(self, count: int) -> None:
        self.unsaid += count
        if self.unsaid > 1 << 30:  # seconds even on a slow disk
            self.unsaid = 0
            _renew()


def _bring_all() -> None:
    """Import every model that was read and that is not here at this commit (LOCAL_IMPORT)."""
    for model in LocalModel.objects.exclude(commit=""):
        begin_automatic(ModelRef(SOURCE, model.name, model.commit), reason="LOCAL_IMPORT")
