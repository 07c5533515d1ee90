"""Seal what was served: the hash of a batch of rows goes into the chain of the audit trail.

A row of its own in the chain for every answer would make all downloads of the yard wait for each
other. Rows are sealed within a minute; what was sent of them is told later and sealed apart.
"""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from datetime import datetime

import orjson
from django.db import connection, transaction
from django.db.models import Count, Min, Q, QuerySet

from registry import audit
from registry.models import AuditEvent, Served
from registry.served import month_after, month_of
from registry.services import usage

SEALED, DROPPED = "hub.sealed", "hub.dropped"
BATCH = 5000
_LOCK = 0x7365616C  # any constant of our own: one process seals at a time
_PROMISED = (
    *("id", "at", "actor", "user_id", "team_id", "key_prefix", "address", "source", "repo_id"),
    *("model_id", "version_id", "commit", "path", "sha256", "size", "start", "length", "client"),
    "protocol",
)
_SENT = ("id", "sent")


@dataclass(frozen=True, slots=True)
class Kind:
    """What a seal vouches for: what was promised, or what was sent of it."""

    name: str
    column: str
    fields: tuple[str, ...]
    count: Callable[[Iterable[Served]], None]

    def unsealed(self) -> QuerySet[Served]:
        rows = Served.objects.filter(**{f"{self.column}__isnull": True})
        return rows.filter(sent__isnull=False, seal__isnull=False) if self.of_sent else rows

    @property
    def of_sent(self) -> bool:
        return self.column == "sent_seal"

    def bytes_of(self, row: Served) -> int:
        return (row.sent or 0) if self.of_sent else row.length

    def line(self, row: Served) -> bytes:
        return orjson.dumps([getattr(row, name) for name in self.fields]) + b"\n"


KINDS = (
    Kind("promised", "seal", _PROMISED, usage.count_promised),
    Kind("sent", "sent_seal", _SENT, usage.count_sent),
)


@dataclass(slots=True)
class Sum:
    """The hash over rows in the order of their numbers."""

    kind: Kind
    count: int = 0
    bytes: int = 0
    _hash: hashlib._Hash = field(default_factory=hashlib.sha256)

    def add(self, row: Served) -> None:
        self.count += 1
        self.bytes += self.kind.bytes_of(row)
        self._hash.update(self.kind.line(row))

    def told(self) -> dict[str, object]:
        return {"count": self.count, "bytes": self.bytes, "sha256": self._hash.hexdigest()}


def seal_served() -> int:
    """Seal and count one batch of each kind; say how many rows the larger one had."""
    return max(_seal(kind) for kind in KINDS)


@transaction.atomic
def _seal(kind: Kind) -> int:
    """Rows of one month alone, so that a month can go with its seals."""
    with connection.cursor() as cursor:
        cursor.execute("SELECT pg_try_advisory_xact_lock(%s)", [_LOCK])
        if not cursor.fetchone()[0]:
            return 0
    first = kind.unsealed().order_by("id").first()
    if first is None:
        return 0
    month = Q(at__gte=month_of(first.at), at__lt=month_after(first.at))
    rows = list(kind.unsealed().filter(month).order_by("id").select_for_update()[:BATCH])
    total = Sum(kind)
    for row in rows:
        total.add(row)
    seal = first.pk
    Served.objects.filter(month, pk__in=[row.pk for row in rows]).update(**{kind.column: seal})
    kind.count(rows)
    audit.record(  # last: the whole chain waits from here to the end of the transaction
        actor="yard",
        action=SEALED,
        subject_type="served",
        subject=f"{first.at:%Y-%m}",
        details={"kind": kind.name, "seal": seal, **total.told()},
    )
    return len(rows)


@dataclass(frozen=True, slots=True)
class Reach:
    """How far sealing has come; what is not sealed could still be altered without a trace."""

    sealed: int
    unsealed: int
    oldest: datetime | None  # when the first unsealed row was written
    sent_sealed: int
    sent_unsealed: int


def reach() -> Reach:
    """Count what is sealed and what is not, by one look at all rows."""
    unsealed, sent = Q(seal__isnull=True), Q(sent__isnull=False)
    found = Served.objects.aggregate(
        sealed=Count("pk", filter=~unsealed),
        unsealed=Count("pk", filter=unsealed),
        oldest=Min("at", filter=unsealed),
        sent_sealed=Count("pk", filter=Q(sent_seal__isnull=False)),
        sent_unsealed=Count("pk", filter=sent & Q(sent_seal__isnull=True)),
    )
    return Reach(**found)


def broken_seals() -> Iterator[str]:
    """Give a sentence for every seal whose rows were altered, added or lost.

    Of a month that was dropped, the event that says so is what is left.
    """
    dropped = set(AuditEvent.objects.filter(action=DROPPED).values_list("subject", flat=True))
    for kind in KINDS:
        yield from _broken(kind, dropped)


def _broken(kind: Kind, dropped: set[str]) -> Iterator[str]:
    """One pass over the rows; a seal is held open only until all of its rows were seen."""
    seals = _Seals(kind, dropped)
    sums: dict[int, Sum] = {}
    whole: set[int] = set()
    rows = Served.objects.filter(**{f"{kind.column}__isnull": False}).order_by("id")
    for row in rows.iterator(chunk_size=2000):
        seal = getattr(row, kind.column)
        event = seals.find(seal)
        if event is None or seal in whole:
            yield f"row {row.pk} of what was served is under no seal ({kind.name})"
            continue
        total = sums.setdefault(seal, Sum(kind))
        total.add(row)
        if total.count == event.count:
            whole.add(seal)
            del sums[seal]
            if total.told() != event.sums():
                yield f"{event} seals rows that were altered ({kind.name})"
    for seal, event in seals.told.items():
        if seal in sums:
            yield f"{event} seals rows of which some are gone ({kind.name})"
        elif seal not in whole:
            yield f"{event} seals rows that are gone ({kind.name})"


@dataclass(frozen=True, slots=True)
class _Told:
    """What an event says of its rows; there may be a million of them."""

    seal: int
    event: int
    month: str
    count: int
    bytes: int
    sha256: str

    def __str__(self) -> str:
        return f"#{self.event} of {self.month} (rows from {self.seal})"

    def sums(self) -> dict[str, object]:
        return {"count": self.count, "bytes": self.bytes, "sha256": self.sha256}


def _told(kind: Kind, dropped: set[str], **only: int) -> dict[int, _Told]:
    wanted = {f"details__{name}": value for name, value in {"kind": kind.name, **only}.items()}
    events = AuditEvent.objects.filter(action=SEALED, **wanted).exclude(subject__in=dropped)
    names = ("seal", "pk", "subject", "count", "bytes", "sha256")
    fields = [name if name in {"pk", "subject"} else f"details__{name}" for name in names]
    return {row[0]: _Told(*row) for row in events.values_list(*fields).iterator(chunk_size=2000)}


class _Seals:
    """The seals of a kind by their numbers; one that is made meanwhile is found too."""

    def __init__(self, kind: Kind, dropped: set[str]) -> None:
        self._kind, self._dropped = kind, dropped
        self._strange: set[int] = set()
        self.told = _told(kind, dropped)

    def find(self, seal: int) -> _Told | None:
        if seal not in self.told and seal not in self._strange:
            self.told |= _told(self._kind, self._dropped, seal=seal)
            self._strange.add(seal)
        return self.told.get(seal)
