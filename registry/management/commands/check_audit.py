"""Walk the audit trail and name what was altered or removed."""

from __future__ import annotations

from django.core.management.base import BaseCommand, CommandError

from registry.audit import broken_links


class Command(BaseCommand):
    help = "Check the hash chain of the audit trail."

    def handle(self, *args: object, **options: object) -> None:
        broken = [f"#{event.pk} {event}" for event in broken_links()]
        if broken:
            raise CommandError("The chain is broken at:\n" + "\n".join(broken))
        self.stdout.write("The audit trail is whole.")
