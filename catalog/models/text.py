"""Texts of versions that people compare."""

from __future__ import annotations

from typing import ClassVar

from django.db import models

from registry.models import ModelVersion


class VersionText(models.Model):
    """A text of a version, kept when it was inspected; long ones are cut."""

    version = models.ForeignKey(ModelVersion, on_delete=models.CASCADE, related_name="texts")
    kind = models.CharField(max_length=16, help_text="card, license, chat_template, parameters")
    path = models.CharField(max_length=1000)
    body = models.TextField()
    is_cut = models.BooleanField(default=False)

    class Meta:
        ordering: ClassVar = ["version", "kind", "path"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["version", "kind", "path"], name="one_text_per_path")
        ]

    def __str__(self) -> str:
        return f"{self.kind} {self.path}"
