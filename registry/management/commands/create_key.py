"""Print a new key for a script."""

from __future__ import annotations

from datetime import UTC, datetime

from django.core.management.base import BaseCommand, CommandError, CommandParser

from core.errors import ModelyardError
from registry.authentication import caller_of_user
from registry.enums import Scope, Tier
from registry.models import User
from registry.services.keys import create_key


class Command(BaseCommand):
    help = "Make a key for a user and print it. It can do no more than the user."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("user")
        parser.add_argument("--scopes", default="read", help=f"of {', '.join(Scope.values)}")
        parser.add_argument("--tier", default="", help=f"of {', '.join(Tier.values)}")
        parser.add_argument("--name", default="script")
        parser.add_argument(
            "--expires",
            default="",
            help="day on which it ends, or time; UTC unless it says another",
        )

    def handle(self, *args: object, **options: str) -> None:
        user = User.objects.filter(username=options["user"]).first()
        if user is None:
            raise CommandError(f"There is no user {options['user']!r}.")
        try:
            _, token = create_key(
                caller=caller_of_user(user),
                user=user,
                name=options["name"],
                scopes=[word for word in options["scopes"].split(",") if word],
                tier_cap=options["tier"] or user.tier,
                expires_at=_time(options["expires"]) if options["expires"] else None,
            )
        except ModelyardError as error:
            raise CommandError(error.message) from error
        self.stdout.write(token)


def _time(text: str) -> datetime:
    try:
        found = datetime.fromisoformat(text)
    except ValueError as error:
        raise CommandError(f"{text!r} is no day or time such as 2030-01-31.") from error
    return found if found.tzinfo else found.replace(tzinfo=UTC)
