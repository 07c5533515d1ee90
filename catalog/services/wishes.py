"""Bring in what lists name: `models.txt`, then the minimal set. Failures are told, never raised."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Final

import structlog
from django.conf import settings
from django.utils import timezone

from catalog import upstreams
from catalog.model_list import MINIMAL, Fault, Line, ModelList, read_list
from catalog.models import Intake, LocalLook, LocalModel, Wish
from catalog.services.intake import AGAIN_AFTER, begin_automatic
from catalog.sources.base import ModelRef
from core.errors import ModelyardError
from core.models import RunState
from registry.models import ModelVersion

log = structlog.get_logger(__name__)
LARGEST_LIST: Final = 1 << 20
FILE, SET, TOLD = "models.txt", "minimal set", "command line"
SKIPPED: Final = "Not downloaded: SKIP_MODEL_DOWNLOADS is set."
State = Wish.State


def list_in_force(told: Path | None) -> Path:
    """Return the list that counts: of the command line, else of the settings.

    These have it from the environment, else the configuration file, else the default.
    """
    return told or settings.MODELS_FILE


def grant_wishes(*, renew: Callable[[], None], told: Path | None = None) -> None:
    """Ask for every listed model that is not here yet, each by itself.

    A list `told` on the command line is asked for in place of those of the settings, whose wishes
    stay; its own are kept until the next look by the settings.
    """
    listed = read_models_file(list_in_force(told))
    of_list = TOLD if told else FILE
    lines = [(of_list, line) for line in listed.lines]
    if settings.MINIMAL_MODELS and not told:
        lines += [(SET, line) for line in read_list(MINIMAL.encode()).lines]
    faults = list(listed.faults)
    seen: set[str] = set()
    for origin, line in lines:
        if line.uri in seen:
            continue  # models.txt comes before the minimal set
        seen.add(line.uri)
        renew()
        wish = _wish(origin, line)
        try:
            _grant(wish, line)
        except ModelyardError as error:
            _fail(wish, error.message)
            if origin == of_list:
                faults.append(Fault(line.number, error.message))
        wish.save()
    if not told:
        Wish.objects.exclude(uri__in=seen).delete()
    _tell([str(fault) for fault in _in_order(faults)])


def read_models_file(path: Path) -> ModelList:
    """Read a list; one that is not there lists nothing."""
    try:
        with path.open("rb") as file:
            data = file.read(LARGEST_LIST + 1)
    except FileNotFoundError:
        return ModelList()
    except OSError as error:
        return ModelList(faults=(Fault(0, f"{path.name}: {error.strerror}"),))
    if len(data) > LARGEST_LIST:
        return ModelList(faults=(Fault(0, f"the list is longer than {LARGEST_LIST} bytes"),))
    return read_list(data)


def usable_lines(path: Path) -> ModelList:
    """Read a list and leave out, with their numbers, lines that name no model; keeps nothing."""
    listed = read_models_file(path)
    lines, faults = [], list(listed.faults)
    for line in listed.lines:
        try:
            for name in line.names:
                upstreams.parse(name)
        except ModelyardError as error:
            faults.append(Fault(line.number, error.message))
        else:
            lines.append(line)
    return ModelList(tuple(lines), tuple(_in_order(faults)))


def _in_order(faults: list[Fault]) -> list[Fault]:
    return sorted(faults, key=lambda fault: fault.number)


def _tell(faults: list[str]) -> None:
    look, _ = LocalLook.objects.get_or_create(pk=1)
    look.list_problems = faults
    look.save(update_fields=["list_problems"])
    for fault in faults:
        log.warning("models_file", fault=fault)


def _wish(origin: str, line: Line) -> Wish:
    wish = Wish.objects.filter(uri=line.uri).first() or Wish(uri=line.uri)
    wish.origin, wish.line = origin, line.number
    return wish


def _grant(wish: Wish, line: Line) -> None:
    refs = {name: upstreams.parse(name) for name in line.names}
    if here := next((name for name, ref in refs.items() if _is_here(wish, ref)), None):
        wish.taken, wish.state, wish.note = here, State.HERE, ""
    elif local := next((found for ref in refs.values() if (found := _local(ref))), None):
        _grant_local(wish, local)
    elif settings.SKIP_MODEL_DOWNLOADS and any(ref.source != "disk" for ref in refs.values()):
        wish.state, wish.note = State.SKIPPED, SKIPPED
    else:
        _follow(wish, refs)


def _grant_local(wish: Wish, ref: ModelRef) -> None:
    """Take what lies on this machine instead of downloading it."""
    name = f"disk:{ref.repo_id}"
    if _is_here(wish, ref):
        wish.taken = name
    else:
        _follow(wish, {name: ref})
    if wish.state != State.FAILED:
        wish.state = State.LOCAL
        wish.note = f"Found on this machine as {name}, so it is not downloaded."


def _is_here(wish: Wish, ref: ModelRef) -> bool:
    """Whether the version is in the yard; a moving name counts once some commit of it is."""
    versions = ModelVersion.objects.filter(model__source=ref.source, model__repo_id=ref.repo_id)
    intakes = Intake.objects.filter(
        source=ref.source,
        repo_id=ref.repo_id,
        revision=ref.revision or "",
        run__state=RunState.DONE,
        version__isnull=False,
    )
    named = intakes.values_list("version__commit", flat=True).order_by("-run__created_at").first()
    if named is None:
        exact = versions.filter(commit=ref.revision) if ref.revision else versions
        named = exact.exclude(decided_at=None).values_list("commit", flat=True).first()
    wish.commit = named or wish.commit
    return named is not None


def _local(ref: ModelRef) -> ModelRef | None:
    """The same model on this machine: by its whole name, or a place that has its last part."""
    if ref.source == "disk":
        return None
    place = f"vosk/{ref.repo_id.rpartition('/')[2]}"
    names = [ref.repo_id, *([place] if place in upstreams.named_places() else [])]
    found = LocalModel.objects.filter(name__in=names, problem="")
    models = {model.name: ModelRef("disk", model.name) for model in found}
    return models.get(place) or models.get(ref.repo_id)


def _follow(wish: Wish, refs: dict[str, ModelRef]) -> None:
    """Start the run, or see how the last one ended: the next name of the line, or later again."""
    names = list(refs)
    at = names.index(wish.taken) if wish.taken in names else -1
    if wish.run is not None and at >= 0:
        if wish.run.is_active:
            wish.state, wish.note = State.RUNNING, ""
            return
        why = wish.run.error or wish.run.state
        _fail(wish, why if names[at] in why else f"{names[at]}: {why}")
        if at + 1 == len(names):
            if wish.next_try is not None and wish.next_try > timezone.now():
                return
            at = -1
    _take(wish, names[at + 1], refs[names[at + 1]])


def _take(wish: Wish, name: str, ref: ModelRef) -> None:
    run = begin_automatic(ref, reason=f"{wish.origin}, line {wish.line}")
    wish.taken, wish.run, wish.state, wish.note = name, run, State.RUNNING, ""
    wish.next_try = timezone.now() + AGAIN_AFTER


def _fail(wish: Wish, reason: str) -> None:
    if wish.note != reason:
        log.warning("wish_failed", uri=wish.uri, origin=wish.origin, reason=reason)
    wish.state, wish.note = State.FAILED, reason
