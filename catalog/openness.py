"""The source gate: may this yard read the version by itself, or only with one person's token?"""

from __future__ import annotations

from typing import Any

from catalog import upstreams
from catalog.inspection import listing_of
from catalog.models import Intake
from catalog.sources.base import ModelRef
from core.errors import NotPermittedError
from registry.callers import Caller
from registry.enums import Gate, GateOutcome, Reach, Scope
from registry.models import ModelVersion
from registry.policy import Answer
from registry.services.gates import record_gate

_WORDS = {
    Reach.PRIVATE: "Imported from a private repository with a personal token by {by}",
    Reach.GATED: "Imported from a gated repository whose conditions were accepted by {by} only",
}
OWN_ACCESS = Answer(GateOutcome.PASSED, "Read with the yard's own access.")


def check_may_ask(caller: Caller, ref: ModelRef) -> None:
    """Refuse a caller who may not name what is on this machine; other sources decide themselves."""
    if ref.source == "disk":
        check_may_look(caller)
    own = ref.repo_id.startswith(f"{caller.name}/")
    if ref.source == upstreams.UPLOADS and not own and not caller.may(Scope.CURATE):
        raise NotPermittedError("An upload is for who sent it, and for curators.")


def check_may_look(caller: Caller) -> None:
    """Refuse who may not see and import what lies on this machine."""
    if not caller.is_steward:
        raise NotPermittedError("Folders of this machine are imported by operators and curators.")


def answer_for(reach: Reach, *, by: str, sent: bool = False) -> Answer:
    """What the gate says of a version that this person sent, or read with their own token."""
    if sent:
        reason = f"Sent by {by} as a private model; a curator decides who may have it."
        return Answer(GateOutcome.FAILED, reason)
    if reach == Reach.OPEN:
        return Answer(GateOutcome.PASSED, "The source gives it without a personal token.")
    reason = f"{_WORDS[reach].format(by=by)}; a curator decides who may have it."
    return Answer(GateOutcome.FAILED, reason)


def answer_gate(version: ModelVersion) -> Answer:
    """Answer the source gate; what was open when its bytes were brought stays so.

    A version that was held before any of them was asked for has shown its listing alone: it is
    asked about again when somebody lends a token for the rest.
    """
    known = version.gates.filter(gate=Gate.SOURCE, outcome=GateOutcome.PASSED).first()
    if known is not None and not known.evidence.get("listing_alone"):
        return Answer(GateOutcome.PASSED, known.reason)
    by = _lender(version)
    reach = upstreams.reach_of(listing_of(version)) if by else Reach.OPEN
    sent = version.model.source == upstreams.UPLOADS
    answer = answer_for(reach, by=by or "somebody", sent=sent) if by or sent else OWN_ACCESS
    record_gate(
        version=version,
        gate=Gate.SOURCE,
        outcome=answer.outcome,
        reason=answer.reason,
        evidence={"reach": reach.value, "token_of": by, "listing_alone": _listing_alone(version)},
    )
    return answer


def answer_for_bundle(version: ModelVersion, *, reach: str, brought: dict[str, Any]) -> Answer:
    """Answer the source gate of what came in a bundle, and keep what its yard concluded with it.

    Trusting a key is believing what it says of where files are from. It can only hold back: what
    was not open there waits for a curator here.
    """
    known = version.gates.filter(gate=Gate.SOURCE, outcome=GateOutcome.PASSED).first()
    by = f"Came in a bundle that {brought['signer']} signed"
    answer = Answer(GateOutcome.PASSED, f"{by}; open at its source.")
    if known is not None:
        answer = Answer(GateOutcome.PASSED, known.reason)
    elif reach != Reach.OPEN:
        reason = f"{by}, from a {reach} repository; a curator decides who may have it."
        answer = Answer(GateOutcome.FAILED, reason)
    record_gate(
        version=version,
        gate=Gate.SOURCE,
        outcome=answer.outcome,
        reason=answer.reason,
        evidence={"reach": reach, "token_of": "", "bundle": brought},
    )
    return answer


def _listing_alone(version: ModelVersion) -> bool:
    """Whether no byte of it has come here yet, so that nobody knows whether it would."""
    return not version.files.filter(content__isnull=False).exists()


def _lender(version: ModelVersion) -> str:
    """Whose token the version was read with last; '' where none was."""
    lent = Intake.objects.filter(version=version).exclude(token_by="")
    return lent.order_by("-run__created_at").values_list("token_by", flat=True).first() or ""
