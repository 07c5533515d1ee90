"""Read a version from the contents this yard holds, where a source would be asked otherwise."""

from __future__ import annotations

from collections.abc import Mapping
from typing import NoReturn

from catalog.sources.base import Link, Listing, ModelRef, Source, SourceOptions
from core.errors import ConflictError, TooLargeError, UpstreamNotFoundError
from core.storage.configured import content_store
from registry.models import TAKEN, ModelVersion


class StoredFiles(Source):
    """The stored files of one version, read as if from its source. It knows no other version."""

    slug = "stored"
    title = "This yard's store"
    homepage = ""
    terms_url = ""

    def __init__(
        self, options: SourceOptions, *, token: str = "", version: ModelVersion | None = None
    ) -> None:
        stored = version.files.filter(TAKEN, content__isnull=False) if version else ()
        self._files = {file.path: (file.sha256, file.size) for file in stored}
        self._store = content_store()

    @classmethod
    def of(cls, version: ModelVersion) -> StoredFiles:
        """Open the stored files of a version."""
        return cls(SourceOptions(), version=version)

    def parse(self, text: str) -> ModelRef | None:
        return None

    def resolve(self, ref: ModelRef) -> Listing:
        _not_here()

    def read_text(self, ref: ModelRef, path: str, limit: int) -> bytes:
        return self.whole(path, limit)

    def whole(self, path: str, limit: int) -> bytes:
        """Return a whole small file."""
        sha256, size = self._file(path)
        if size > limit:
            raise TooLargeError(f"{path} has {size} bytes; {limit} are read", limit=limit)
        return self._store.read_range(sha256, 0, size)

    def read_range(self, ref: ModelRef, path: str, start: int, end: int) -> bytes:
        sha256, _ = self._file(path)
        return self._store.read_range(sha256, start, end - start)

    def link(self, ref: ModelRef, path: str) -> Link:
        _not_here()

    def headers(self, link: Link) -> Mapping[str, str]:
        return {}

    def close(self) -> None:
        return

    def _file(self, path: str) -> tuple[str, int]:
        try:
            return self._files[path]
        except KeyError:
            raise UpstreamNotFoundError(f"{path} is not stored here") from None


def _not_here() -> NoReturn:
    raise ConflictError("Stored files are read; nothing is asked of their source.")
