"""People and the keys that speak for them."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.auth.models import AbstractUser
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from registry.enums import Scope, Tier


class User(AbstractUser):
    """A person. `tier` is the highest that they may have; roles are the groups they are in."""

    tier = models.CharField(max_length=16, choices=Tier, default=Tier.LITE)

    class Meta(AbstractUser.Meta):
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(tier__in=Tier.values), name="user_tier_known")
        ]


class ApiKey(models.Model):
    """A bearer token, kept only as its SHA-256: 200 bits of randomness need no slow hash."""

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="keys")
    name = models.CharField(max_length=80)
    prefix = models.CharField(max_length=12, help_text="First letters, to recognize it by.")
    digest = models.CharField(max_length=64, unique=True, editable=False)
    scopes = ArrayField(models.CharField(max_length=16, choices=Scope))
    tier_cap = models.CharField(max_length=16, choices=Tier)
    created_at = models.DateTimeField(auto_now_add=True)
    expires_at = models.DateTimeField(null=True, blank=True)
    last_used_at = models.DateTimeField(null=True, blank=True)
    revoked_at = models.DateTimeField(null=True, blank=True)

    class Meta:
        ordering: ClassVar = ["-created_at", "-id"]
        verbose_name = "API key"
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(tier_cap__in=Tier.values), name="key_tier_known"),
            models.CheckConstraint(
                condition=Q(scopes__len__gt=0) & Q(scopes__contained_by=Scope.values),
                name="key_scopes_known",
            ),
            models.CheckConstraint(
                condition=Q(digest__regex="^[0-9a-f]{64}$"), name="key_digest_is_sha256"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"
