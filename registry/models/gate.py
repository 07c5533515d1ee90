"""Gates, the policies over them, and waivers: what a decision is made of."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from registry.enums import Gate, GateMode, GateOutcome, Tier
from registry.models.people import User
from registry.models.version import ModelVersion


class GateResult(models.Model):
    """The answer of one gate for one version, with the evidence it rests on.

    `mode` is how the policy of the tier that was decided for took the answer.
    """

    version = models.ForeignKey(ModelVersion, on_delete=models.CASCADE, related_name="gates")
    gate = models.CharField(max_length=32, choices=Gate)
    outcome = models.CharField(max_length=8, choices=GateOutcome)
    mode = models.CharField(max_length=8, choices=GateMode, default=GateMode.ENFORCE)
    reason = models.TextField(blank=True)
    evidence = models.JSONField(default=dict, blank=True)
    answered_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["version", "gate"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["version", "gate"], name="one_answer_per_gate"),
            models.CheckConstraint(
                condition=Q(outcome__in=GateOutcome.values), name="gate_outcome_known"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.gate}: {self.outcome}"


class Policy(models.Model):
    """What a tier requires. Policies are never edited: a change is a new number."""

    tier = models.CharField(max_length=16, choices=Tier)
    number = models.PositiveIntegerField()
    is_active = models.BooleanField(default=True)
    gates = models.JSONField(help_text='Mode of each gate: {"malware": "enforce", ...}')
    limits = models.JSONField(
        default=dict,
        blank=True,
        help_text="license_classes: list, max_bytes: number of the version, max_file_bytes: number "
        "of one file, formats_refused: list, extensions_refused: list of endings such as .exe, "
        "held_back_refused: true where a version with a file that is held back is refused",
    )
    note = models.CharField(max_length=400, blank=True)
    created_at = models.DateTimeField(auto_now_add=True)
    created_by = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )

    class Meta:
        ordering: ClassVar = ["tier", "-number"]
        verbose_name_plural = "policies"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["tier", "number"], name="one_policy_per_number"),
            models.UniqueConstraint(
                fields=["tier"], condition=Q(is_active=True), name="one_active_policy_per_tier"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.tier} v{self.number}"


class Waiver(models.Model):
    """A gate's answer that a curator accepted for one version, for a time."""

    version = models.ForeignKey(ModelVersion, on_delete=models.CASCADE, related_name="waivers")
    gate = models.CharField(max_length=32, choices=Gate)
    tier = models.CharField(max_length=16, choices=Tier, help_text="From this tier upwards.")
    reason = models.TextField()
    granted_by = models.ForeignKey(User, on_delete=models.PROTECT, related_name="waivers")
    granted_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["-granted_at"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=~Q(gate__in=[Gate.MALWARE, Gate.INTEGRITY]),
                name="malware_and_integrity_cannot_be_waived",
            ),
            models.CheckConstraint(condition=Q(gate__in=Gate.values), name="waiver_gate_known"),
        ]

    def __str__(self) -> str:
        return f"{self.gate} of {self.version}"
