"""Scan files and folders of this machine: no database, no network."""

from __future__ import annotations

import json
import sys
import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from core.sandbox.limits import Limits
from scanning.local_report import EXIT_CODES, document_of, lines_of, sarif_of_local, verdict_of
from scanning.local_scan import Choice, collect, scan
from scanning.scanners import ClamdAddress, Scanner, ScannerOptions, scanners

# As in sysexits.h; neither is among the codes that tell a verdict.
USAGE, CANNOT_CREATE = 64, 73
_HERE = frozenset({"localhost", "127.0.0.1", "::1"})


class Command(BaseCommand):
    help = (
        "Scan files and folders with every engine. Exits with 0 when all is clean, 1 when something"
        " is unsafe or suspicious, 2 when something could not be looked at completely, 64 when it"
        " was asked for what it does not know, 73 when the SARIF file cannot be written."
    )
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("path", nargs="+")
        parser.add_argument("--json", action="store_true", help="One JSON object.")
        parser.add_argument("--sarif", metavar="FILE", help="Write SARIF 2.1.0 there as well.")
        parser.add_argument(
            "--engines",
            default="",
            help="Only these, by comma; a file that none of them covers is incomplete.",
        )

    def run_from_argv(self, argv: list[str]) -> None:
        """argparse ends with 2 for wrong words, and that says here that files were not read."""
        self._called_from_command_line = True
        try:
            self.create_parser(argv[0], argv[1]).parse_args(argv[2:])
        except SystemExit as ended:
            sys.exit(USAGE if ended.code else 0)
        super().run_from_argv(argv)

    def handle(self, *args: object, **options: Any) -> None:
        with tempfile.TemporaryDirectory(prefix="scan-path-") as scratch:
            own = replace(_options(), scratch=Path(scratch))
            named = _engines(options["engines"])
            # Not configured is not waited for, as at the gate; configured and away is.
            absent = frozenset({"clamav"}) if own.clamd is None and not options["engines"] else ()
            choice = Choice(named, bool(options["engines"]), frozenset(absent))
            limits = Limits(wall_seconds=settings.SCAN_TIMEOUT, cpu_seconds=settings.SCAN_TIMEOUT)
            scanned = scan(collect(options["path"]), choice, own, limits, self._say)
        if options["sarif"]:
            _write(Path(options["sarif"]), json.dumps(sarif_of_local(scanned), indent=1))
        if options["json"]:
            self.stdout.write(json.dumps(document_of(scanned), ensure_ascii=False))
        else:
            self.stdout.write("\n".join(lines_of(scanned)))
        if code := EXIT_CODES[verdict_of(scanned)]:
            sys.exit(code)

    def _say(self, line: str) -> None:
        if self.stderr.isatty():
            self.stderr.write(line)


def _write(path: Path, text: str) -> None:
    try:
        path.write_text(text)
    except OSError as error:
        message = f"{path} cannot be written: {error.strerror}"
        raise CommandError(message, returncode=CANNOT_CREATE) from error


def _options() -> ScannerOptions:
    """What the settings say, as far as it needs no network: clamd on this machine alone."""
    if settings.CLAMD_SOCKET:
        return ScannerOptions(clamd=ClamdAddress(socket=settings.CLAMD_SOCKET))
    if settings.CLAMD_HOST in _HERE:
        clamd = ClamdAddress(host=settings.CLAMD_HOST, port=settings.CLAMD_PORT)
        return ScannerOptions(clamd=clamd)
    return ScannerOptions()


def _engines(named: str) -> list[type[Scanner]]:
    known = {cls.slug: cls for cls in scanners}
    slugs = [slug.strip() for slug in named.split(",") if slug.strip()] or sorted(known)
    if unknown := [slug for slug in slugs if slug not in known]:
        message = f"No engine {', '.join(unknown)}; known: {', '.join(sorted(known))}"
        raise CommandError(message, returncode=USAGE)
    return [known[slug] for slug in dict.fromkeys(slugs)]
