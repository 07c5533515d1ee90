"""Write and check the audit trail. Each event's hash covers its fields and the hash before it."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from typing import Any

import orjson
from django.db import connection, transaction
from django.utils import timezone

from core.logs import strike
from registry.callers import Caller
from registry.models import AuditEvent

GENESIS = "0" * 64
_LOCK = 0x79617264  # any constant of our own: writers of the chain queue behind it
_FIELDS = (
    "actor",
    "key_prefix",
    "address",
    "action",
    "subject_type",
    "subject",
    "outcome",
    "reason",
    "details",
    "previous_hash",
)


def _hash(event: AuditEvent) -> str:
    values: dict[str, Any] = {name: getattr(event, name) for name in _FIELDS}
    values["at"] = event.at.isoformat()
    return hashlib.sha256(orjson.dumps(values, option=orjson.OPT_SORT_KEYS)).hexdigest()


@transaction.atomic
def record(
    *,
    actor: Caller | str,
    action: str,
    subject_type: str = "",
    subject: str = "",
    outcome: str = "done",
    reason: str = "",
    details: dict[str, object] | None = None,
) -> AuditEvent:
    """Append one event in the caller's transaction; the chain is serialized until it commits."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_advisory_xact_lock(%s)", [_LOCK])
    last = AuditEvent.objects.order_by("-id").values_list("hash", flat=True).first()
    caller = actor if isinstance(actor, Caller) else Caller(name=actor)
    event = AuditEvent(
        at=timezone.now(),
        actor=caller.name,
        key_prefix=caller.key_prefix,
        address=caller.address,
        action=action,
        subject_type=subject_type,
        subject=subject[:400],
        outcome=outcome,
        reason=strike(reason),
        details=details or {},
        previous_hash=last or GENESIS,
    )
    event.hash = _hash(event)
    event.save(force_insert=True)
    return event


def broken_links() -> Iterator[AuditEvent]:
    """Give every event whose hash or link is wrong: altered, or the one before it is missing."""
    previous = GENESIS
    for event in AuditEvent.objects.order_by("id").iterator(chunk_size=2000):
        if event.previous_hash != previous or event.hash != _hash(event):
            yield event
        previous = event.hash
