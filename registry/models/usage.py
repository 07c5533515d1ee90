"""How much was served on a day, for the pages and lists that would not read every row of it."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from registry.models.model import Model
from registry.models.people import Team, User
from registry.models.version import ModelVersion


class UsageDay(models.Model):
    """Sums of one day (UTC) by version, person and family of clients, folded from what was served.

    Without a person: callers who have no account.
    """

    day = models.DateField()
    model = models.ForeignKey(Model, on_delete=models.CASCADE, related_name="usage")
    version = models.ForeignKey(ModelVersion, on_delete=models.CASCADE, related_name="usage")
    user = models.ForeignKey(
        User, on_delete=models.CASCADE, null=True, blank=True, related_name="usage"
    )
    team = models.ForeignKey(
        Team, on_delete=models.CASCADE, null=True, blank=True, related_name="usage"
    )
    client_family = models.CharField(max_length=32, blank=True)
    files = models.BigIntegerField(default=0, help_text="Files that were begun.")
    bytes = models.BigIntegerField(default=0, help_text="As sent where counted, else as promised.")

    class Meta:
        ordering: ClassVar = ["-day", "-bytes", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["day", "version", "user", "team", "client_family"],
                nulls_distinct=False,
                name="one_usage_row_each",
            )
        ]
        indexes: ClassVar = [
            models.Index(fields=["model", "day"], name="usage_by_model"),
            models.Index(fields=["team", "day"], name="usage_by_team"),
        ]

    def __str__(self) -> str:
        return f"{self.day} {self.model_id}: {self.bytes}"
