"""What curators do: change a tier, accept an answer for a time, withdraw, answer requests."""

from __future__ import annotations

from datetime import timedelta

from django.db import transaction
from django.utils import timezone

from core.errors import ConflictError, InvalidInputError, NotPermittedError
from registry import audit
from registry.callers import Caller, check_curator
from registry.enums import Admission, Gate, RequestState, Scope, Tier
from registry.models import AccessRequest, Model, ModelVersion, User, Waiver
from registry.policy import UNWAIVABLE
from registry.services import notices
from registry.services.gates import decide, preview
from registry.services.heads import refresh_head

WAIVER_LASTS = timedelta(days=90)


@transaction.atomic
def change_tier(*, caller: Caller, model: Model, tier: str, reason: str = "") -> Model:
    """Let a curator set the lowest tier that may have a model; policy no longer moves it."""
    check_curator(caller)
    if tier not in Tier.values:
        raise InvalidInputError(f"There is no tier {tier!r}.", field="tier")
    model = Model.objects.select_for_update().get(pk=model.pk)
    before, model.tier, model.tier_by_curator = model.tier, Tier(tier), True
    model.updated_at = timezone.now()
    model.save(update_fields=["tier", "tier_by_curator", "updated_at"])
    audit.record(
        actor=caller,
        action="model.tier",
        subject_type="model",
        subject=model.repo_id,
        reason=reason,
        details={"before": before, "after": tier},
    )
    return model


@transaction.atomic
def withdraw(*, caller: Caller, version: ModelVersion, reason: str) -> ModelVersion:
    """Take a version out of service. Its record stays; the bytes are refused from now on."""
    check_curator(caller)
    model = Model.objects.select_for_update().get(pk=version.model_id)
    version = ModelVersion.objects.select_for_update().get(pk=version.pk)
    before, version.admission = version.admission, Admission.WITHDRAWN
    version.withdrawn_at = version.withdrawn_at or timezone.now()
    version.withdrawn_reason = reason[:400]
    version.save(update_fields=["admission", "withdrawn_at", "withdrawn_reason"])
    refresh_head(model)
    audit.record(
        actor=caller,
        action="version.withdraw",
        subject_type="version",
        subject=str(version),
        reason=reason,
        details={"before": before},
    )
    if before == Admission.ADMITTED:
        notices.tell_loss(version, reason=reason)
    return version


@transaction.atomic
def withdraw_listing(*, caller: Caller, model: Model, reason: str) -> Model:
    """Say that a model which was listed and never imported is not offered; an import may follow."""
    check_curator(caller)
    model = Model.objects.select_for_update().get(pk=model.pk)
    if model.head_id is not None:
        raise ConflictError(f"{model.repo_id} has a version now; withdraw that.")
    model.admission, model.updated_at = Admission.WITHDRAWN, timezone.now()
    model.save(update_fields=["admission", "updated_at"])
    audit.record(
        actor=caller,
        action="model.withdraw",
        subject_type="model",
        subject=model.repo_id,
        reason=reason,
    )
    return model


@transaction.atomic
def request_access(
    *, caller: Caller, model: Model, tier: str = "", reason: str = "", needs_curator: bool = False
) -> AccessRequest:
    """Keep that this person wants the model. Asking again adds to the open request."""
    if not caller.may(Scope.REQUEST) or caller.user_id is None:
        raise NotPermittedError("This needs the scope request.")
    wanted = tier or (caller.tier.value if caller.tier else Tier.LITE.value)
    if wanted not in caller.tiers:
        raise NotPermittedError(f"You may not ask for tier {wanted}.", field="tier")
    request, created = AccessRequest.objects.get_or_create(
        user_id=caller.user_id,
        model=model,
        state=RequestState.OPEN,
        defaults={"tier": wanted, "reason": reason, "needs_curator": needs_curator},
    )
    if not created and ((needs_curator and not request.needs_curator) or reason):
        request.needs_curator = request.needs_curator or needs_curator
        request.reason = reason or request.reason
        request.save(update_fields=["needs_curator", "reason"])
    audit.record(
        actor=caller,
        action="model.request",
        subject_type="model",
        subject=model.repo_id,
        reason=reason,
        details={"tier": wanted, "curator_asked": needs_curator},
    )
    return request


def request_access_of(*, user_id: int, model: Model) -> None:
    """Note that this person asked for the model when it was not known yet, at their own tier."""
    user = User.objects.get(pk=user_id)
    AccessRequest.objects.get_or_create(
        user=user, model=model, state=RequestState.OPEN, defaults={"tier": user.tier}
    )


def ask_curator_of(*, username: str, model: Model, reason: str) -> None:
    """Put the open request of this person before the curators: policy alone cannot answer it."""
    mine = model.requests.filter(user__username=username, state=RequestState.OPEN)
    mine.filter(needs_curator=False).update(needs_curator=True, reason=reason)


@transaction.atomic
def close_satisfied(model: Model) -> None:
    """Close open requests that the decision satisfied; the others stay for a curator to answer."""
    model.refresh_from_db()
    if model.admission == Admission.ADMITTED:
        for request in model.requests.filter(state=RequestState.OPEN).select_related("user"):
            if model.tier in Tier.up_to(request.tier):
                _close(request, RequestState.APPROVED, note="Admitted by policy.")


def _close(
    request: AccessRequest, state: RequestState, *, note: str, by: User | None = None
) -> None:
    request.state, request.note = state, note
    request.decided_by, request.decided_at = by, timezone.now()
    request.save(update_fields=["state", "note", "decided_by", "decided_at"])


def _open(request: AccessRequest) -> AccessRequest:
    locked = AccessRequest.objects.select_for_update().get(pk=request.pk)
    if locked.state != RequestState.OPEN:
        raise ConflictError(f"This request was already {locked.state}.", state=locked.state)
    return locked


@transaction.atomic
def approve(*, caller: Caller, request: AccessRequest, note: str = "") -> AccessRequest:
    """Give what was asked for: waive what may be waived for that tier, for a time.

    Refuses when a gate that nobody may waive (malware, integrity) answered no. One that has not
    answered, because no byte was fetched yet, still has to pass before the version is admitted.
    """
    check_curator(caller)
    request = _open(request)
    model = Model.objects.select_for_update().get(pk=request.model_id)
    version = model.head
    if version is None or not version.pinned_at:
        raise ConflictError("Nothing has been inspected yet; wait for the intake to finish.")
    if version.admission == Admission.WITHDRAWN:
        raise ConflictError("This version was withdrawn; a newer one has to be imported.")
    by = User.objects.get(pk=caller.person)
    _waive_blockers(version, tier=request.tier, by=by, reason=note or request.reason)
    ModelVersion.objects.filter(pk=version.pk).update(needs_curator=False)
    version = decide(version=version, actor=caller)
    if preview(version, skip=UNWAIVABLE).lowest_tier not in Tier.up_to(request.tier):
        raise ConflictError(f"The policy of tier {request.tier} still refuses this version.")
    model.refresh_from_db()
    asked = Tier.up_to(request.tier)
    kept_up = model.tier_by_curator or model.tier_floor not in asked
    if kept_up and model.tier not in asked:
        change_tier(caller=caller, model=model, tier=request.tier, reason=note)
    _close(request, RequestState.APPROVED, note=note, by=by)
    _record_answer(caller, request)
    return request


def _waive_blockers(version: ModelVersion, *, tier: str, by: User, reason: str) -> None:
    outlook = preview(version, skip=UNWAIVABLE)
    decided = next((one for one in outlook.tiers if one.tier == tier), None)
    if decided is None:
        raise ConflictError(f"Tier {tier} has no policy.")
    gates = {("license" if r.gate == "license_class" else r.gate) for r in decided.blockers}
    if stuck := sorted(gate for gate in gates if gate in UNWAIVABLE or gate not in Gate.values):
        what = "; ".join(r.reason for r in decided.blockers if r.gate in stuck)
        raise ConflictError(f"Cannot be waived: {', '.join(stuck)}. {what}", gates=stuck)
    for gate in sorted(gates):
        Waiver.objects.create(
            version=version,
            gate=gate,
            tier=tier,
            reason=reason,
            granted_by=by,
            expires_at=timezone.now() + WAIVER_LASTS,
        )


@transaction.atomic
def refuse(*, caller: Caller, request: AccessRequest, note: str) -> AccessRequest:
    """Say no, with words that the person who asked will read."""
    check_curator(caller)
    if not note.strip():
        raise InvalidInputError("Say why: the person who asked will read it.", field="note")
    request = _open(request)
    _close(request, RequestState.REFUSED, note=note, by=User.objects.get(pk=caller.person))
    _record_answer(caller, request)
    return request


def _record_answer(caller: Caller, request: AccessRequest) -> None:
    audit.record(
        actor=caller,
        action=f"request.{'approve' if request.state == RequestState.APPROVED else 'refuse'}",
        subject_type="model",
        subject=request.model.repo_id,
        reason=request.note,
        details={"for": request.user.username, "tier": request.tier},
    )
