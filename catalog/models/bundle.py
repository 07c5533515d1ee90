"""Bundles that leave and come, and the keys whose bundles may come."""

from __future__ import annotations

from typing import ClassVar

from django.conf import settings
from django.db import models
from django.db.models import Q

from core.models import Run
from registry.models import ModelVersion


class TrustedKey(models.Model):
    """A public key whose bundles this yard takes in. Trusting and ending it are audited."""

    key_id = models.CharField(
        max_length=64, primary_key=True, help_text="SHA-256 of the public key in DER."
    )
    name = models.CharField(max_length=120, help_text="Whose key it is, in words of this yard.")
    public_pem = models.TextField()
    added_by = models.CharField(max_length=150)
    added_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["name", "key_id"]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(key_id__regex="^[0-9a-f]{64}$"), name="key_id_form")
        ]

    def __str__(self) -> str:
        return f"{self.name} ({self.key_id[:16]})"


class BundleExport(models.Model):
    """What an export run writes; the file carries the run's id, so that it is named once."""

    run = models.OneToOneField(
        Run, on_delete=models.CASCADE, related_name="bundle_export", primary_key=True
    )
    versions = models.ManyToManyField(ModelVersion, related_name="bundle_exports")
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    quarantine = models.TextField(
        blank=True, help_text="Why an admin sends versions that are not admitted."
    )
    size = models.BigIntegerField(null=True, blank=True)
    manifest_sha256 = models.CharField(max_length=64, blank=True)
    key_id = models.CharField(max_length=64, blank=True)

    def __str__(self) -> str:
        return f"bundle {self.run_id}"


class BundleImport(models.Model):
    """What an import run reads. `manifest_sha256` is set once the bundle was found whole."""

    run = models.OneToOneField(
        Run, on_delete=models.CASCADE, related_name="bundle_import", primary_key=True
    )
    path = models.CharField(max_length=1000, help_text="A name in MODELS_DIR/bundles, or a path.")
    asked_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, on_delete=models.SET_NULL, null=True, related_name="+"
    )
    quarantine = models.BooleanField(
        default=False, help_text="An admin takes in what the other yard did not admit."
    )
    manifest_sha256 = models.CharField(max_length=64, blank=True)
    key_id = models.CharField(max_length=64, blank=True)
    versions = models.ManyToManyField(ModelVersion, related_name="bundle_imports")

    def __str__(self) -> str:
        return self.path
