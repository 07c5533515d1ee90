"""What programs asked for and the yard does not have."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from core.models import Run
from registry.enums import DemandState
from registry.models.model import Model
from registry.models.people import User


class Demand(models.Model):
    """A name, and a revision where one was named, that was asked for and is not here."""

    repo_id = models.CharField(max_length=200)
    revision = models.CharField(max_length=200, blank=True)
    model = models.ForeignKey(
        Model, on_delete=models.CASCADE, null=True, blank=True, related_name="demands"
    )
    run = models.ForeignKey(
        Run,
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        help_text="The import that it started.",
    )
    state = models.CharField(max_length=12, choices=DemandState, default=DemandState.RECORDED)
    note = models.CharField(max_length=400, blank=True)
    count = models.PositiveBigIntegerField(default=1)
    first_at = models.DateTimeField()
    last_at = models.DateTimeField()
    next_try = models.DateTimeField(
        null=True, blank=True, help_text="Not before this is the source asked again."
    )

    class Meta:
        ordering: ClassVar = ["-last_at", "-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["repo_id", "revision"], name="one_demand_per_name"),
            models.CheckConstraint(
                condition=Q(state__in=DemandState.values), name="demand_state_known"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["state", "-last_at", "-id"], name="demand_by_state"),
        ]

    def __str__(self) -> str:
        return f"{self.repo_id}@{self.revision}" if self.revision else self.repo_id


class DemandAsker(models.Model):
    """One person who asked, however often; without a person those who have no account."""

    demand = models.ForeignKey(Demand, on_delete=models.CASCADE, related_name="askers")
    user = models.ForeignKey(
        User, on_delete=models.CASCADE, null=True, blank=True, related_name="demands"
    )
    key_prefix = models.CharField(max_length=12, blank=True)
    client = models.CharField(max_length=200, blank=True)
    address = models.GenericIPAddressField(null=True, blank=True)
    count = models.PositiveBigIntegerField(default=1)
    last_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["demand", "-last_at"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["demand", "user"], nulls_distinct=False, name="one_demand_row_each"
            )
        ]

    def __str__(self) -> str:
        return f"{self.user_id} asked for {self.demand_id}"
