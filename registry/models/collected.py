"""Lists that were collected elsewhere, such as what a runtime supports."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from registry.enums import CollectedName


class CollectedList(models.Model):
    """A list as its source had it last; `generation` counts how often what is on it changed."""

    name = models.CharField(max_length=40, choices=CollectedName, primary_key=True)
    items = ArrayField(models.CharField(max_length=200))
    source = models.CharField(max_length=400, help_text="The page or file that it was read from.")
    collected_at = models.DateTimeField(help_text="When it was last read there.")
    generation = models.PositiveSmallIntegerField(default=1)

    class Meta:
        ordering: ClassVar = ["name"]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(name__in=CollectedName.values), name="collected_name_known"
            ),
            models.CheckConstraint(condition=~Q(items=[]), name="collected_has_items"),
            models.CheckConstraint(condition=~Q(source=""), name="collected_says_where"),
        ]

    def __str__(self) -> str:
        return self.name
