"""What each engine said of each content: a file shared by ten models is read once."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from registry.enums import ScanVerdict
from registry.models import ModelVersion


class Scan(models.Model):
    """The report of one engine, in one version of its rules, over one content."""

    sha256 = models.CharField(max_length=64)
    scanner = models.CharField(max_length=32)
    engine = models.CharField(
        max_length=120, help_text="New rules make a new row, hence a new scan."
    )
    variant = models.CharField(
        max_length=200, blank=True, help_text="What besides bytes and engine decides the answer."
    )
    verdict = models.CharField(max_length=10, choices=ScanVerdict)
    findings = models.JSONField(default=list, blank=True)
    coverage = models.CharField(max_length=8)
    detail = models.TextField(blank=True)
    scanned_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["-scanned_at"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["sha256", "scanner", "engine", "variant"],
                name="one_report_per_content_and_engine",
            ),
            models.CheckConstraint(
                condition=Q(verdict__in=ScanVerdict.values), name="scan_verdict_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.scanner} on {self.sha256[:12]}: {self.verdict}"


class EngineSet(models.Model):
    """The engines as a worker met them; a change of any makes another row, and the newest holds.

    Engines of signatures are told apart from those of rules: theirs change several times a day.
    """

    rules = models.CharField(max_length=64)
    signatures = models.CharField(max_length=64)
    engines = models.JSONField(help_text="Slug and version of each.")
    noticed_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["-id"]

    def __str__(self) -> str:
        return ", ".join(self.engines)


class VersionScan(models.Model):
    """By which engines the verdict on a version was last given."""

    version = models.OneToOneField(
        ModelVersion, on_delete=models.CASCADE, related_name="scanned_by", primary_key=True
    )
    rules = models.CharField(max_length=64)
    signatures = models.CharField(max_length=64)
    at = models.DateTimeField()

    def __str__(self) -> str:
        return f"scan of {self.version_id}"


class Rescan(models.Model):
    """A published version that waits to be scanned again: the queue of the run that does it.

    First what older engines were noticed for, then what is downloaded most. One that was given up
    stays, with what could not be looked at, until other engines come.
    """

    version = models.OneToOneField(
        ModelVersion, on_delete=models.CASCADE, related_name="rescan", primary_key=True
    )
    engines = models.ForeignKey(EngineSet, on_delete=models.PROTECT, related_name="+")
    downloads = models.BigIntegerField(default=0)
    queued_at = models.DateTimeField()
    tries = models.PositiveSmallIntegerField(default=0)
    not_before = models.DateTimeField(null=True, blank=True)
    detail = models.CharField(max_length=400, blank=True)
    gave_up_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["engines_id", "-downloads", "version_id"]
        indexes: ClassVar = [
            models.Index(
                fields=["engines", "-downloads", "version"],
                condition=Q(gave_up_at__isnull=True),
                name="rescan_order",
            )
        ]

    def __str__(self) -> str:
        return f"re-scan of {self.version_id}"
