"""Models that people of this yard sent: private until a curator says otherwise."""

from __future__ import annotations

from collections.abc import Sequence

from catalog.sources.base import Listing, ModelRef, sources
from catalog.sources.folder.reading import Entry, FolderSource, check_name
from catalog.sources.folder.sent import Uploaded
from core.errors import InvalidInputError, UpstreamNotFoundError
from core.folders import FoundFile, look_below


@sources.register
class Upload(FolderSource):
    """A closed set of files, named by its id until its files are read, then by its commit."""

    slug = "upload"
    title = "Upload"
    homepage = terms_url = ""
    is_private = True

    def parse(self, text: str) -> ModelRef | None:
        """Nothing that people paste is for this source."""
        return None

    def named(self, repo_id: str, revision: str) -> ModelRef | None:
        return ModelRef(self.slug, check_name(repo_id), revision or None)

    def resolve(self, ref: ModelRef) -> Listing:
        listing = super().resolve(ref)
        if self._local.uploads is not None and ref.revision:
            self._local.uploads.became(ref.repo_id, ref.revision, listing.commit)
        return listing

    def _entries(self, ref: ModelRef) -> Sequence[Entry]:
        uploads = self._local.uploads
        found = uploads.find(ref.repo_id, ref.revision or "") if uploads else ()
        if not found:
            raise UpstreamNotFoundError(
                f"The files of {ref.repo_id} that were sent are not here any more: send them again."
            )
        return [self._entry(one) for one in found]

    def _entry(self, file: Uploaded) -> Entry:
        (found,) = look_below(self._folder, file.at, most=1)
        if not isinstance(found, FoundFile):
            raise InvalidInputError(f"{file.path} is no regular file")
        return Entry(file.path, file.at, found.size, found.stamp, file.sha256)
