"""Install what a new yard starts with."""

from __future__ import annotations

from django.core.management.base import BaseCommand

from core.seeding import run_seeders


class Command(BaseCommand):
    help = "Install roles, policies and other default rows. Safe to run again."

    def handle(self, *args: object, **options: object) -> None:
        for name in run_seeders():
            self.stdout.write(f"seeded {name}")
