"""Versions, their files and contents. Once pinned, what a version *is* never changes."""

from __future__ import annotations

from typing import ClassVar

from django.db import models
from django.db.models import F, Q
from django.utils import timezone

from registry.enums import Admission, LicenseClass, ModelType, ScanVerdict, Tier, model_types
from registry.models.model import Model

HEX64 = "^[0-9a-f]{64}$"
# No absolute path, no empty, `.` or `..` segment, no backslash, no control character.
SAFE_PATH = r"^(?!/)(?!.*(^|/)\.{0,2}(/|$))[^\\\x01-\x1f\x7f]+$"
# Files of a version: those it is made of here, and besides them those that are on their way in.
TAKEN = Q(left_out="")
WANTED = TAKEN | Q(is_coming=True)
# What of those is given away, and what is to be fetched: never what is held back.
SERVED = TAKEN & Q(held_back="")
TO_SERVE = WANTED & Q(held_back="")
TO_FETCH = TO_SERVE & Q(content__isnull=True)


class Content(models.Model):
    """Bytes, known by their SHA-256 and stored once, however many files have them."""

    sha256 = models.CharField(max_length=64, primary_key=True)
    size = models.BigIntegerField()
    storage_key = models.CharField(max_length=200)
    stored_at = models.DateTimeField(auto_now_add=True)
    used_at = models.DateTimeField(
        default=timezone.now,
        help_text="When it was last stored or given to a file; a grace time counts from here.",
    )
    verified_at = models.DateTimeField(
        null=True, blank=True, help_text="When the bytes in the store were last read and hashed."
    )
    quarantined_at = models.DateTimeField(
        null=True, blank=True, help_text="Since when its bytes are known to be rotten or gone."
    )
    quarantined_from = models.JSONField(
        default=list,
        blank=True,
        help_text="Ids of the versions that had it and get it back when it is stored anew.",
    )
    quarantine_reason = models.CharField(max_length=400, blank=True, db_default="", default="")

    class Meta:
        ordering: ClassVar = ["sha256"]
        indexes: ClassVar = [
            models.Index(
                fields=["-quarantined_at", "sha256"],
                condition=Q(quarantined_at__isnull=False),
                name="content_in_quarantine",
            ),
        ]
        constraints: ClassVar = [
            models.CheckConstraint(condition=Q(sha256__regex=HEX64), name="content_is_sha256"),
            models.CheckConstraint(condition=Q(size__gte=0), name="content_size_not_negative"),
        ]

    def __str__(self) -> str:
        return self.sha256[:12]


class ModelVersion(models.Model):
    """A pinned set of files of one model. A trigger refuses any change of what was pinned."""

    model = models.ForeignKey(Model, on_delete=models.CASCADE, related_name="versions")
    commit = models.CharField(max_length=64)
    number = models.PositiveIntegerField(help_text="1 is the first version this yard knew.")
    parent = models.ForeignKey(
        "self", on_delete=models.SET_NULL, null=True, blank=True, related_name="children"
    )
    pinned_at = models.DateTimeField(
        null=True, blank=True, help_text="Since when the list of files is complete and fixed."
    )
    file_count = models.PositiveIntegerField(default=0, help_text="Of the files that are served.")
    size_bytes = models.BigIntegerField(default=0, help_text="Of the files that are served.")
    model_type = models.CharField(max_length=16, choices=model_types, default=ModelType.OTHER)
    config = models.JSONField(default=dict, blank=True)
    facts = models.JSONField(
        default=dict, blank=True, help_text="What the source and the card say about it."
    )
    extraction_status = models.CharField(max_length=10, blank=True)
    changes = models.TextField(blank=True)
    admission = models.CharField(max_length=10, choices=Admission, default=Admission.PENDING)
    scan_verdict = models.CharField(max_length=10, choices=ScanVerdict, blank=True)
    license_spdx = models.CharField(max_length=200, blank=True)
    license_class = models.CharField(
        max_length=16, choices=LicenseClass, default=LicenseClass.UNKNOWN
    )
    lowest_tier = models.CharField(
        max_length=16, choices=Tier, blank=True, help_text="The lowest tier whose policy admits it."
    )
    needs_curator = models.BooleanField(
        default=False,
        db_default=False,
        help_text="An update rule brought it: held, whatever gates say, until a curator admits.",
    )
    held_whole = models.CharField(
        max_length=400,
        blank=True,
        default="",
        db_default="",
        help_text="Why a curator holds all of it while a file of it is held back.",
    )
    decision = models.JSONField(default=dict, blank=True)
    decided_at = models.DateTimeField(null=True, blank=True)
    withdrawn_at = models.DateTimeField(
        null=True, blank=True, editable=False, help_text="Its files are kept for a time from here."
    )
    withdrawn_reason = models.CharField(
        max_length=400, blank=True, default="", db_default="", editable=False
    )
    failure = models.JSONField(
        default=dict,
        blank=True,
        help_text="Why its last import ended without a decision: code, reason, run.",
    )
    created_at = models.DateTimeField(auto_now_add=True)

    class Meta:
        ordering: ClassVar = ["model", "-number"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["model", "commit"], name="one_version_per_commit"),
            models.UniqueConstraint(fields=["model", "number"], name="one_version_per_number"),
            models.CheckConstraint(condition=~Q(parent=F("id")), name="version_is_not_its_parent"),
            models.CheckConstraint(
                condition=~Q(admission="admitted")
                | Q(pinned_at__isnull=False, decided_at__isnull=False) & ~Q(lowest_tier=""),
                name="admitted_means_pinned_and_decided",
            ),
            models.CheckConstraint(
                condition=~Q(admission="admitted") | ~Q(scan_verdict="unsafe"),
                name="unsafe_is_never_admitted",
            ),
            models.CheckConstraint(
                condition=~Q(admission="admitted") | Q(needs_curator=False),
                name="admitted_waits_for_nobody",
            ),
            models.CheckConstraint(
                condition=Q(admission__in=Admission.values), name="version_admission_known"
            ),
            models.CheckConstraint(
                condition=Q(scan_verdict="") | Q(scan_verdict__in=ScanVerdict.values),
                name="version_scan_known",
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["admission", "-decided_at"], name="version_by_admission"),
            models.Index(fields=["commit"], name="version_by_commit"),
            models.Index(
                fields=["decided_at", "id"],
                condition=Q(needs_curator=True),
                name="version_waits",
            ),
        ]

    def __str__(self) -> str:
        return f"{self.model.repo_id}@{self.commit[:7]}"


class ModelFile(models.Model):
    """One path of a version. `content` is set when the bytes are verified and stored.

    A file that is left out says why; it is listed, not served, and not missing. One that somebody
    asked for later is coming: fetched and scanned, and taken in with the decision that follows.
    One that is held back is part of the version, scanned again with it, and not served meanwhile.
    """

    version = models.ForeignKey(ModelVersion, on_delete=models.CASCADE, related_name="files")
    path = models.CharField(max_length=1000)
    size = models.BigIntegerField()
    git_oid = models.CharField(max_length=40, blank=True)
    sha256 = models.CharField(
        max_length=64, blank=True, help_text="Published, or our own once read."
    )
    is_lfs = models.BooleanField(default=False)
    content = models.ForeignKey(
        Content, on_delete=models.PROTECT, null=True, blank=True, related_name="files"
    )
    left_out = models.CharField(
        max_length=80,
        blank=True,
        default="",
        db_default="",
        help_text="Why the file is not taken; empty when it is. What was taken stays taken.",
    )
    is_coming = models.BooleanField(
        default=False, db_default=False, help_text="Left out until now, and on its way in."
    )
    held_back = models.CharField(
        max_length=400,
        blank=True,
        default="",
        db_default="",
        help_text="Why the file is not served while the rest may be; empty when it is.",
    )

    class Meta:
        ordering: ClassVar = ["version", "path"]
        constraints: ClassVar = [
            models.UniqueConstraint(fields=["version", "path"], name="one_file_per_path"),
            models.CheckConstraint(condition=Q(size__gte=0), name="file_size_not_negative"),
            models.CheckConstraint(condition=Q(path__regex=SAFE_PATH), name="file_path_is_safe"),
            models.CheckConstraint(
                condition=Q(sha256="") | Q(sha256__regex=HEX64), name="file_sha256_form"
            ),
            models.CheckConstraint(
                condition=Q(content__isnull=True) | Q(content=F("sha256")),
                name="stored_content_is_the_published_one",
            ),
            models.CheckConstraint(
                condition=Q(content__isnull=True) | WANTED, name="what_is_left_out_is_not_stored"
            ),
            models.CheckConstraint(
                condition=Q(is_coming=False) | ~TAKEN, name="what_is_taken_is_not_coming"
            ),
        ]
        indexes: ClassVar = [
            models.Index(fields=["sha256"], name="file_by_sha256"),
            models.Index(fields=["version", "-size", "path"], name="file_by_size"),  # the main file
            models.Index(fields=["version"], condition=~TAKEN, name="file_left_out"),
            models.Index(fields=["version"], condition=~Q(held_back=""), name="file_held_back"),
        ]

    def __str__(self) -> str:
        return self.path
