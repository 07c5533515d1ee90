"""What the audit trail keeps of refused attempts."""

from __future__ import annotations

from core.once import is_first
from registry import audit
from registry.callers import Caller

HOUR = 3600


def note_refusal(
    *,
    caller: Caller,
    action: str,
    subject_type: str,
    subject: str,
    reason: str,
    details: dict[str, object],
) -> None:
    """Record it once an hour for this caller, object and reason: a loop cannot flood the chain."""
    if not is_first(
        "refusal", caller.name, caller.key_prefix, action, subject, reason, seconds=HOUR
    ):
        return
    audit.record(
        actor=caller,
        action=action,
        subject_type=subject_type,
        subject=subject,
        outcome="refused",
        reason=reason,
        details=details,
    )
