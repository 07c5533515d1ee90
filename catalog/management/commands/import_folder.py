"""Import a folder or file of this machine."""

from __future__ import annotations

from pathlib import Path

from django.core.management.base import BaseCommand, CommandError, CommandParser

from catalog import upstreams
from catalog.services.intake import begin_automatic
from core.errors import ModelyardError


class Command(BaseCommand):
    help = "Import a folder or file below MODELS_DIR, named by its path or its name there."

    def add_arguments(self, parser: CommandParser) -> None:
        parser.add_argument("path")

    def handle(self, *args: object, **options: str) -> None:
        path = options["path"]
        text = str(Path(path).absolute()) if Path(path).exists() else f"disk:{path}"
        try:
            with upstreams.source_for("disk", heard=lambda count: None) as source:
                ref = source.parse(text)
                listing = source.resolve(ref) if ref else None
            if listing is None:
                raise CommandError(f"{path} names no model of this machine.")
            run = begin_automatic(listing.ref, reason="import_folder")
        except ModelyardError as error:
            raise CommandError(error.message) from error
        if run is None:
            self.stdout.write(f"disk:{listing.ref.repo_id}@{listing.commit} is in the yard already")
        else:
            self.stdout.write(f"disk:{listing.ref.repo_id}@{listing.commit} is job {run.pk}")
