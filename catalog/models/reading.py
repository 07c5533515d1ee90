"""Runs in which a language model reads the card of a version."""

from __future__ import annotations

from typing import Final

from django.db import models

from core.models import Run
from registry.models import Model, ModelVersion

CARD_READING: Final = "card-reading"  # the kind of these runs


class CardReading(models.Model):
    """What such a run works on; what it finds is kept among the facts of the version."""

    run = models.OneToOneField(
        Run, on_delete=models.CASCADE, related_name="card_reading", primary_key=True
    )
    version = models.ForeignKey(
        ModelVersion, on_delete=models.CASCADE, related_name="card_readings"
    )

    def __str__(self) -> str:
        return f"card of {self.version_id}"

    @property
    def model(self) -> Model:
        return self.version.model


def reading_of(run: Run) -> CardReading | None:
    """Give what a run reads; None for any other run, without asking the database."""
    return run.card_reading if run.kind == CARD_READING else None
