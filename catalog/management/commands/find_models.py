"""Look at MODELS_DIR and models.txt now, and print what is there."""

from __future__ import annotations

from django.core.management.base import BaseCommand, CommandError

from catalog.models import LocalModel, Wish
from catalog.selectors.local import last_look
from catalog.services.local import look_locally


class Command(BaseCommand):
    help = "Find models in MODELS_DIR, read what was not read yet, ask for what lists name."

    def handle(self, *args: object, **options: object) -> None:
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
