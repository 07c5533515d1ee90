"""Models that are looked after at their source, what was seen last, and what happened there."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from catalog.enums import EventKind, Reach, UpdateRule
from registry.models import Model


class Watch(models.Model):
    """When a model is looked at next and what the last look found; the row decides, not a message.

    What was seen is that of the last look that the source answered.
    """

    model = models.OneToOneField(Model, on_delete=models.CASCADE, related_name="watch")
    rule = models.CharField(max_length=16, choices=UpdateRule, default=UpdateRule.NOTIFY)
    next_check_at = models.DateTimeField()
    last_tried_at = models.DateTimeField(null=True, blank=True)
    last_checked_at = models.DateTimeField(null=True, blank=True)
    last_result = models.CharField(max_length=32, blank=True)
    last_error = models.TextField(blank=True)
    failures = models.PositiveIntegerField(default=0)
    etag = models.CharField(max_length=200, blank=True)
    last_commit = models.CharField(max_length=64, blank=True)
    repo_id = models.CharField(max_length=200, blank=True, help_text="What its source calls it.")
    reach = models.CharField(max_length=8, choices=Reach, default=Reach.OPEN)
    gated = models.CharField(max_length=40, null=True, blank=True)  # noqa: DJ001 null: not known
    license = models.CharField(max_length=400, null=True, blank=True)  # noqa: DJ001 null: not known
    lost_commit = models.CharField(max_length=64, blank=True)
    lease_until = models.DateTimeField(null=True, blank=True)
    claim = models.UUIDField(null=True, blank=True, help_text="Who looks; others write nothing.")

    class Meta:
        ordering: ClassVar = ["next_check_at", "id"]
        verbose_name_plural = "watches"
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(rule__in=UpdateRule.values), name="watch_rule_known")
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["next_check_at", "id"], condition=~Q(rule="off"), name="watch_due"
            ),
            models.Index(fields=["last_tried_at"], name="watch_by_try"),
        ]

    def __str__(self) -> str:
        return f"{self.model}: {self.rule}"


class SourcePause(models.Model):
    """A source that asked not to be asked for a while."""

    source = models.CharField(max_length=32, primary_key=True)
    until = models.DateTimeField()
    reason = models.TextField(blank=True)

    def __str__(self) -> str:
        return f"{self.source} until {self.until:%H:%M:%S}"


class ModelEvent(models.Model):
    """Something that happened to a model at its source; it is told once and kept."""

    model = models.ForeignKey(Model, on_delete=models.CASCADE, related_name="events")
    kind = models.CharField(max_length=24, choices=EventKind)
    text = models.TextField()
    commit = models.CharField(max_length=64, blank=True)
    details = models.JSONField(default=dict, blank=True)
    at = models.DateTimeField()
    seen_at = models.DateTimeField(null=True, blank=True)
    seen_by = models.CharField(max_length=150, blank=True)

    class Meta:
        ordering: ClassVar = ["-at", "-id"]
        indexes: ClassVar = [
            models.Index(fields=["model", "-at", "-id"], name="event_by_model"),
            models.Index(
                fields=["-at", "-id"], condition=Q(seen_at__isnull=True), name="event_unseen"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.kind} of {self.model_id}"
