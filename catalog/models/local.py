"""Files of this machine as the yard knows them."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q


class LocalFile(models.Model):
    """One file that was read: `stamp` says of which bytes `sha256` is true (core.folders)."""

    key = models.CharField(max_length=64, primary_key=True)
    path = models.TextField()
    stamp = models.CharField(max_length=120)
    size = models.BigIntegerField()
    sha256 = models.CharField(max_length=64)
    read_at = models.DateTimeField(auto_now=True)

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(sha256__regex="^[0-9a-f]{64}$"), name="local_file_is_sha256"
            )
        ]
        indexes: ClassVar = [models.Index(fields=["sha256"], name="local_file_by_sha256")]

    def __str__(self) -> str:
        return self.path
