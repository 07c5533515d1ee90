"""Walk the audit trail and name what was altered or removed."""

from __future__ import annotations

from django.core.management.base import BaseCommand, CommandError

from registry.audit import broken_links
from registry.services.seals import broken_seals


class Command(BaseCommand):
    help = "Check the hash chain of the audit trail and the seals of what was served."

    def handle(self, *args: object, **options: object) -> None:
        broken = [f"#{event.pk} {event}" for event in broken_links()]
        if broken:
            raise CommandError("The chain is broken at:\n" + "\n".join(broken))
        if faults := list(broken_seals()):
            raise CommandError("What was served is not as it was sealed:\n" + "\n".join(faults))
        self.stdout.write("The audit trail is whole.")
