"""What models were made from."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models.functions import Upper

from registry.enums import Relation
from registry.models.model import Model

# Cards name models of the Hub, wherever the model itself comes from.
HUB = "huggingface"


class BaseLink(models.Model):
    """A model that another was made from, by the name that its head gives.

    The base need not be here; when it comes, the link leads to it. Names differ in case between
    cards, so they are compared without.
    """

    model = models.ForeignKey(Model, on_delete=models.CASCADE, related_name="bases")
    source = models.CharField(max_length=32, help_text="Where the name means the base.")
    repo_id = models.CharField(max_length=200)
    relation = models.CharField(max_length=16, choices=Relation, blank=True)
    position = models.PositiveSmallIntegerField(default=0)

    class Meta:
        ordering: ClassVar = ["model", "position"]
        constraints: ClassVar = [
            models.UniqueConstraint("model", "source", Upper("repo_id"), name="one_link_per_base"),
            models.CheckConstraint(
                condition=models.Q(relation="") | models.Q(relation__in=Relation.values),
                name="base_relation_known",
            ),
        ]
        indexes: ClassVar = [
            models.Index(Upper("repo_id"), "source", "model", name="base_by_name"),
        ]

    def __str__(self) -> str:
        return f"{self.model} of {self.repo_id}"
