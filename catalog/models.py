"""Requests to bring a version in, and the counts beside the filters of the Models page."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models

from core.models import Run
from registry.models import Model, ModelVersion


class Intake(models.Model):
    """What an intake run works on: the request as it was made, and the version it became."""

    run = models.OneToOneField(
        Run, on_delete=models.CASCADE, related_name="intake", primary_key=True
    )
    source = models.CharField(max_length=32)
    repo_id = models.CharField(max_length=200)
    revision = models.CharField(max_length=200, blank=True)
    model = models.ForeignKey(Model, on_delete=models.CASCADE, null=True, blank=True)
    version = models.ForeignKey(
        ModelVersion, on_delete=models.CASCADE, null=True, blank=True, related_name="intakes"
    )
    token_by = models.CharField(
        max_length=150, blank=True, help_text="Whose own token of the source this run was given."
    )
    force = models.BooleanField(default=False)
    scan_only = models.BooleanField(default=False)

    def __str__(self) -> str:
        return f"{self.source}:{self.repo_id}"


class Asker(models.Model):
    """Who asked for an intake. Whoever asked may follow it, whatever their tier."""

    intake = models.ForeignKey(Intake, on_delete=models.CASCADE, related_name="askers")
    user = models.ForeignKey(settings.AUTH_USER_MODEL, on_delete=models.CASCADE, related_name="+")
    at = models.DateTimeField(auto_now_add=True)

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["intake", "user"], name="one_asker_row_each")
        ]

    def __str__(self) -> str:
        return f"{self.user_id} asked"


class FacetCount(models.Model):
    """How many models of a tier have both values. A single value is the pair of it with itself."""

    tier = models.CharField(max_length=16)
    facet = models.CharField(max_length=24)
    value = models.CharField(max_length=80)
    other_facet = models.CharField(max_length=24)
    other_value = models.CharField(max_length=80)
    n = models.BigIntegerField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["tier", "other_facet", "other_value", "facet", "value"],
                name="one_count_per_pair",
            )
        ]

    def __str__(self) -> str:
        return f"{self.facet}={self.value} & {self.other_facet}={self.other_value}: {self.n}"


class FacetCombination(models.Model):
    """How many models have one value of every facet: few rows, from which any choice is summed."""

    tier = models.CharField(max_length=16)
    source = models.CharField(max_length=80)
    model_type = models.CharField(max_length=80)
    license_class = models.CharField(max_length=80)
    admission = models.CharField(max_length=80)
    scan_verdict = models.CharField(max_length=80)
    n = models.BigIntegerField()

    class Meta:
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=[
                    "tier",
                    "source",
                    "model_type",
                    "license_class",
                    "admission",
                    "scan_verdict",
                ],
                name="one_count_per_combination",
            )
        ]

    def __str__(self) -> str:
        return f"{self.tier} {self.source} {self.model_type}: {self.n}"


class FacetDelta(models.Model):
    """Changes since the counts were folded, appended by a trigger so that writers never wait."""

    tier = models.CharField(max_length=16)
    values = models.JSONField()
    n = models.SmallIntegerField()

    def __str__(self) -> str:
        return f"{self.n:+d} {self.values}"


class FacetFold(models.Model):
    """When the counts were last brought up to date; one row."""

    id = models.PositiveSmallIntegerField(primary_key=True, default=1, editable=False)
    folded_at = models.DateTimeField()

    class Meta:
        constraints: ClassVar = [
            models.CheckConstraint(condition=models.Q(id=1), name="one_facet_fold")
        ]

    def __str__(self) -> str:
        return f"{self.folded_at:%Y-%m-%d %H:%M:%S}"
