"""Walk the audit trail and name what was altered or removed."""

from __future__ import annotations

from django.core.management.base import BaseCommand, CommandError
from django.utils import timezone

from registry.audit import broken_links
from registry.services.seals import Reach, broken_seals, reach


class Command(BaseCommand):
    help = "Check the hash chain of the audit trail and the seals of what was served."

    def handle(self, *args: object, **options: object) -> None:
        broken = [f"#{event.pk} {event}" for event in broken_links()]
        if broken:
            raise CommandError("The chain is broken at:\n" + "\n".join(broken))
        if faults := list(broken_seals()):
            raise CommandError("What was served is not as it was sealed:\n" + "\n".join(faults))
        self.stdout.write("The audit trail is whole.\n" + _told(reach()))


def _told(found: Reach) -> str:
    """Nobody can vouch yet for what is not sealed: how much that is, and since when."""
    since = ""
    if found.oldest:
        seconds = max(0, int((timezone.now() - found.oldest).total_seconds()))
        since = f", the oldest for {seconds} seconds"
    return (
        f"Rows of what was served: {found.sealed} sealed, {found.unsealed} unsealed{since}.\n"
        f"Counts of what was sent: {found.sent_sealed} sealed, {found.sent_unsealed} unsealed."
    )
