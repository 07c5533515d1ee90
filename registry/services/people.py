"""What the audit trail keeps of people: their ways in, and what an admin changes of them."""

from __future__ import annotations

from collections.abc import Iterable

from registry import audit
from registry.callers import Caller
from registry.models import User


def note_sign_in(*, name: str, address: str | None) -> None:
    """Record that a person came in."""
    audit.record(
        actor=Caller(name=name, address=address),
        action="person.sign_in",
        subject_type="person",
        subject=name,
    )


def note_sign_in_refused(*, name: str, address: str | None) -> None:
    """Record a refused sign-in. A name that nobody has is not kept: it may be a password."""
    known = User.objects.filter(username=name[:150]).exists() if "\0" not in name else False
    audit.record(
        actor=Caller(address=address),
        action="person.sign_in",
        subject_type="person",
        subject=name if known else "(no such person)",
        outcome="refused",
    )


def note_person_changed(
    *, caller: Caller, person: User, fields: Iterable[str], created: bool
) -> None:
    """Record that an admin made or changed a person: which fields, and what they may do now."""
    audit.record(
        actor=caller,
        action="person.create" if created else "person.change",
        subject_type="person",
        subject=person.username,
        details={
            "fields": sorted(fields),
            "tier": person.tier,
            "team": person.team.slug if person.team else "",
            "roles": sorted(person.groups.values_list("name", flat=True)),
            "superuser": person.is_superuser,
            "active": person.is_active,
        },
    )
