"""Small parts of files that answers are made of."""

from __future__ import annotations

from core.errors import NotFoundError, StorageError
from core.storage.configured import content_store
from registry.models import ModelFile


def read_part(file: ModelFile, start: int, length: int) -> bytes:
    """Give exactly these bytes of a file that is served.

    A content that the database knows and the store has not is a fault, never a missing file.
    """
    try:
        data = content_store().read_range(file.sha256, start, length)
    except NotFoundError as error:
        raise StorageError(f"Content {file.sha256} is not in the store") from error
    if len(data) != length:
        raise StorageError(f"Content {file.sha256} ends before its {file.size} bytes")
    return data
