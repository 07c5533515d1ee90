"""What people are told of versions that they use or look after, and its way to other systems."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from registry.enums import NoticeKind
from registry.models.people import User
from registry.models.version import ModelVersion


class Notice(models.Model):
    """Something that happened to a version, written in the transaction in which it did.

    One that tells of a loss is open until the version is offered again.
    """

    version = models.ForeignKey(ModelVersion, on_delete=models.CASCADE, related_name="notices")
    kind = models.CharField(max_length=16, choices=NoticeKind)
    text = models.CharField(max_length=400)
    reason = models.TextField(blank=True)
    at = models.DateTimeField()
    ended_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["-at", "-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["version"],
                condition=Q(kind="held", ended_at__isnull=True),
                name="one_open_notice_of_a_loss",
            ),
            models.CheckConstraint(
                condition=Q(kind__in=NoticeKind.values), name="notice_kind_known"
            ),
        ]

    def __str__(self) -> str:
        return self.text


class Receipt(models.Model):
    """One person's copy of a notice."""

    notice = models.ForeignKey(Notice, on_delete=models.CASCADE, related_name="receipts")
    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="receipts")
    at = models.DateTimeField()
    read_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["-at", "-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["notice", "user"], name="one_receipt_each")
        ]
        indexes: ClassVar = [
            models.Index(fields=["user", "-at", "-id"], name="receipt_by_user"),
            models.Index(fields=["user"], condition=Q(read_at__isnull=True), name="receipt_unread"),
        ]

    def __str__(self) -> str:
        return f"{self.notice_id} for {self.user_id}"


class NoticeDelivery(models.Model):
    """A notice on its way to the webhook: the row decides, tried until it arrives or is given up.

    The claim is that of the worker which sends; a late one writes nothing.
    """

    notice = models.OneToOneField(
        Notice, on_delete=models.CASCADE, related_name="delivery", primary_key=True
    )
    tries = models.PositiveSmallIntegerField(default=0)
    next_at = models.DateTimeField()
    claim = models.UUIDField(null=True, blank=True)
    delivered_at = models.DateTimeField(null=True, blank=True)
    gave_up_at = models.DateTimeField(null=True, blank=True)
    error = models.CharField(max_length=400, blank=True)

    class Meta:
        ordering: ClassVar = ["next_at", "notice_id"]
        verbose_name_plural = "notice deliveries"
        indexes: ClassVar = [
            models.Index(
                fields=["next_at", "notice"],
                condition=Q(delivered_at__isnull=True, gave_up_at__isnull=True),
                name="delivery_due",
            )
        ]

    def __str__(self) -> str:
        return f"delivery of {self.notice_id}"
