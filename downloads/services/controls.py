"""What people do to transfers from outside the run."""

from __future__ import annotations

from django.conf import settings

from downloads.fetchers import staging_path
from downloads.fetchers.staging import discard
from registry.models import WANTED, ModelVersion


def discard_staged(version: ModelVersion) -> None:
    """Throw away what is in staging for a version whose run was cancelled."""
    for file in version.files.filter(WANTED, content__isnull=True):
        discard(staging_path(settings.STAGING_DIR, f"file:{file.pk}"))
