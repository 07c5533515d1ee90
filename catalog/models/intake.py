"""Requests to bring a version in, and who made them."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models

from core.models import Run
from registry.models import Model, ModelVersion


class Intake(models.Model):
    """What an intake run works on: the request as it was made, and the version it became."""

    run = models.OneToOneField(
        Run, on_delete=models.CASCADE, related_name="intake", primary_key=True
    )
    source = models.CharField(max_length=32)
    repo_id = models.CharField(max_length=200)
    revision = models.CharField(max_length=200, blank=True)
    model = models.ForeignKey(Model, on_delete=models.CASCADE, null=True, blank=True)
    version = models.ForeignKey(
        ModelVersion, on_delete=models.CASCADE, null=True, blank=True, related_name="intakes"
    )
    token_by = models.CharField(
        max_length=150, blank=True, help_text="Whose own token of the source this run was given."
    )
    force = models.BooleanField(default=False)
    selection = models.JSONField(
        default=dict,
        blank=True,
        db_default={},
        help_text="Which files were asked for: include, exclude, preset. Empty: as it is here.",
    )
    needs_curator = models.BooleanField(
        default=False,
        db_default=False,
        help_text="An update rule started it: what it pins waits for a curator.",
    )
    through = models.CharField(
        max_length=200,
        blank=True,
        default="",
        db_default="",
        help_text="Through which yards the question came that started it, as they said it.",
    )
    scan_only = models.BooleanField(default=False)

    def __str__(self) -> str:
        return f"{self.source}:{self.repo_id}"


class Asker(models.Model):
    """Who asked for an intake. Whoever asked may follow it, whatever their tier."""

    intake = models.ForeignKey(Intake, on_delete=models.CASCADE, related_name="askers")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["intake", "user"], name="one_asker_row_each")
        ]

    def __str__(self) -> str:
        return f"{self.user_id} asked"
