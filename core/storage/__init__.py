"""Contents by sha256: one contract, a file system and an S3 behind it."""

from __future__ import annotations

from core.storage.base import ContentStore, StoredContent, content_key
from core.storage.files import FileContentStore
from core.storage.s3 import S3ContentStore

__all__ = ["ContentStore", "FileContentStore", "S3ContentStore", "StoredContent", "content_key"]
