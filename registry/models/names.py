"""What else versions and models are called: branches and tags at the source, former names."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from registry.models.model import Model
from registry.models.version import ModelVersion
from registry.names import LONGEST


class VersionName(models.Model):
    """A branch, tag or `refs/...` of the source under which a version was asked for.

    A name moves on: each version that was imported under it keeps its row. `main`, commits and
    numbers need none.
    """

    model = models.ForeignKey(Model, on_delete=models.CASCADE, related_name="names")
    name = models.CharField(max_length=LONGEST)
    version = models.ForeignKey(ModelVersion, on_delete=models.CASCADE, related_name="names")
    asked_at = models.DateTimeField(help_text="When it last meant this version at the source.")

    class Meta:
        ordering: ClassVar = ["model", "name", "-asked_at"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["model", "name", "version"], name="one_row_per_name_and_version"
            ),
            models.CheckConstraint(
                condition=~Q(name__in=["", "main"])
                & ~Q(name__startswith="refs/heads/")
                & ~Q(name__regex=r"^(refs/tags/)?v?[1-9][0-9]{0,8}$")
                & ~Q(name__regex=r"^([0-9a-f]{40}|[0-9a-f]{64})$"),
                name="name_is_none_of_ours",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} of {self.model_id}"


class ModelAlias(models.Model):
    """A name that the source leads on to a model: it was renamed there. A model's own name wins."""

    source = models.CharField(max_length=32)
    repo_id = models.CharField(max_length=200)
    model = models.ForeignKey(Model, on_delete=models.CASCADE, related_name="aliases")
    at = models.DateTimeField(help_text="When the source last said so.")

    class Meta:
        ordering: ClassVar = ["source", "repo_id"]
        verbose_name_plural = "model aliases"
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["source", "repo_id"], name="an_alias_means_one_model"),
            models.CheckConstraint(condition=~Q(repo_id=""), name="alias_has_a_name"),
        ]

    def __str__(self) -> str:
        return f"{self.repo_id} is {self.model}"
