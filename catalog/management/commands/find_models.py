"""Look at MODELS_DIR and the list in force now, and print what is there."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from catalog.models import LocalModel, Wish
from catalog.selectors.local import last_look
from catalog.services.local import find_below, look_locally
from catalog.services.wishes import list_in_force, usable_lines


class Command(BaseCommand):
    help = (
        "Find models in MODELS_DIR, read what was not read yet, ask for what lists name. Another"
        " list comes before that of the settings. With another folder, which the yard does not"
        " read, or with --dry-run only print what is there."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--models-dir", type=Path, metavar="FOLDER", help="print what is here")
        parser.add_argument(
            "--models-file", type=Path, metavar="FILE", help="bring in this list, not MODELS_FILE"
        )
        parser.add_argument("--dry-run", action="store_true", help="print, and ask for nothing")

    def handle(self, *args: object, **options: Any) -> None:
        folder, told = options["models_dir"], options["models_file"]
        if told and not told.is_file():
            raise CommandError(f"There is no list {told}.")
        if folder or options["dry_run"]:
            self._show(folder or settings.MODELS_DIR, list_in_force(told))
        else:
            self._look(told)

    def _show(self, folder: Path, path: Path) -> None:
        found, listed = find_below(folder.absolute()), usable_lines(path)
        for model in found.models:
            self.stdout.write(f"disk:{model.name}\t{model.size}\t{model.problem or 'found'}")
        for line in listed.lines:
            self.stdout.write(f"{line.uri}\t{path.name}, line {line.number}\tlisted")
        for problem in (*found.problems, *map(str, listed.faults)):
            self.stderr.write(problem)

    def _look(self, told: Path | None) -> None:
        if not look_locally(told):
            raise CommandError("A look is under way already; see the page /import/local/.")
        for model in LocalModel.objects.all():
            said = model.problem or model.commit or "not read yet: somebody writes to it"
            self.stdout.write(f"disk:{model.name}\t{model.size_bytes}\t{said}")
        for wish in Wish.objects.all():
            said = f"{wish.state}\t{wish.note or wish.commit}"
            self.stdout.write(f"{wish.uri}\t{wish.origin}, line {wish.line}\t{said}")
        look = last_look()
        for problem in [*look.problems, *look.list_problems] if look else []:
            self.stderr.write(problem)
