"""Sources behind which another yard may be, which tells more of a model than its files."""

from __future__ import annotations

from abc import abstractmethod

from catalog.sources.base import ModelRef, Source


class YardSource(Source):
    """A source that knows, once it resolved a model, whether a yard answered."""

    @abstractmethod
    def papers(self, ref: ModelRef) -> bytes | None:
        """Return what the yard says of a pinned model, unread; None where no yard answered.

        Raises UpstreamNotFoundError where it gives none, UpstreamForbiddenError, UpstreamError,
        and TooLargeError.
        """
