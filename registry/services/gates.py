"""Record what gates answer and turn the answers into the decision on a version."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import PurePosixPath

from django.db import transaction
from django.db.models import F
from django.utils import timezone

from core.plain_values import plain_text, plain_values
from registry import audit, policy
from registry.callers import Caller
from registry.enums import Admission, Gate, GateOutcome, ScanVerdict, Tier
from registry.models import SERVED, TO_SERVE, GateResult, Model, ModelVersion, Policy, Waiver
from registry.selectors.access import blocking_reasons
from registry.services import notices
from registry.services.heads import refresh_head


@transaction.atomic
def record_gate(
    *,
    version: ModelVersion,
    gate: Gate,
    outcome: GateOutcome,
    reason: str = "",
    evidence: Mapping[str, object] | None = None,
) -> GateResult:
    """Write (or overwrite) one gate's answer. Safe to call twice with the same input."""
    result, _ = GateResult.objects.update_or_create(
        version=version,
        gate=gate,
        defaults={
            "outcome": outcome,
            "reason": plain_text(reason),
            "evidence": plain_values(evidence or {}),
            "answered_at": timezone.now(),
        },
    )
    return result


@transaction.atomic
def record_scan_verdict(*, version: ModelVersion, verdict: ScanVerdict) -> None:
    """Note the verdict on the version; one that turns unsafe is held at once, decided or not."""
    locked = ModelVersion.objects.select_for_update().get(pk=version.pk)
    was = locked.admission
    locked.scan_verdict = version.scan_verdict = verdict
    if verdict == ScanVerdict.UNSAFE and locked.admission == Admission.ADMITTED:
        locked.admission = Admission.HELD
    locked.save(update_fields=["scan_verdict", "admission"])
    if was == Admission.ADMITTED and locked.admission == Admission.HELD:
        answer = locked.gates.filter(gate=Gate.MALWARE).first()
        notices.tell_loss(locked, reason=answer.reason if answer else "")


def active_rules() -> list[policy.Rules]:
    """The policies in force, as values."""
    return [
        policy.Rules(tier=Tier(row.tier), number=row.number, gates=row.gates, limits=row.limits)
        for row in Policy.objects.filter(is_active=True)
    ]


def facts_of(version: ModelVersion, *, coming: bool = False) -> policy.Facts:
    """What policies look at besides the gates; with `coming` as if that were part of it already."""
    formats = version.config.get("formats") if isinstance(version.config, dict) else None
    files = version.files.filter(TO_SERVE if coming else SERVED)
    sizes = dict(files.values_list("path", "size"))
    held = version.files.exclude(held_back="").order_by("path")
    return policy.Facts(
        license_class=version.license_class,
        size_bytes=sum(sizes.values()),
        formats=frozenset(formats or ()),
        extensions=frozenset(PurePosixPath(path).suffix.lower() for path in sizes),
        largest_file=max(sizes.values(), default=0),
        held_back=tuple(held.values_list("path", flat=True)),
    )


def preview(
    version: ModelVersion,
    *,
    skip: frozenset[Gate] = frozenset(),
    anew: frozenset[Gate] = frozenset(),
    facts: policy.Facts | None = None,
) -> policy.Decision:
    """Decide without writing. Gates in `skip` count as passed: their answer is still to come.

    So do those in `anew`, whatever they answered before: they are asked again. `facts` are those
    of the version unless others are given.
    """
    answers = {
        row.gate: policy.Answer(GateOutcome(row.outcome), row.reason)
        for row in version.gates.all()
        if row.gate not in anew
    }
    for gate in skip | anew:
        if gate not in answers:
            answers[gate] = policy.Answer(GateOutcome.PASSED, "Not asked yet.")
    waivers = [
        policy.Accepted(gate=row.gate, tier=Tier(row.tier), expires_at=row.expires_at)
        for row in Waiver.objects.filter(version=version)
    ]
    return policy.decide_admission(
        active_rules(),
        answers=answers,
        facts=facts or facts_of(version),
        waivers=waivers,
        now=timezone.now(),
    )


@transaction.atomic
def decide(*, version: ModelVersion, actor: Caller | str = "yard") -> ModelVersion:
    """Apply the policies to a version's answers and store the decision with its reasons.

    A version without files, such as that of a hosted model, is held whatever the policies say.
    """
    model = Model.objects.select_for_update().get(pk=version.model_id)
    version = ModelVersion.objects.select_for_update().get(pk=version.pk)
    if version.admission == Admission.WITHDRAWN:
        return version
    before = version.admission
    decision = preview(version)
    if version.needs_curator:
        decision = policy.hold(decision, policy.WAITS)
    if version.held_whole and version.files.exclude(held_back="").exists():
        decision = policy.hold(decision, policy.held_whole(version.held_whole))
    if not version.file_count:
        decision = policy.hold(decision, policy.NO_FILES)
    version.decision = decision.to_json()
    version.admission = Admission(decision.admission)
    if version.scan_verdict == ScanVerdict.UNSAFE:
        version.admission = Admission.HELD
    version.lowest_tier = decision.lowest_tier
    version.decided_at, version.failure = timezone.now(), {}
    version.save(update_fields=["decision", "admission", "lowest_tier", "decided_at", "failure"])
    _note_modes(version, decision)
    refresh_head(model)
    _tell(version, before)
    audit.record(
        actor=actor,
        action="version.decide",
        subject_type="version",
        subject=str(version),
        outcome=version.admission,
        details={"before": before, "lowest_tier": version.lowest_tier},
    )
    return version


def _tell(version: ModelVersion, before: str) -> None:
    """Tell those concerned where the decision takes the version from them or gives it back."""
    if before == Admission.ADMITTED and version.admission == Admission.HELD:
        notices.tell_loss(version, reason=" ".join(blocking_reasons(version)))
    elif before == Admission.HELD and version.admission == Admission.ADMITTED:
        notices.tell_back(version)


def _note_modes(version: ModelVersion, decision: policy.Decision) -> None:
    """Keep on each answer how it was taken: by the tier that admits, else the most lenient."""
    if not decision.tiers:
        return
    taken = next((tier for tier in decision.tiers if tier.admits), decision.tiers[-1])
    for reason in taken.reasons:
        GateResult.objects.filter(version=version, gate=reason.gate).update(mode=reason.mode)


def review_waivers() -> int:
    """Decide again every admitted version whose waiver has ended since; say how many changed."""
    now = timezone.now()
    ended = Waiver.objects.filter(expires_at__lte=now, version__admission=Admission.ADMITTED)
    stale = ended.filter(expires_at__gt=F("version__decided_at"))
    changed = 0
    for version in ModelVersion.objects.filter(pk__in=stale.values("version")):
        after = decide(version=version)
        changed += (after.admission, after.lowest_tier) != (version.admission, version.lowest_tier)
    return changed
