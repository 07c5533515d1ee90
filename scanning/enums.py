"""The words of scanning that rows keep. They are never renamed."""

from __future__ import annotations

from django.db.models import TextChoices


class EngineHealth(TextChoices):
    """Whether an engine flags its canary; one that nobody set up here is absent."""

    WORKING = "working"
    BROKEN = "broken"
    ABSENT = "absent"
