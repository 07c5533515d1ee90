"""Look at MODELS_DIR and models.txt now, and print what is there."""

from __future__ import annotations

from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from catalog.models import LocalModel, Wish
from catalog.selectors.local import last_look
from catalog.services.local import find_below, look_locally
from catalog.services.wishes import usable_lines


class Command(BaseCommand):
    help = (
        "Find models in MODELS_DIR, read what was not read yet, ask for what lists name. With"
        " another folder or list only print what is there: the yard goes by its settings."
    )

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument(
            "--models-dir", type=Path, metavar="FOLDER", help="look here, not in MODELS_DIR"
        )
        parser.add_argument(
            "--models-file", type=Path, metavar="FILE", help="read this list, not MODELS_FILE"
        )

    def handle(self, *args: object, **options: Any) -> None:
        folder, listed = options["models_dir"], options["models_file"]
        if folder or listed:
            self._show(folder or settings.MODELS_DIR, listed or settings.MODELS_FILE)
        else:
            self._look()

    def _show(self, folder: Path, path: Path) -> None:
        found, listed = find_below(folder.absolute()), usable_lines(path)
        for model in found.models:
            self.stdout.write(f"disk:{model.name}\t{model.size}\t{model.problem or 'found'}")
        for line in listed.lines:
            self.stdout.write(f"{line.uri}\t{path.name}, line {line.number}\tlisted")
        for problem in (*found.problems, *map(str, listed.faults)):
            self.stderr.write(problem)

    def _look(self) -> None:
        if not look_locally():
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
