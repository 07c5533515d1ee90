"""Ask for a version: keep the request, start its run, or give what is decided already."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from catalog import upstreams
from catalog.models import Asker, Intake
from catalog.openness import check_may_ask
from catalog.sources.base import ModelRef
from catalog.taking import wider
from core import vault
from core.errors import InvalidInputError, NotPermittedError
from core.jobs import cancel_run, retry_run, start_run
from core.models import Run, StepState
from downloads import services as downloads
from downloads.planning.selection import Selection
from registry import audit
from registry.callers import Caller
from registry.enums import Admission, Scope
from registry.models import Model, ModelVersion
from registry.selectors.access import askable_models
from registry.services.curation import request_access
from registry.services.failures import clear_failure

KIND = "intake"
AGAIN_AFTER = timedelta(hours=6)  # what failed is not begun again by itself before that


@dataclass(frozen=True, slots=True)
class IntakeAnswer:
    """`done` means that the revision is here and decided: nothing was started."""

    run: Run | None
    model: Model | None
    version: ModelVersion | None
    done: bool


def request_intake(
    *,
    caller: Caller,
    text: str = "",
    source: str = "huggingface",
    repo_id: str = "",
    revision: str = "",
    token: str = "",
    force: bool = False,
    selection: Selection | None = None,
) -> IntakeAnswer:
    """Start the intake of a model, join the one that runs, or answer with what is decided.

    A token is used for this run only: sealed, outside the database, forgotten when the run ends.
    `selection` says which files are wanted; without one a version that is here stays as it is, and
    a new one is taken whole.
    """
    ref = reference(caller, text=text, source=source, repo_id=repo_id, revision=revision)
    known = None if force else _decided(caller, ref)
    if known is not None and not wider(known, selection):
        return answer_with(caller, known)
    return start(caller, ref, token=token, force=force, selection=selection)


def reference(
    caller: Caller,
    *,
    text: str = "",
    source: str = "huggingface",
    repo_id: str = "",
    revision: str = "",
) -> ModelRef:
    """Read what a caller asks for; refuse who may not ask for that."""
    if not caller.may(Scope.REQUEST):
        raise NotPermittedError("This needs the scope request.")
    if text:
        ref = upstreams.parse(text)
        ref = ref if not revision else upstreams.named(ref.source, ref.repo_id, revision)
    elif repo_id:
        ref = upstreams.named(source, repo_id, revision)
    else:
        raise InvalidInputError("Name a model: `org/name`, an address, or `org/name@commit`.")
    check_may_ask(caller, ref)
    return ref


def answer_with(caller: Caller, known: ModelVersion) -> IntakeAnswer:
    """Answer with what is here. Who asked may know it from now on, whatever their tier."""
    if not caller.sees(known.model.tier):
        request_access(caller=caller, model=known.model)
    return IntakeAnswer(run=None, model=known.model, version=known, done=True)


def _decided(caller: Caller, ref: ModelRef) -> ModelVersion | None:
    """The version of a named commit when it needs no more work.

    What a source hides is not told by name: who asks must read it there, or know of it already.
    """
    return (
        ModelVersion.objects.filter(
            model__in=askable_models(caller).filter(source=ref.source, repo_id=ref.repo_id),
            commit=ref.revision or "",
        )
        .exclude(admission=Admission.PENDING)
        .select_related("model")
        .first()
    )


@transaction.atomic
def start(
    caller: Caller,
    ref: ModelRef,
    *,
    token: str = "",
    force: bool = False,
    selection: Selection | None = None,
    through: str = "",
) -> IntakeAnswer:
    """Start the run of a reference that was read, or join the one that works on it.

    `through` is what a question from another yard said of its way (core.yards).
    """
    lender = caller if token else None
    intake, created = begin(ref, force=force, lender=lender, selection=selection, through=through)
    if created and token:
        vault.keep(str(intake.pk), token)
    if caller.user_id is not None:
        Asker.objects.get_or_create(intake=intake, user_id=caller.user_id)
        if intake.model is not None:
            request_access(caller=caller, model=intake.model)
    audit.record(
        actor=caller,
        action="intake.request",
        subject_type="run",
        subject=intake.run.key,
        outcome="started" if created else "joined",
        details={"selection": selection.words} if selection else {},
    )
    return IntakeAnswer(run=intake.run, model=intake.model, version=intake.version, done=False)


@transaction.atomic
def start_private(caller: Caller, ref: ModelRef) -> Run:
    """Start the run of what a person brings themselves: nobody else joins it or knows of it."""
    intake, _ = begin(ref, lender=caller)
    if caller.user_id is not None:
        Asker.objects.get_or_create(intake=intake, user_id=caller.user_id)
    audit.record(
        actor=caller,
        action="intake.request",
        subject_type="run",
        subject=intake.run.key,
        outcome="started",
    )
    return intake.run


@transaction.atomic
def begin_automatic(ref: ModelRef, *, reason: str) -> Run | None:
    """Start the run of a model that a setting or list asks for; None when its commit is here.

    A moving name is resolved to its commit by the run itself, which records it. What failed lately
    is not begun again.
    """
    versions = ModelVersion.objects.filter(
        model__source=ref.source, model__repo_id=ref.repo_id, decided_at__isnull=False
    )
    if ref.revision and versions.filter(commit=ref.revision).exists():
        return None
    last = Run.objects.filter(kind=KIND, key=_key(ref)).order_by("-created_at").first()
    if last and last.finished_at and last.finished_at > timezone.now() - AGAIN_AFTER:
        return last
    intake, created = begin(ref)
    if created:
        audit.record(
            actor="yard",
            action="intake.request",
            subject_type="run",
            subject=intake.run.key,
            outcome="started",
            reason=reason,
        )
    return intake.run


@transaction.atomic
def begin(
    ref: ModelRef,
    *,
    force: bool = False,
    lender: Caller | None = None,
    selection: Selection | None = None,
    needs_curator: bool = False,
    through: str = "",
) -> tuple[Intake, bool]:
    """Start the run of this reference, or give the one that works on it already.

    A run with the own token of a person (`lender`) is theirs: nobody else joins it by name. What
    is pinned by a run that no person asked for may have to wait for a curator (`needs_curator`).
    Work that is to be done again (`force`) is a run beside one that may have done it already.
    """
    run, created = start_run(kind=KIND, key=_key(ref, lender, selection, force=force))
    if not created:
        return Intake.objects.select_related("run", "model", "version").get(run=run), False
    intake = Intake.objects.create(
        run=run,
        source=ref.source,
        repo_id=ref.repo_id,
        revision=ref.revision or "",
        force=force,
        selection=selection.to_json() if selection else {},
        needs_curator=needs_curator,
        through=through,
        token_by=lender.name if lender else "",
        model=Model.objects.filter(
            source=ref.source, repo_id=ref.repo_id, is_private=False
        ).first(),
    )
    return intake, True


def _key(
    ref: ModelRef,
    lender: Caller | None = None,
    selection: Selection | None = None,
    *,
    force: bool = False,
) -> str:
    """Name what the run works on; other files of the same commit are other work."""
    key = f"{ref.source}:{ref.repo_id}@{ref.revision or 'main'}"
    if selection is not None:
        words = selection.words
        told = hashlib.sha256(words.encode()).hexdigest()[:12] if len(words) > 40 else words  # noqa: PLR2004 beyond, the key has no room
        key = f"{key} ({told})"
    key = f"{key} again" if force else key
    return f"{key} for {lender.person}" if lender else key


def cancel_intake(*, caller: Caller, run: Run) -> None:
    """Stop a run. People may stop what they alone asked for; operators and curators any."""
    check_may_steer(caller, run)
    cancel_run(run.pk)
    audit.record(actor=caller, action="intake.cancel", subject_type="run", subject=run.key)


@transaction.atomic
def retry_intake(*, caller: Caller, run: Run, token: str = "") -> None:
    """Continue a run where it stopped, with a fresh token of the source where one is given.

    The token of the first try is forgotten by then; this one is kept and forgotten the same way.
    """
    check_may_steer(caller, run)
    intake = Intake.objects.select_related("run", "version").filter(run=run).first()
    if intake is None:  # work on the store as a whole
        retry_run(run.pk)
        return
    if token:
        intake.token_by = caller.name
        intake.save(update_fields=["token_by"])
        ref = ModelRef(intake.source, intake.repo_id, intake.revision or None)
        kept = Selection.from_json(intake.selection)
        Run.objects.filter(pk=run.pk).update(key=_key(ref, caller, kept, force=intake.force))
    _rewind(intake)
    retry_run(run.pk)
    downloads.revive(run)
    if intake.version is not None:
        clear_failure(intake.version)
    audit.record(actor=caller, action="intake.retry", subject_type="run", subject=run.key)
    if token:  # last: what is written above is undone when the token cannot be kept
        vault.keep(str(run.pk), token)


def _rewind(intake: Intake) -> None:
    """Begin with the files again where the run's end put back what it was to bring."""
    version, wanted = intake.version, Selection.from_json(intake.selection)
    if version is not None and wider(version, wanted):
        steps = intake.run.steps.exclude(name="resolve")
        steps.update(state=StepState.WAITING, done=0, total=None, message="")


def check_may_steer(caller: Caller, run: Run) -> None:
    """Refuse who may not change a run: people may what they alone asked for, staff any."""
    if caller.is_steward:
        return
    askers = set(Asker.objects.filter(intake_id=run.pk).values_list("user_id", flat=True))
    if askers != {caller.user_id} or not caller.may(Scope.REQUEST):
        raise NotPermittedError("Others asked for this too; an operator or curator may do that.")
