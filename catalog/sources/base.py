"""What a place that models come from promises to the yard."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import ClassVar

from core.http import HttpPolicy
from core.plugins import PluginRegistry


@dataclass(frozen=True, slots=True)
class ModelRef:
    """Names a model at a source; pinned when `revision` is a commit."""

    source: str
    repo_id: str
    revision: str | None = None


@dataclass(frozen=True, slots=True)
class RemoteFile:
    """One file as the source publishes it; `sha256` is there for large files alone.

    `git_oid` of a large (LFS) file is that of its pointer, not of its bytes.
    """

    path: str
    size: int
    git_oid: str | None
    sha256: str | None
    is_lfs: bool = False


@dataclass(frozen=True, slots=True)
class Listing:
    """A model at one commit: everything the source says before a byte is fetched.

    `ref` is pinned and holds the name the source uses now; `moved_from` the one that was asked for
    when the source renamed it.
    """

    ref: ModelRef
    commit: str
    files: tuple[RemoteFile, ...]
    moved_from: str | None = None
    author: str = ""
    gated: str = ""
    private: bool = False
    disabled: bool = False
    card_data: Mapping[str, object] = field(default_factory=dict)
    pipeline_tag: str = ""
    library_name: str = ""
    tags: tuple[str, ...] = ()
    base_models: tuple[str, ...] = ()
    downloads: int | None = None
    likes: int | None = None
    created_at: datetime | None = None
    last_modified: datetime | None = None

    @property
    def size(self) -> int:
        """Sum of the sizes of all files."""
        return sum(file.size for file in self.files)

    def file(self, path: str) -> RemoteFile | None:
        """Return the file at a path, if the model has it."""
        return next((file for file in self.files if file.path == path), None)


@dataclass(frozen=True, slots=True)
class Link:
    """Where the bytes of a file are.

    No credentials are needed, unless `needs_token`: then only a client of ours may fetch it, with
    what Source.headers(link) gives. `etag` is the sha256 of a large file, the git oid of others.
    """

    url: str
    size: int | None
    etag: str = ""
    expires_at: datetime | None = None
    needs_token: bool = False


@dataclass(frozen=True, slots=True)
class SourceOptions:
    """What the yard's settings say about one source; `token` never shows in a repr."""

    endpoint: str = ""
    token: str = field(default="", repr=False)
    file_origins: tuple[str, ...] = ()
    http: HttpPolicy = field(default_factory=HttpPolicy)
    max_files: int = 100_000


class Source(ABC):
    """One place models come from. Construct it per run; close it, or use it in `with`.

    Everything raises our errors: UpstreamNotFoundError, UpstreamForbiddenError (says what to do),
    UpstreamRateLimitError, UpstreamError, AddressBlockedError, TooLargeError, InvalidInputError.
    """

    slug: ClassVar[str]
    title: ClassVar[str]
    homepage: ClassVar[str]
    terms_url: ClassVar[str]
    needs_token: ClassVar[bool] = False

    @abstractmethod
    def __init__(self, options: SourceOptions, *, token: str = "") -> None: ...

    @abstractmethod
    def parse(self, text: str) -> ModelRef | None:
        """Read what people paste; None when it is not for this source."""

    @abstractmethod
    def resolve(self, ref: ModelRef) -> Listing:
        """Pin a reference to a commit and list what is there."""

    @abstractmethod
    def read_text(self, ref: ModelRef, path: str, limit: int) -> bytes:
        """Return a whole small file of a pinned model."""

    @abstractmethod
    def read_range(self, ref: ModelRef, path: str, start: int, end: int) -> bytes:
        """Return the bytes from `start` up to, not including, `end`; fewer where the file ends."""

    @abstractmethod
    def link(self, ref: ModelRef, path: str) -> Link:
        """Find the address of a file's bytes, freshly signed where the source signs."""

    @abstractmethod
    def headers(self, link: Link) -> Mapping[str, str]:
        """Return the headers to fetch a link with; empty for all that need no token."""

    @abstractmethod
    def close(self) -> None:
        """Give connections back."""

    def __enter__(self) -> Source:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


sources: PluginRegistry[Source] = PluginRegistry("source", package="catalog.sources")
