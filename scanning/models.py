"""What each engine said of each content, read once, and which findings somebody accepted.

Beside it what pages list without reading every report: findings by content and rule, and how the
engines themselves are.
"""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex
from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from registry.enums import ScanVerdict
from registry.models import ModelVersion, User
from registry.models.version import HEX64
from scanning.enums import EngineHealth


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
    covered_bytes = models.BigIntegerField(
        null=True, blank=True, help_text="Of how many bytes the engine knows what they are."
    )
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


class FindingWaiver(models.Model):
    """What one rule found in one content, accepted for a time. Kept forever, ended or not."""

    sha256 = models.CharField(max_length=64)
    rule = models.CharField(max_length=200)
    severity = models.CharField(
        max_length=8,
        choices=[(name, name) for name in ("medium", "high", "critical")],
        help_text="The worst that was accepted; what the rule finds beyond that blocks.",
    )
    reason = models.TextField()
    granted_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="finding_waivers")
    granted_at = models.DateTimeField()
    expires_at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)
    ended_by = models.ForeignKey(
        User,
        on_delete=models.PROTECT,
        null=True,
        blank=True,
        related_name="+",
        help_text="Who took it back; nobody where it expired.",
    )
    settled_at = models.DateTimeField(
        null=True,
        blank=True,
        help_text="When all that holds the content was decided again; empty while that is to do.",
    )

    class Meta:
        ordering: ClassVar = ["-granted_at", "-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["sha256", "rule"],
                condition=Q(ended_at__isnull=True),
                name="one_waiver_per_content_and_rule",
            ),
            models.CheckConstraint(
                condition=Q(sha256__regex=HEX64), name="finding_waiver_sha256_form"
            ),
            models.CheckConstraint(
                condition=Q(severity__in=["medium", "high", "critical"]),
                name="finding_waiver_severity_known",
            ),
            models.CheckConstraint(
                condition=~Q(rule="") & ~Q(reason=""), name="finding_waiver_says_what_and_why"
            ),
            models.CheckConstraint(
                condition=Q(expires_at__gt=F("granted_at")), name="finding_waiver_ends_after_grant"
            ),
            models.CheckConstraint(
                condition=Q(ended_at__isnull=False) | Q(ended_by__isnull=True),
                name="finding_waiver_ended_by_has_time",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["sha256"], name="finding_waiver_by_content"),
            models.Index(fields=["-granted_at", "-id"], name="finding_waiver_newest"),
            models.Index(
                fields=["id"],
                condition=Q(settled_at__isnull=True),
                name="finding_waiver_unsettled",
            ),
            models.Index(
                fields=["expires_at"],
                condition=Q(ended_at__isnull=True),
                name="finding_waiver_expiring",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.rule} in {self.sha256[:12]}"


class ContentFinding(models.Model):
    """What one rule says of one content, whichever engines say it: a row of the inbox.

    Made from the newest reports, in the transaction that keeps them (`scanning.services.inbox`).
    """

    sha256 = models.CharField(max_length=64)
    rule = models.CharField(max_length=200)
    weight = models.PositiveSmallIntegerField(help_text="Of the severity: 4 critical, 0 info.")
    engines = ArrayField(models.CharField(max_length=32), default=list, blank=True)
    message = models.CharField(max_length=400, blank=True)
    verdict = models.CharField(max_length=10, choices=ScanVerdict, help_text="Of the content.")
    found_at = models.DateTimeField(help_text="When an engine first said so.")

    class Meta:
        ordering: ClassVar = ["-weight", "-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["sha256", "rule"], name="one_finding_per_rule"),
            models.CheckConstraint(condition=Q(weight__lte=4), name="finding_weight_known"),
            models.CheckConstraint(
                condition=Q(verdict__in=ScanVerdict.values), name="finding_verdict_known"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["-weight", "-id"], name="finding_by_weight"),
            models.Index(fields=["verdict", "-weight", "-id"], name="finding_by_verdict"),
            GinIndex(fields=["engines"], name="finding_by_engine"),
        ]

    def __str__(self) -> str:
        return f"{self.rule} in {self.sha256[:12]}"


class EngineState(models.Model):
    """How one engine on one host answered its canary, a file that it must flag, the last time."""

    slug = models.CharField(max_length=32)
    host = models.CharField(max_length=255)
    engine = models.CharField(max_length=120, blank=True, help_text="Version of its rules.")
    signatures = models.CharField(max_length=40, blank=True)
    signatures_at = models.DateTimeField(null=True, blank=True)
    state = models.CharField(max_length=8, choices=EngineHealth)
    words = models.CharField(max_length=400, blank=True)
    checked_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["slug", "host"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["slug", "host"], name="one_state_per_engine_and_host"),
            models.CheckConstraint(
                condition=Q(state__in=EngineHealth.values), name="engine_state_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.slug} on {self.host}: {self.state}"

    @property
    def signatures_days(self) -> int | None:
        """How old the signatures are; None where they bear no date."""
        if self.signatures_at is None:
            return None
        return max(0, (timezone.now() - self.signatures_at).days)


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
