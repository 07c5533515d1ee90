"""What a place that models come from promises to the yard."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from pathlib import Path
from typing import ClassVar, Protocol, Self

from catalog.sources.folder.sent import Uploads
from core.errors import InvalidInputError
from core.http import HttpPolicy
from core.plugins import PluginRegistry
from registry.source_scan import SourceScan


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
    when the source renamed it. `title` is what people call a model whose name is a number. `scan`
    is what the source's own scanners say; None where it says nothing.
    """

    ref: ModelRef
    commit: str
    files: tuple[RemoteFile, ...]
    moved_from: str | None = None
    title: str = ""
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
    scan: SourceScan | None = None

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
    With a `folder` the file is on this machine: `url` is `file:` and its quoted path below that.
    """

    url: str
    size: int | None
    etag: str = ""
    expires_at: datetime | None = None
    needs_token: bool = False
    folder: Path | None = None


class FileMemory(Protocol):
    """What is known of files that were read before, by their stamps (see core.folders)."""

    def recall(self, root: Path, stamps: Mapping[str, str]) -> Mapping[str, str]:
        """Give the SHA-256 of those of these files (path: stamp) that are as they were."""
        ...

    def keep(self, root: Path, path: str, *, stamp: str, size: int, sha256: str) -> None:
        """Remember what a file is."""
        ...


class NoMemory:
    """Remembers nothing: every file is read each time."""

    def recall(self, root: Path, stamps: Mapping[str, str]) -> Mapping[str, str]:
        return {}

    def keep(self, root: Path, path: str, *, stamp: str, size: int, sha256: str) -> None:
        return None


@dataclass(frozen=True, slots=True)
class LocalOptions:
    """What a source of files on this machine may read.

    `places` are folders elsewhere with a name of their own. `heard` is told of every block that is
    read, and may raise to stop; `most_unread` is how many bytes may be hashed in one call.
    """

    folder: Path | None = None
    places: Mapping[str, Path] = field(default_factory=dict)
    uploads: Uploads | None = None
    memory: FileMemory = field(default_factory=NoMemory)
    heard: Callable[[int], None] = lambda count: None
    most_unread: int | None = None


@dataclass(frozen=True, slots=True)
class Glance:
    """What a source says of a model now, in one small answer; `license` is what its card says.

    `repo_id` is the name the source uses now. `etag` asks next time for nothing but news.
    """

    repo_id: str
    commit: str
    gated: str = ""
    private: bool = False
    license: str = ""
    etag: str = ""


@dataclass(frozen=True, slots=True)
class FurtherHub:
    """One of the Hubs beside that of the settings: `name` is what people write before its models.

    `source` is the slug of its models. Only where `may_be_inside` is its address allowed to be one
    that the guard refuses.
    """

    name: str
    source: str
    may_be_inside: bool = False


@dataclass(frozen=True, slots=True)
class SourceOptions:
    """What the yard's settings say about one source; `token` never shows in a repr.

    `instance` is the name of this yard among yards, and `onward` what it says to others of the way
    that a question came (see core.yards).
    """

    endpoint: str = ""
    token: str = field(default="", repr=False)
    file_origins: tuple[str, ...] = ()
    http: HttpPolicy = field(default_factory=HttpPolicy)
    max_files: int = 100_000
    local: LocalOptions = field(default_factory=LocalOptions)
    further: FurtherHub | None = None
    instance: str = ""
    onward: str = ""


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
    is_local: ClassVar[bool] = False

    @abstractmethod
    def __init__(self, options: SourceOptions, *, token: str = "") -> None: ...

    @classmethod
    def page(cls, repo_id: str, commit: str) -> str:
        """Return where people read about a version at the source; '' where nowhere."""
        del repo_id, commit
        return ""

    @abstractmethod
    def parse(self, text: str) -> ModelRef | None:
        """Read what people paste; None when it is not for this source."""

    def named(self, repo_id: str, revision: str) -> ModelRef | None:
        """Read words that were given one by one; None when the source would read others."""
        ref = self.parse(f"{repo_id}@{revision}" if revision else repo_id)
        same = ref is not None and (ref.repo_id, ref.revision or "") == (repo_id, revision)
        return ref if same else None

    @abstractmethod
    def resolve(self, ref: ModelRef) -> Listing:
        """Pin a reference to a commit and list what is there."""

    def name_commit(self, ref: ModelRef) -> ModelRef:
        """Pin a reference as the source names it now; overridden where a listing takes more."""
        return self.resolve(ref).ref

    def prepare(self, ref: ModelRef) -> None:
        """Look up what every link of a pinned model needs; links may come from other threads."""
        del ref  # most need nothing

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

    def is_branch(self, ref: ModelRef) -> bool:
        """Tell whether the revision is a name that moves; a source without branches has none."""
        return False

    @abstractmethod
    def close(self) -> None:
        """Give connections back."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()


class WatchedSource(Source):
    """A source whose models move on, and that can be asked cheaply whether one did."""

    @abstractmethod
    def glance(self, repo_id: str, *, etag: str = "") -> Glance | None:
        """Say what is there now, by at most one request; None when that is what `etag` stood for.

        A model that is disabled, refused or not there raises as in `resolve`.
        """

    @abstractmethod
    def knows(self, repo_id: str, commit: str) -> bool:
        """Tell whether the source still has this commit, on whatever branch or on none."""

    @abstractmethod
    def lineage(self, repo_id: str, commit: str, *, until: str, most: int) -> Lineage:
        """Walk back from a commit until `until` is found, at most so many commits."""


def checked_token(token: str) -> str:
    """Refuse a token that cannot be sent; a library's own message would print it."""
    if not token.isascii() or not token.isprintable() or " " in token:
        raise InvalidInputError("The token has characters that no token has")
    return token


@dataclass(frozen=True, slots=True)
class Lineage:
    """Commits from one back to another; `is_whole` when the walk came to the very first."""

    commits: frozenset[str]
    is_whole: bool

    def holds(self, commit: str) -> bool | None:
        """Tell whether a commit is among them; None where the walk ended too early to say."""
        if commit in self.commits:
            return True
        return False if self.is_whole else None


sources: PluginRegistry[Source] = PluginRegistry("source", package="catalog.sources")
