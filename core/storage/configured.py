"""The content store of this yard, made once per process from the settings."""

from __future__ import annotations

from functools import cache

from django.conf import settings

from core.storage.base import ContentStore
from core.storage.files import FileContentStore
from core.storage.s3 import S3ContentStore


@cache
def content_store() -> ContentStore:
    """S3 where an endpoint is configured, the file system otherwise."""
    if settings.S3_ENDPOINT:
        return S3ContentStore(
            settings.S3_ENDPOINT,
            settings.S3_ACCESS_KEY,
            settings.S3_SECRET_KEY,
            settings.S3_BUCKET,
        )
    return FileContentStore(settings.STORE_DIR)
