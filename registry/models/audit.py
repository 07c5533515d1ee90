"""The audit trail: rows that PostgreSQL refuses to change, each with the hash before it."""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class AuditEvent(models.Model):
    """Who did what, when, to what, with what outcome. Written only by `registry.audit.record`."""

    at = models.DateTimeField()
    actor = models.CharField(max_length=150, help_text="User name, or the part of the yard.")
    key_prefix = models.CharField(max_length=12, blank=True)
    address = models.GenericIPAddressField(null=True, blank=True)
    action = models.CharField(max_length=64)
    subject_type = models.CharField(max_length=32, blank=True)
    subject = models.CharField(max_length=400, blank=True)
    outcome = models.CharField(max_length=16)
    reason = models.TextField(blank=True)
    details = models.JSONField(default=dict, blank=True)
    previous_hash = models.CharField(max_length=64, editable=False)
    hash = models.CharField(max_length=64, unique=True, editable=False)

    class Meta:
        ordering: ClassVar = ["-id"]
        indexes: ClassVar = [
            models.Index(fields=["subject", "-id"], name="audit_by_subject"),
            models.Index(fields=["actor", "-id"], name="audit_by_actor"),
        ]
        constraints: ClassVar = [
            # The chain cannot fork: only one event may follow another.
            models.UniqueConstraint(fields=["previous_hash"], name="audit_chain_does_not_fork")
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.actor} {self.action} {self.subject}"
