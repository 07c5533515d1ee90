"""Counts beside the filters of the Models page."""

from __future__ import annotations

from typing import ClassVar

from django.db import models


class FacetCount(models.Model):
    """How many models of a tier have both values; a value alone is paired with nothing ('')."""

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
