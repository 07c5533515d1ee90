"""The content store of this yard, made once per process from the settings."""

from __future__ import annotations

from functools import cache

from django.conf import settings

from core.storage.base import ContentStore
from core.storage.cache import DiskCache
from core.storage.cached import CachedContentStore
from core.storage.files import FileContentStore
from core.storage.s3 import S3ContentStore


@cache
def content_store() -> ContentStore:
    """S3 with copies on local disk where an endpoint is configured, the file system otherwise."""
    if settings.S3_ENDPOINT:
        far = S3ContentStore(
            settings.S3_ENDPOINT,
            settings.S3_ACCESS_KEY,
            settings.S3_SECRET_KEY,
            settings.S3_BUCKET,
            public_endpoint=settings.S3_PUBLIC_ENDPOINT,
        )
        cache = disk_cache()
        return far if cache is None else CachedContentStore(far, cache)
    return FileContentStore(settings.STORE_DIR)


def disk_cache() -> DiskCache | None:
    """The copies in front of S3; None where contents lie on local disk anyway."""
    if not settings.S3_ENDPOINT or not settings.MODEL_CACHE_SIZE:
        return None
    return DiskCache(settings.CACHE_DIR, settings.MODEL_CACHE_SIZE)
