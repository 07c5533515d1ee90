"""People, the teams they are in, and the keys that speak for them."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.auth.models import AbstractUser
from django.contrib.postgres.fields import ArrayField
from django.db import models
from django.db.models import Q

from registry.enums import KeyKind, Scope, Tier


class Team(models.Model):
    """People whose use of models is counted together; it gives no right. Never deleted."""

    slug = models.SlugField(max_length=64, unique=True)
    name = models.CharField(max_length=80, unique=True)

    class Meta:
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name


class User(AbstractUser):
    """A person. `tier` is the highest that they may have; roles are the groups they are in."""

    tier = models.CharField(max_length=16, choices=Tier, default=Tier.LITE)
    team = models.ForeignKey(
        Team, on_delete=models.PROTECT, null=True, blank=True, related_name="people"
    )

    class Meta(AbstractUser.Meta):
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(tier__in=Tier.values), name="user_tier_known")
        ]


class ApiKey(models.Model):
    """A bearer token, kept only as its SHA-256: 200 bits of randomness need no slow hash.

    Of the kind `ollama` it is the public half of a key that an Ollama signs with; such a text is
    no secret and never a token.
    """

    user = models.ForeignKey(User, on_delete=models.CASCADE, related_name="keys")
    kind = models.CharField(
        max_length=8, choices=KeyKind, default=KeyKind.TOKEN, db_default=KeyKind.TOKEN
    )
    name = models.CharField(max_length=80)
    prefix = models.CharField(max_length=12, help_text="First letters, to recognize it by.")
    digest = models.CharField(max_length=64, unique=True, editable=False)
    public_key = models.CharField(
        max_length=200, blank=True, default="", db_default="", editable=False
    )
    scopes = ArrayField(models.CharField(max_length=16, choices=Scope))
    tier_cap = models.CharField(max_length=16, choices=Tier)
    rate = models.PositiveIntegerField(
        null=True, blank=True, help_text="Requests of a window, instead of those of the settings."
    )
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
            models.CheckConstraint(
                condition=Q(kind=KeyKind.TOKEN, public_key="")
                | Q(kind=KeyKind.OLLAMA) & ~Q(public_key=""),
                name="key_is_of_one_kind",
            ),
            models.CheckConstraint(
                condition=Q(rate__isnull=True) | Q(rate__gte=1), name="key_rate_lets_pass"
            ),
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.prefix}…)"
