"""What people asked for and what a curator answered."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import Q

from registry.enums import RequestState, Tier
from registry.models.model import Model
from registry.models.people import User


class AccessRequest(models.Model):
    """A person's wish to have a model. Whoever asked for a model may know what became of it."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="requests")
    model = models.ForeignKey(Model, on_delete=models.CASCADE, related_name="requests")
    tier = models.CharField(max_length=16, choices=Tier, help_text="The tier it is wanted for.")
    reason = models.TextField(blank=True)
    needs_curator = models.BooleanField(
        default=False, help_text="Policy said no, or held it; a curator is asked."
    )
    state = models.CharField(max_length=8, choices=RequestState, default=RequestState.OPEN)
    decided_by = models.ForeignKey(
        User, on_delete=models.SET_NULL, null=True, blank=True, related_name="+"
    )
    decided_at = models.DateTimeField(null=True, blank=True)
    note = models.TextField(blank=True, help_text="What the person who asked will read.")
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["created_at", "id"]
        constraints: ClassVar = [
            models.UniqueConstraint(
                fields=["user", "model"], condition=Q(state="open"), name="one_open_request_each"
            ),
            models.CheckConstraint(
                condition=Q(state="open", decided_at__isnull=True)
                | ~Q(state="open") & Q(decided_at__isnull=False),
                name="request_decided_at_matches_state",
            ),
        ]
        indexes: ClassVar = [
            models.Index(
                fields=["created_at", "id"],
                condition=Q(state="open", needs_curator=True),
                name="request_queue",
            ),
            models.Index(fields=["model", "user"], name="request_by_model"),
            models.Index(fields=["user", "model"], name="request_by_user"),
        ]

    def __str__(self) -> str:
        return f"{self.user} asks for {self.model}"
