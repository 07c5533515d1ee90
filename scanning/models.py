"""What each engine said of each content: a file shared by ten models is read once."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from registry.enums import ScanVerdict


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
