"""A row for every answer with bytes: who was given which part of which file."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q

from registry.models.model import Model
from registry.models.people import Team, User
from registry.models.version import ModelVersion


class Served(models.Model):
    """Bytes that were promised to a caller, written before the first of them leaves.

    The table is parted by months and refuses every change but those that seal a row and say what
    was sent. Its keys hold nothing: what was served stays told when what it names is gone.
    `seal` and `sent_seal` are the numbers of the audit events that vouch for it.
    """

    id = models.BigAutoField(primary_key=True)
    at = models.DateTimeField()
    actor = models.CharField(max_length=150)
    user = models.ForeignKey(
        User,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        null=True,
        related_name="+",
    )
    team = models.ForeignKey(
        Team,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        null=True,
        related_name="+",
        help_text="That of the person at the time.",
    )
    key_prefix = models.CharField(max_length=12, blank=True)
    address = models.GenericIPAddressField(null=True)
    source = models.CharField(max_length=32)
    repo_id = models.CharField(max_length=200)
    model = models.ForeignKey(
        Model, on_delete=models.DO_NOTHING, db_constraint=False, db_index=False, related_name="+"
    )
    version = models.ForeignKey(
        ModelVersion,
        on_delete=models.DO_NOTHING,
        db_constraint=False,
        db_index=False,
        related_name="+",
    )
    commit = models.CharField(max_length=64)
    path = models.CharField(max_length=1000)
    sha256 = models.CharField(max_length=64)
    size = models.BigIntegerField(help_text="Of the whole file.")
    start = models.BigIntegerField()
    length = models.BigIntegerField(help_text="Bytes that were promised.")
    sent = models.BigIntegerField(
        null=True, help_text="Bytes that left; empty where nobody could count them."
    )
    client = models.CharField(max_length=200, blank=True)
    protocol = models.CharField(max_length=16)
    seal = models.BigIntegerField(null=True)
    sent_seal = models.BigIntegerField(null=True)

    class Meta:
        ordering: ClassVar = ["-id"]
        verbose_name_plural = "served"
        indexes: ClassVar = [
            models.Index(fields=["repo_id", "-id"], name="served_by_repo"),
            models.Index(fields=["actor", "-id"], name="served_by_actor"),
            models.Index(fields=["id"], condition=Q(seal__isnull=True), name="served_unsealed"),
            models.Index(
                fields=["id"],
                condition=Q(sent__isnull=False, sent_seal__isnull=True),
                name="served_sent_unsealed",
            ),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(
                condition=Q(start__gte=0, length__gte=0, size__gte=F("start") + F("length")),
                name="served_part_is_in_the_file",
            ),
            models.CheckConstraint(
                condition=Q(sent__isnull=True) | Q(sent__gte=0, sent__lte=F("length")),
                name="served_sent_is_promised",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.at:%Y-%m-%d %H:%M} {self.actor} {self.repo_id}/{self.path}"
