"""Ask what a model is: the record that is here, or the intake that makes it."""

from __future__ import annotations

from dataclasses import replace

from django.db.models import Q, QuerySet

from catalog import inspection, upstreams
from catalog.services.intake import IntakeAnswer, answer_with, reference, start
from catalog.services.pinning import is_commit
from catalog.sources.base import ModelRef
from core.errors import ModelyardError
from registry.callers import Caller
from registry.enums import Admission, Gate
from registry.models import GateResult, ModelVersion
from registry.selectors.access import askable_models


def request_record(
    *,
    caller: Caller,
    text: str = "",
    source: str = "huggingface",
    repo_id: str = "",
    revision: str = "",
    token: str = "",
    force: bool = False,
) -> IntakeAnswer:
    """Answer with the record of the commit that is meant, or start the run that inspects it.

    A record is told as soon as it is here, whatever became of the import. Where there is one, a
    moving name is pinned first: its source is asked, with this token, and what that lacks, refuses
    or cannot say is raised, for nobody else knows which commit is meant.
    """
    ref = reference(caller, text=text, source=source, repo_id=repo_id, revision=revision)
    if force:
        return start(caller, ref, token=token, force=True)
    pinned = _pinned(caller, ref, token)
    known = _inspected(caller, pinned, token)
    if known is not None:
        return answer_with(caller, known)
    return start(caller, replace(ref, revision=pinned.revision), token=token)


def _pinned(caller: Caller, ref: ModelRef, token: str) -> ModelRef:
    """Pin a moving name where a record may answer; else the run does so with its first request."""
    here = _records(caller, ref).order_by("-number").first()
    if here is None or is_commit(ref.revision):
        return ref
    try:
        return upstreams.name_commit(ref, token=token) or ref
    except ModelyardError as error:
        error.message = f"{error.message} Commit {here.commit} is here: ask for it as `revision`."
        raise


def _records(caller: Caller, ref: ModelRef) -> QuerySet[ModelVersion]:
    """Versions that were inspected, license and all, or decided."""
    models = askable_models(caller).filter(source=ref.source, repo_id=ref.repo_id)
    licensed = GateResult.objects.filter(gate=Gate.LICENSE).values("version")
    whole = Q(pk__in=licensed) & ~Q(extraction_status="")
    versions = ModelVersion.objects.filter(whole | ~Q(admission=Admission.PENDING))
    return versions.filter(model__in=models).select_related("model")


def _inspected(caller: Caller, ref: ModelRef, token: str) -> ModelVersion | None:
    """Find the record of a commit, unless this token may open what its source kept back from it."""
    known = _records(caller, ref).filter(commit=ref.revision or "").first()
    if known is None or inspection.is_whole(known):
        return known
    return None if token or known.admission == Admission.PENDING else known
