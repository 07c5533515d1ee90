"""`manage.py gc`: remove contents that no file uses and that are older than the grace time."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from django.core.management.base import BaseCommand, CommandError, CommandParser

from core.following import work_on
from core.models import RunState
from core.wording import file_size, grouped
from downloads.services.collecting import start_collection


class Command(BaseCommand):
    help = "Remove contents that no file uses, bytes without a row, and leftovers of dead workers."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("--dry-run", action="store_true", help="Only say what would go.")
        parser.add_argument(
            "--grace",
            type=int,
            metavar="SECONDS",
            help="Keep what was used since; the setting GC_GRACE when not given.",
        )

    def handle(self, *args: object, **options: Any) -> None:
        grace = None if options["grace"] is None else timedelta(seconds=options["grace"])
        run = start_collection(caller=None, dry_run=options["dry_run"], grace=grace)
        run = work_on(run, say=self.stderr.write)
        if run.state != RunState.DONE:
            raise CommandError(f"It ended {run.state}: {run.error or 'without a word'}")
        self.stdout.write(_words(run.result))


def _words(result: dict[str, Any]) -> str:
    would = "Would free" if result["dry_run"] else "Freed"
    freed = result["freed_bytes"]
    lines = [f"{would} {file_size(freed)} ({grouped(freed)} bytes):"]
    for name, title in (
        ("contents", "contents that no file uses"),
        ("unnoted", "stored bytes without a row"),
        ("leftovers", "leftovers of interrupted work"),
    ):
        lines.append(_line(result[name], title))
    if result["versions"]:
        lines.append(f"  {grouped(result['versions'])} withdrawn versions gave up their files")
    lines.append("Kept:")
    lines.append(_line(result["young"], "unused, within the grace time"))
    if result["busy"]:
        lines.append(f"  {grouped(result['busy'])} taken up by a run meanwhile")
    if result["missing"]["count"]:
        lines.append(_line(result["missing"], "MISSING in the store: run `manage.py verify`"))
    return "\n".join(lines)


def _line(tally: dict[str, int], title: str) -> str:
    return f"  {grouped(tally['count'])} {title}, {file_size(tally['size'])}"
