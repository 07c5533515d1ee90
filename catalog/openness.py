"""The source gate: may this yard read the version by itself, or only with one person's token?"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from catalog import upstreams
from catalog.inspection import listing_of
from catalog.models import Intake
from catalog.sources.base import ModelRef
from core.errors import NotPermittedError
from core.plain_values import plain_values
from registry.callers import Caller
from registry.enums import Gate, GateOutcome, Reach, Scope
from registry.models import GateResult, ModelVersion
from registry.policy import Answer
from registry.services.gates import record_gate

_WORDS = {
    Reach.PRIVATE: "Imported from a private repository with a personal token by {by}",
    Reach.GATED: "Imported from a gated repository whose conditions were accepted by {by} only",
}
_THERE = (
    "The yard it comes from has it from a {reach} repository; a curator decides who may have it."
)
REACH: Final = "reach"
BROUGHT: Final = "bundle"  # in the evidence of the gate: stored under this name, never renamed
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


def answer_gate(version: ModelVersion, *, brought: Mapping[str, Any] | None = None) -> Answer:
    """Answer the source gate; what was open when its bytes were brought stays so.

    `brought` are the papers of the yard that it comes from. They can only hold back: what is not
    open where that yard has it from waits for a curator here.

    A version that was held before any of them was asked for has shown its listing alone: it is
    asked about again when somebody lends a token for the rest.
    """
    before = version.gates.filter(gate=Gate.SOURCE).first()
    papers = _newest(brought, before.evidence.get(BROUGHT) if before else None)
    if before is not None and _is_settled(before):
        _keep_papers(before, papers)
        return Answer(GateOutcome.PASSED, before.reason)
    by = _lender(version)
    reach = upstreams.reach_of(listing_of(version)) if by else Reach.OPEN
    sent = version.model.source == upstreams.UPLOADS
    answer = answer_for(reach, by=by or "somebody", sent=sent) if by or sent else OWN_ACCESS
    there = as_open_there(answer, papers)
    told = reach.value if there == answer or not papers else papers[REACH]
    record_gate(
        version=version,
        gate=Gate.SOURCE,
        outcome=there.outcome,
        reason=there.reason,
        evidence={
            "reach": told,
            "token_of": by,
            "listing_alone": _listing_alone(version),
            **({BROUGHT: papers} if papers else {}),
        },
    )
    return there


def as_open_there(answer: Answer, papers: Mapping[str, Any] | None) -> Answer:
    """Let the yard that it comes from hold back what was not open to that yard either."""
    reach = (papers or {}).get(REACH, Reach.OPEN.value)
    if answer.outcome != GateOutcome.PASSED or reach == Reach.OPEN:
        return answer
    return Answer(GateOutcome.FAILED, _THERE.format(reach=reach))


def _newest(
    brought: Mapping[str, Any] | None, before: Mapping[str, Any] | None
) -> Mapping[str, Any] | None:
    """The papers that were brought now. What they do not say of openness stays as it was said."""
    if not brought or not before or REACH not in before:
        return brought or before
    return {REACH: before[REACH], **brought}


def _is_settled(gate: GateResult) -> bool:
    return gate.outcome == GateOutcome.PASSED and not gate.evidence.get("listing_alone")


def _keep_papers(gate: GateResult, papers: Mapping[str, Any] | None) -> None:
    """Keep the newest papers with an answer that stays."""
    if papers and gate.evidence.get(BROUGHT) != papers:
        gate.evidence = gate.evidence | {BROUGHT: plain_values(papers)}
        gate.save(update_fields=["evidence"])


def papers_with(version: ModelVersion) -> dict[str, Any] | None:
    """What another yard said of a version: in its bundle, or when it was asked."""
    gate = version.gates.filter(gate=Gate.SOURCE).first()
    papers = gate.evidence.get(BROUGHT) if gate else None
    return papers if isinstance(papers, dict) else None


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
        evidence={"reach": reach, "token_of": "", BROUGHT: brought},
    )
    return answer


def _listing_alone(version: ModelVersion) -> bool:
    """Whether no byte of it has come here yet, so that nobody knows whether it would."""
    return not version.files.filter(content__isnull=False).exists()


def _lender(version: ModelVersion) -> str:
    """Whose token the version was read with last; '' where none was."""
    lent = Intake.objects.filter(version=version).exclude(token_by="")
    return lent.order_by("-run__created_at").values_list("token_by", flat=True).first() or ""
