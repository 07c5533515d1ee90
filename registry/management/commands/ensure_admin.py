"""Make the first admin account and print its password, once."""

from __future__ import annotations

import secrets

from django.contrib.auth.models import Group
from django.core.management.base import BaseCommand
from django.db import transaction

from registry.enums import Role, Tier
from registry.models import User


class Command(BaseCommand):
    help = "Make an admin account when there is none; its password is printed this once."

    @transaction.atomic
    def handle(self, *args: object, **options: object) -> None:
        if User.objects.filter(is_superuser=True).exists():
            return
        password = secrets.token_urlsafe(12)
        user = User.objects.create_superuser("admin", password=password, tier=Tier.PROFESSIONAL)
        user.groups.add(*Group.objects.filter(name__in=[Role.ADMIN, Role.CURATOR]))
        self.stdout.write(f"admin account: admin / {password}   (shown this once)")
