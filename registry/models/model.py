"""A model: what people search for. Facts of its head version are repeated here for lists."""

from __future__ import annotations

from typing import ClassVar

from django.contrib.postgres.fields import ArrayField
from django.contrib.postgres.indexes import GinIndex, OpClass
from django.db import models
from django.db.models import Q
from django.db.models.functions import Upper

from registry import buckets
from registry.enums import Admission, LicenseClass, ModelType, ScanVerdict, Tier, model_types


class Tag(models.Model):
    """A word that a source or a curator put on models."""

    name = models.CharField(max_length=120, unique=True)

    class Meta:
        ordering: ClassVar = ["name"]

    def __str__(self) -> str:
        return self.name


class Capability(models.Model):
    """What models can do, in words that an application can select by."""

    name = models.SlugField(max_length=64, unique=True)
    type = models.CharField(max_length=32, help_text="text, vision, embedding, function_calling")
    description = models.TextField(blank=True)
    parameters = models.JSONField(default=dict, blank=True)
    examples = models.JSONField(default=list, blank=True)

    class Meta:
        ordering: ClassVar = ["name"]
        verbose_name_plural = "capabilities"

    def __str__(self) -> str:
        return self.name


class Model(models.Model):
    """One model of one source. `tier` is the lowest that may have it; the head is what lists show.

    The head is the newest admitted version, or the newest one while none is admitted; a curator may
    keep it at an admitted version (`kept_head`), whatever comes or becomes of others.
    """

    slug = models.CharField(max_length=220, unique=True)
    source = models.CharField(max_length=32)
    repo_id = models.CharField(max_length=200)
    name = models.CharField(max_length=200)
    author = models.CharField(max_length=200, blank=True)
    description = models.TextField(blank=True)
    description_by_curator = models.BooleanField(
        default=False, help_text="A curator wrote the description; a new version keeps it."
    )
    model_type = models.CharField(max_length=16, choices=model_types, default=ModelType.OTHER)
    tier = models.CharField(max_length=16, choices=Tier, default=Tier.PROFESSIONAL)
    tier_by_curator = models.BooleanField(
        default=False, help_text="A curator chose the tier; policy no longer changes it."
    )
    tier_floor = models.CharField(
        max_length=16,
        choices=Tier,
        default=Tier.LITE,
        db_default=Tier.LITE,
        editable=False,
        help_text="Policy never gives the model to a tier below this; a curator may.",
    )
    is_private = models.BooleanField(
        default=False,
        help_text="Only who asked for it and curators know of it: its source hides it from others.",
    )
    head = models.ForeignKey(
        "registry.ModelVersion",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        editable=False,
    )
    kept_head = models.ForeignKey(
        "registry.ModelVersion",
        on_delete=models.SET_NULL,
        null=True,
        blank=True,
        related_name="+",
        editable=False,
        help_text="Where a curator keeps `main` until it is released.",
    )
    kept_reason = models.TextField(blank=True, default="", db_default="", editable=False)
    kept_by = models.CharField(
        max_length=150, blank=True, default="", db_default="", editable=False
    )
    kept_at = models.DateTimeField(null=True, blank=True, editable=False)
    head_number = models.PositiveIntegerField(null=True, blank=True, editable=False)
    head_commit = models.CharField(max_length=64, blank=True, editable=False)
    head_filename = models.CharField(
        max_length=1000, blank=True, editable=False, help_text="Its largest file."
    )
    admission = models.CharField(max_length=10, choices=Admission, default=Admission.PENDING)
    scan_verdict = models.CharField(max_length=10, choices=ScanVerdict, blank=True)
    license_spdx = models.CharField(max_length=200, blank=True)
    license_class = models.CharField(
        max_length=16, choices=LicenseClass, default=LicenseClass.UNKNOWN
    )
    family = models.CharField(max_length=80, blank=True)
    num_params = models.BigIntegerField(null=True, blank=True)
    context_length = models.BigIntegerField(null=True, blank=True)
    size_bytes = models.BigIntegerField(default=0)
    formats = ArrayField(models.CharField(max_length=24), default=list, blank=True)
    quantization = models.CharField(max_length=32, blank=True)
    languages = ArrayField(models.CharField(max_length=16), default=list, blank=True)
    params_class = models.GeneratedField(
        expression=buckets.PARAMS.expression(),
        output_field=models.CharField(max_length=16),
        db_persist=True,
    )
    context_class = models.GeneratedField(
        expression=buckets.CONTEXTS.expression(),
        output_field=models.CharField(max_length=16),
        db_persist=True,
    )
    categories = ArrayField(
        models.CharField(max_length=16), default=list, blank=True, editable=False
    )
    memory_8k = models.BigIntegerField(
        null=True,
        blank=True,
        editable=False,
        help_text="Bytes on one device at 8,192 tokens, one request, a cache of 16 bits.",
    )
    memory_32k = models.BigIntegerField(null=True, blank=True, editable=False)
    memory_128k = models.BigIntegerField(null=True, blank=True, editable=False)
    memory_class = models.CharField(
        max_length=8,
        blank=True,
        default="",
        db_default="",
        editable=False,
        help_text="GiB of the smallest GPU that holds `memory_8k`.",
    )
    runtimes = ArrayField(models.CharField(max_length=32), default=list, blank=True, editable=False)
    judged_by = models.PositiveSmallIntegerField(
        default=0,
        db_default=0,
        editable=False,
        help_text="By which number of the rules memory and runtimes were worked out.",
    )
    hub_tags = ArrayField(
        models.CharField(max_length=200),
        default=list,
        db_default=[],
        blank=True,
        editable=False,
        help_text="Every tag by which the Hub protocol finds it, those with a colon too.",
    )
    pipeline_tag = models.CharField(
        max_length=64, blank=True, default="", db_default="", editable=False
    )
    likes = models.BigIntegerField(
        default=0,
        db_default=0,
        editable=False,
        help_text="At its source, when its head was pinned; 0 where that said nothing.",
    )
    downloads_month = models.BigIntegerField(
        default=0, db_default=0, editable=False, help_text="Files begun in the last 30 days."
    )
    parameters = models.JSONField(
        default=dict, blank=True, help_text="Free inference settings, such as context_length."
    )
    tags = models.ManyToManyField(Tag, blank=True, related_name="models")
    capabilities = models.ManyToManyField(Capability, blank=True, related_name="models")
    created_at = models.DateTimeField(auto_now_add=True)
    updated_at = models.DateTimeField()

    class Meta:
        ordering: ClassVar = ["-updated_at", "-id"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["source", "repo_id"], name="one_model_per_source_repo"),
            models.CheckConstraint(condition=Q(tier__in=Tier.values), name="model_tier_known"),
            models.CheckConstraint(
                condition=Q(tier_floor__in=Tier.values), name="model_tier_floor_known"
            ),
            models.CheckConstraint(
                condition=Q(admission__in=Admission.values), name="model_admission_known"
            ),
            models.CheckConstraint(condition=Q(size_bytes__gte=0), name="model_size_not_negative"),
            models.CheckConstraint(
                condition=Q(slug__regex=r"^[a-z0-9][a-z0-9._-]*$"), name="model_slug_form"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["-updated_at", "-id"], name="model_by_change"),
            models.Index(fields=["tier", "-updated_at", "-id"], name="model_by_tier_change"),
            models.Index(fields=["num_params", "id"], name="model_by_params"),
            models.Index(fields=["size_bytes", "id"], name="model_by_size"),
            models.Index(fields=["name", "id"], name="model_by_name"),
            # A filter and the default order in one index: the first page needs no sort.
            models.Index(fields=["model_type", "-updated_at", "-id"], name="model_by_type"),
            models.Index(fields=["license_class", "-updated_at", "-id"], name="model_by_license"),
            models.Index(fields=["admission", "-updated_at", "-id"], name="model_by_admission"),
            models.Index(fields=["scan_verdict", "-updated_at", "-id"], name="model_by_scan"),
            models.Index(fields=["source", "-updated_at", "-id"], name="model_by_source"),
            models.Index(fields=["family", "-updated_at", "-id"], name="model_by_family"),
            models.Index(fields=["license_spdx"], name="model_by_spdx"),
            models.Index(fields=["quantization"], name="model_by_quantization"),
            models.Index(fields=["context_length"], name="model_by_context"),
            GinIndex(OpClass(Upper("repo_id"), name="gin_trgm_ops"), name="model_repo_trigram"),
            models.Index(Upper("repo_id"), "source", name="model_by_upper_repo"),
            GinIndex(fields=["formats"], name="model_by_format"),
            GinIndex(fields=["languages"], name="model_by_language"),
            GinIndex(fields=["runtimes"], name="model_by_runtime"),
            GinIndex(fields=["categories"], name="model_by_category"),
            GinIndex(fields=["hub_tags"], name="model_by_hub_tag"),
            models.Index(fields=["author", "-updated_at", "-id"], name="model_by_author"),
            models.Index(fields=["pipeline_tag", "-updated_at", "-id"], name="model_by_pipeline"),
            models.Index(fields=["-downloads_month", "-id"], name="model_by_downloads"),
            models.Index(fields=["-created_at", "-id"], name="model_by_creation"),
            models.Index(fields=["-likes", "-id"], name="model_by_likes"),
            # What fits at a longer context fits at this one too, so all of them narrow by it.
            models.Index(fields=["memory_8k"], name="model_by_memory"),
            models.Index(fields=["judged_by"], name="model_by_rules"),
        ]

    def __str__(self) -> str:
        return self.repo_id
