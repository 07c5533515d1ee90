"""What the yard knows of this machine: files it read, models it found, models it was told of."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from core.models import Run


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


class LocalModel(models.Model):
    """A model that lies on this machine now; `commit` is '' until all its files were read."""

    name = models.CharField(max_length=200, unique=True)
    kind = models.CharField(max_length=8, help_text="folder, file, or place (named by a setting)")
    size_bytes = models.BigIntegerField()
    file_count = models.PositiveIntegerField()
    fingerprint = models.CharField(max_length=64)
    commit = models.CharField(max_length=40, blank=True)
    problem = models.TextField(blank=True)
    found_at = models.DateTimeField(auto_now_add=True)
    changed_at = models.DateTimeField(help_text="When a look last saw other files than before.")

    class Meta:
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name


class LocalLook(models.Model):
    """The last look at this machine; one row, which also says who looks right now."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    lease_until = models.DateTimeField(null=True, blank=True)
    looked_at = models.DateTimeField(null=True, blank=True)
    file_count = models.PositiveIntegerField(default=0)
    problems = models.JSONField(default=list, blank=True)
    list_problems = models.JSONField(default=list, blank=True)

    class Meta:
        constraints: ClassVar = [models.CheckConstraint(condition=Q(id=1), name="one_local_look")]

    def __str__(self) -> str:
        return f"looked at {self.looked_at}"


class Wish(models.Model):
    """A model that a list names (`models.txt`, the minimal set), and what became of it."""

    class State(models.TextChoices):
        WAITING = "waiting"
        RUNNING = "running"
        HERE = "here"
        LOCAL = "local"
        SKIPPED = "skipped"
        FAILED = "failed"

    uri = models.CharField(max_length=500, unique=True)
    origin = models.CharField(max_length=16)
    line = models.PositiveIntegerField()
    state = models.CharField(max_length=8, choices=State, default=State.WAITING)
    taken = models.CharField(
        max_length=500, blank=True, help_text="Which of the line's names was asked for last."
    )
    commit = models.CharField(max_length=64, blank=True)
    note = models.TextField(blank=True)
    run = models.ForeignKey(Run, on_delete=models.SET_NULL, null=True, blank=True, related_name="+")
    next_try = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["origin", "line"]

    def __str__(self) -> str:
        return self.uri
