"""`manage.py verify`: hash the whole store again and take what is rotten out of service."""

from __future__ import annotations

from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from core.following import work_on
from core.models import RunState
from core.wording import file_size, grouped
from downloads.services.checking import start_check


class Command(BaseCommand):
    help = (
        "Hash every content in the store again. What differs is moved aside, and every version "
        "that has it is held until it is fetched anew. A check that was stopped goes on."
    )

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument(
            "--rate",
            type=int,
            metavar="BYTES",
            help="Bytes per second to read at most, 0 for no limit; else VERIFY_RATE.",
        )

    def handle(self, *args: object, **options: Any) -> None:
        run = work_on(start_check(caller=None, rate=options["rate"]), say=self.stderr.write)
        if run.state != RunState.DONE:
            raise CommandError(f"It ended {run.state}: {run.error or 'without a word'}")
        found = run.result
        words = f"{grouped(found['sound'])} contents are sound, {file_size(found['sound_bytes'])}."
        self.stdout.write(words)
        for row in found["contents"]:
            self.stdout.write(f"  {row['sha256']} of {row['versions']} versions: {row['reason']}")
        if found["rotten"]:
            raise CommandError(
                f"{found['rotten']} contents are rotten and in quarantine; the versions that have "
                "them are held. Import one of them again to fetch the file anew."
            )
