"""Who was given files of a version: what is most wanted, and who has to be told of it."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from registry.models.model import Model
from registry.models.people import User
from registry.models.version import ModelVersion


class Download(models.Model):
    """One row per version and person, however often; without a person those who have no account."""

    version = models.ForeignKey(ModelVersion, on_delete=models.CASCADE, related_name="downloads")
    model = models.ForeignKey(Model, on_delete=models.CASCADE, related_name="downloads")
    user = models.ForeignKey(
        User, on_delete=models.CASCADE, null=True, blank=True, related_name="downloads"
    )
    files = models.PositiveBigIntegerField(
        default=0, help_text="Files that were begun; a part that continues one is not counted."
    )
    last_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["version_id", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["version", "user"], nulls_distinct=False, name="one_download_row_each"
            )
        ]
        indexes: ClassVar = [models.Index(fields=["user", "model"], name="download_by_user")]

    def __str__(self) -> str:
        return f"{self.user_id} has {self.version_id}"
