"""Put a list that was collected elsewhere in the place of the one before."""

from __future__ import annotations

import sys
from pathlib import Path

from django.core.management.base import BaseCommand, CommandError, CommandParser
from django.utils import timezone

from core.errors import ModelyardError
from registry.enums import CollectedName
from registry.services.collected import record_collected

LARGEST = 1 << 20


class Command(BaseCommand):
    help = "Record a list of names, one a line; `#` begins a comment. Models are judged by it."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("name", choices=CollectedName.values)
        parser.add_argument("file", help="a file, or - for standard input")
        parser.add_argument(
            "--source", required=True, help="the page that it was read from, as answers tell it"
        )

    def handle(self, *args: object, **options: str) -> None:
        lines = (line.partition("#")[0].strip() for line in _read(options["file"]).splitlines())
        try:
            row = record_collected(
                name=CollectedName(options["name"]),
                items=[line for line in lines if line],
                source=options["source"],
                collected_at=timezone.now(),
                caller="command line",
            )
        except ModelyardError as error:
            raise CommandError(error.message) from error
        self.stdout.write(f"{row.name}: {len(row.items)} names, generation {row.generation}")


def _read(name: str) -> str:
    try:
        with sys.stdin.buffer if name == "-" else Path(name).open("rb") as file:
            content = file.read(LARGEST + 1)
    except OSError as error:
        raise CommandError(f"{name} cannot be read: {error.strerror}") from error
    if len(content) > LARGEST:
        raise CommandError(f"{name} is larger than a megabyte")
    try:
        return content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise CommandError(f"{name} is not UTF-8") from error
