"""Accept what a rule found in a content, for a time, and take that back."""

from __future__ import annotations

from datetime import datetime, timedelta

from django.conf import settings
from django.db import IntegrityError, transaction
from django.utils import timezone

from core.errors import ConflictError, InvalidInputError, NotPermittedError
from core.jobs import enqueue
from core.plain_values import plain_text
from registry import audit
from registry.callers import Caller, check_curator
from registry.enums import Scope
from scanning.models import FindingWaiver
from scanning.scanners import Severity
from scanning.selectors import FoundByRule, finding_for

MIN_WORDS = 3
MAX_REASON = 2000


def latest_end(now: datetime) -> datetime:
    return now + timedelta(days=settings.WAIVER_MAX_DAYS)


def may_accept(caller: Caller, severity: Severity) -> bool:
    """Curators accept findings; critical ones are for admins."""
    scope = Scope.ADMIN if severity is Severity.CRITICAL else Scope.CURATE
    return caller.may(Scope.CURATE) and caller.may(scope)


def grant_waiver(
    *, caller: Caller, sha256: str, rule: str, reason: str, expires_at: datetime
) -> FindingWaiver:
    """Accept what a rule found in a content, wherever it is, up to its severity of today.

    Every version that holds the content is decided again, soon, whether or not this caller sees it.
    """
    check_curator(caller)
    found = finding_for(caller, sha256, rule)
    _check_may_be_accepted(caller, found)
    reason = _reason(reason)
    now = timezone.now()
    _check_end(expires_at, now)
    try:
        with transaction.atomic():
            return _grant(caller, found, reason, now, expires_at)
    except IntegrityError as error:
        active = FindingWaiver.objects.get(sha256=sha256, rule=rule, ended_at__isnull=True)
        raise ConflictError(
            f"It is accepted already, by {active.granted_by} until {active.expires_at:%Y-%m-%d}. "
            "Take that back first.",
            waiver=active.pk,
        ) from error


def _check_may_be_accepted(caller: Caller, found: FoundByRule) -> None:
    if not found.counts:
        raise InvalidInputError(
            f"A finding of severity {found.severity.value} blocks nothing, so there is nothing to "
            "accept.",
            field="rule",
        )
    if not may_accept(caller, found.severity):
        raise NotPermittedError("A critical finding needs an admin: ask one, or use their key.")
    if not found.tells_all:
        raise ConflictError(
            f"{' and '.join(found.titles)} stopped at this finding and did not look at the rest, "
            "so accepting it cannot make the file clean. Exclude a false alarm where the engine "
            "takes its rules from, and scan again."
        )


def _reason(text: str) -> str:
    text = plain_text(text).strip()
    if len(text.split()) < MIN_WORDS or len(text) > MAX_REASON:
        raise InvalidInputError(
            f"Say why in a few words ({MIN_WORDS} or more, at most {MAX_REASON} letters): they "
            "stand beside the finding.",
            field="reason",
        )
    return text


def _check_end(expires_at: datetime, now: datetime) -> None:
    if timezone.is_naive(expires_at):
        raise InvalidInputError("Give expires_at with its time zone.", field="expires_at")
    if not now < expires_at <= latest_end(now):
        raise InvalidInputError(
            f"expires_at must lie ahead and within {settings.WAIVER_MAX_DAYS} days, so before "
            f"{latest_end(now):%Y-%m-%dT%H:%MZ}.",
            field="expires_at",
        )


def _grant(
    caller: Caller, found: FoundByRule, reason: str, now: datetime, expires_at: datetime
) -> FindingWaiver:
    """Write the waiver and its event; IntegrityError where another is in force."""
    earlier = FindingWaiver.objects.filter(
        sha256=found.sha256, rule=found.rule, ended_at__isnull=True, expires_at__lte=now
    )
    for expired in earlier.select_for_update():
        end(expired)
    waiver = FindingWaiver.objects.create(
        sha256=found.sha256,
        rule=found.rule,
        severity=found.severity.value,
        reason=reason,
        granted_by_id=caller.person,
        granted_at=now,
        expires_at=expires_at,
    )
    _record(caller, waiver, "finding.accept", reason=reason)
    enqueue("scanning.review_waivers", queue="intake")
    return waiver


@transaction.atomic
def take_back(*, caller: Caller, waiver: FindingWaiver, reason: str = "") -> FindingWaiver:
    """End a waiver before its time; what it let through is blocked again."""
    check_curator(caller)
    waiver = FindingWaiver.objects.select_for_update().get(pk=waiver.pk)
    if waiver.ended_at is not None:
        raise ConflictError("This waiver has ended already.", ended_at=waiver.ended_at.isoformat())
    end(waiver, caller=caller, reason=plain_text(reason).strip())
    enqueue("scanning.review_waivers", queue="intake")
    return waiver


def end(waiver: FindingWaiver, *, caller: Caller | None = None, reason: str = "") -> None:
    """End a waiver whose row the caller of this holds: somebody took it back, or it expired."""
    waiver.ended_at = timezone.now() if caller else waiver.expires_at
    waiver.ended_by_id = caller.person if caller else None
    waiver.settled_at = None
    waiver.save(update_fields=["ended_at", "ended_by", "settled_at"])
    action = "finding.take_back" if caller else "finding.waiver_expired"
    _record(caller or "yard", waiver, action, reason=reason)


def _record(actor: Caller | str, waiver: FindingWaiver, action: str, *, reason: str) -> None:
    audit.record(
        actor=actor,
        action=action,
        subject_type="content",
        subject=waiver.sha256,
        reason=reason,
        details={
            "waiver": waiver.pk,
            "rule": waiver.rule,
            "severity": waiver.severity,
            "expires_at": waiver.expires_at.isoformat(),
        },
    )
