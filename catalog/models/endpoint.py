"""Further Hubs, beside the one of the settings, that models can be taken from."""

from __future__ import annotations

from typing import ClassVar, Final

from django.db import models
from django.db.models import Q

from catalog.enums import HubKind

FURTHER: Final = "hub-"  # begins the source of every model that is from one


class HubEndpoint(models.Model):
    """An address that speaks the Hub protocol. Turned off, never deleted: models name it.

    `kind` is what its answers said at the last test, never chosen. The order that names are looked
    up by is that of the rows (`hub.meanings` reads them in SQL).
    """

    slug = models.SlugField(max_length=24, unique=True)
    endpoint = models.CharField(max_length=400, help_text="Such as https://other.example.org/hf")
    sealed_token = models.TextField(blank=True, editable=False)
    kind = models.CharField(max_length=8, choices=HubKind, default=HubKind.HUB, editable=False)
    order = models.PositiveSmallIntegerField(default=0, help_text="Names are looked up by it.")
    by_admin = models.BooleanField(
        default=False,
        db_default=False,
        editable=False,
        help_text="An admin gave the address: it may be one inside the network.",
    )
    is_active = models.BooleanField(default=True)
    added_by = models.CharField(max_length=150, editable=False)
    added_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["order", "slug"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(kind__in=HubKind.values), name="hub_kind_known"),
            models.CheckConstraint(
                condition=Q(slug__regex=r"^[a-z0-9]+(-[a-z0-9]+)*$"), name="hub_slug_form"
            ),
            models.CheckConstraint(
                condition=Q(endpoint__regex=r"^https?://[^\s?#@]+[^\s?#@/]$"),
                name="hub_endpoint_form",
            ),
        ]

    def __str__(self) -> str:
        return self.slug

    @property
    def source(self) -> str:
        """What models that are taken from it name as their source."""
        return f"{FURTHER}{self.slug}"
