"""Look at the Hub from where clients are, and name what a proxy on the way does wrong."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import asdict
from typing import Any, Final

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError, CommandParser

from core.errors import ModelyardError
from hub.doctor import Finding, examine
from hub.doctor.clients import pythons, run_client
from hub.doctor.examination import FAULT, SKIPPED, were_bytes_tried
from hub.doctor.files import sample_of
from hub.doctor.wire import Wire

_EXIT: Final = ((FAULT, 1), (SKIPPED, 2))  # the first that was found


class Command(BaseCommand):
    help = (
        "Ask the Hub at an address as clients do, needing no database. Exits with 0 when all is"
        " sound, 1 when something is wrong, 2 when something could not be looked at."
    )
    requires_system_checks = []

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("url", help="what clients have in HF_ENDPOINT, with /hf at its end")
        parser.add_argument("--key", default="", help="a key with the scope read; - reads it")
        parser.add_argument("--model", default="", help="instead of the first in the list")
        parser.add_argument(
            "--client",
            action="append",
            default=[],
            metavar="PYTHON",
            help="a Python with another huggingface_hub, besides the yard's own and those of"
            " HUB_CLIENTS_DIR; repeatable",
        )
        parser.add_argument(
            "--patience", type=float, default=10.0, help="seconds: clients wait for 10"
        )
        parser.add_argument("--json", action="store_true", help="one JSON object")

    def handle(self, *args: object, **options: Any) -> None:
        key = sys.stdin.readline().strip() if options["key"] == "-" else options["key"]
        try:
            wire = Wire(options["url"], key=key, patience=options["patience"])
        except ModelyardError as error:
            raise CommandError(error.message) from error
        found = list(self._examined(wire, options))
        if options["json"]:
            document = {"url": wire.url, "findings": [asdict(one) for one in found]}
            self.stdout.write(json.dumps(document, ensure_ascii=False))
        else:
            self.stdout.write("\n".join(line for one in found for line in _lines(one)))
        states = {one.state for one in found}
        if code := next((code for state, code in _EXIT if state in states), 0):
            sys.exit(code)

    def _examined(self, wire: Wire, options: dict[str, Any]) -> Iterator[Finding]:
        found = list(examine(wire, model=options["model"]))
        yield from found
        if not were_bytes_tried(found):
            return
        try:
            sample = sample_of(wire, options["model"])
        except ModelyardError:
            return  # said by the probes
        for python in pythons(settings.HUB_CLIENTS_DIR, *options["client"]):
            yield run_client(python, wire, sample)


def _lines(one: Finding) -> Iterator[str]:
    yield f"{one.state:8}{one.probe:14}{one.sentence}".rstrip()
    if one.remedy:
        yield f"{'':22}{one.remedy}"
    for kind, line in one.settings:
        yield f"{'':22}{kind}: {line}"
