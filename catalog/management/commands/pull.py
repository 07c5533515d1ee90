"""Bring a pinned version into the yard and wait for its decision."""

from __future__ import annotations

import sys
from argparse import ArgumentParser, RawDescriptionHelpFormatter
from typing import Any

from django.core.management.base import BaseCommand, CommandError

from catalog import pulling
from catalog.services.dry_run import dry_run
from catalog.services.intake import request_intake
from catalog.sources.base import ModelRef
from core.errors import ModelyardError
from downloads.planning.presets import PRESETS
from downloads.planning.selection import Selection
from registry.authentication import caller_of_user
from registry.callers import Caller
from registry.enums import Scope, Tier
from registry.models import User

_ENDS = f"""Exit status:
  {pulling.ADMITTED}    admitted
  1    refused before anything started, or the yard does not answer
  2    the command line is wrong
  {pulling.HELD}    decided and not admitted
  {pulling.FAILED}    the job failed
  {pulling.CANCELLED}    the job was cancelled
  {pulling.STILL_RUNNING}    still at work when --wait was over
  {pulling.INTERRUPTED}  Ctrl-C; the job goes on
"""


class Command(BaseCommand):
    help = "Bring a model at a commit, a tag or a pinned version into the yard."

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.formatter_class = RawDescriptionHelpFormatter
        parser.epilog = _ENDS
        parser.add_argument("uri", help="org/name@revision, an address, or an hf download line")
        parser.add_argument("--include", action="append", default=[], metavar="PATTERN")
        parser.add_argument("--exclude", action="append", default=[], metavar="PATTERN")
        parser.add_argument(
            "--preset", default="", help=f"{', '.join(PRESETS)}; with a variant as gguf:Q4_K_M"
        )
        parser.add_argument("--plan", action="store_true", help="say what would move, and stop")
        parser.add_argument("--force", action="store_true", help="work on what is decided again")
        parser.add_argument(
            "--wait", type=float, metavar="SECONDS", help="at most so long; 0 starts it alone"
        )
        parser.add_argument("--by", default="", metavar="USER", help="act as this person")

    def handle(self, *args: object, **options: Any) -> None:
        try:
            status = self._pull(options)
        except ModelyardError as error:
            raise CommandError(error.message) from error
        if status:
            sys.exit(status)

    def _pull(self, options: dict[str, Any]) -> int:
        caller = _caller(options["by"])
        chosen = {name: options[name] for name in ("include", "exclude", "preset")}
        selection = Selection.read(**chosen)
        ref = pulling.pinned_reference(caller, options["uri"])
        if options["plan"]:
            return self._plan(caller, options["uri"], ref, selection)
        answer = request_intake(
            caller=caller,
            source=ref.source,
            repo_id=ref.repo_id,
            revision=ref.revision or "",
            force=options["force"],
            selection=selection,
        )
        if answer.run is None and answer.version is not None:
            return self._end(*pulling.decided(answer.version))
        if answer.run is None:
            raise CommandError("The yard gave no answer; look at the Jobs page.")
        self.stdout.write(f"Job {answer.run.pk}")
        try:
            run = pulling.Follower(self.stdout.write).follow(answer.run, seconds=options["wait"])
        except KeyboardInterrupt:
            return self._end(pulling.INTERRUPTED, f"The job goes on: {answer.run.pk}.")
        return self._end(*pulling.ending(run))

    def _plan(self, caller: Caller, text: str, ref: ModelRef, selection: Selection) -> int:
        run = dry_run(caller=caller, text=text, revision=ref.revision or "", selection=selection)
        for line in pulling.plan_in_words(run):
            self.stdout.write(line)
        return pulling.ADMITTED

    def _end(self, status: int, words: str) -> int:
        self.stdout.write(words)
        return status


def _caller(name: str) -> Caller:
    """Give the person named; without a name whoever has this shell may do everything."""
    if not name:
        return Caller(name="command line", tier=Tier.PROFESSIONAL, scopes=frozenset(Scope))
    user = User.objects.filter(username=name, is_active=True).first()
    if user is None:
        raise CommandError(f"There is no user {name!r}.")
    return caller_of_user(user)
