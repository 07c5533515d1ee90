"""Models that people send in pieces. The file itself says how much of it is here, no row does."""

from __future__ import annotations

import uuid
from pathlib import Path
from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from core.models import Run


class UploadSet(models.Model):
    """The files of one private model version; complete and closed before anything is done."""

    class State(models.TextChoices):
        OPEN = "open"
        SEALED = "sealed"
        DONE = "done"
        EXPIRED = "expired"

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    name = models.CharField(max_length=200)
    state = models.CharField(max_length=8, choices=State, default=State.OPEN)
    commit = models.CharField(max_length=40, blank=True)
    run = models.ForeignKey(Run, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    created_at = models.DateTimeField(auto_now_add=True)
    touched_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["-created_at", "-id"]
        indexes: ClassVar = [
            models.Index(fields=["user", "-created_at", "-id"], name="upload_set_of_person"),
            models.Index(fields=["state", "touched_at"], name="upload_set_to_collect"),
            models.Index(fields=["name", "commit"], name="upload_set_by_name"),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.state})"

    @property
    def folder(self) -> Path:
        return Path(settings.UPLOADS_DIR) / self.pk.hex


class Upload(models.Model):
    """One file of a set; its name on the disk is ours."""

    id = models.UUIDField(primary_key=True, default=uuid.uuid4, editable=False)
    upload_set = models.ForeignKey(UploadSet, on_delete=models.CASCADE, related_name="uploads")
    path = models.CharField(max_length=1000)
    length = models.BigIntegerField()
    sha256 = models.CharField(max_length=64, blank=True, help_text="As whoever sends it says.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["path"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["upload_set", "path"], name="one_upload_per_path"),
            models.CheckConstraint(condition=Q(length__gte=0), name="upload_length_not_negative"),
        ]

    def __str__(self) -> str:
        return self.path

    @property
    def place(self) -> str:
        """Where its bytes are, below the folder of all uploads."""
        return f"{self.upload_set_id.hex}/{self.pk.hex}.part"

    @property
    def file(self) -> Path:
        return Path(settings.UPLOADS_DIR) / self.place
