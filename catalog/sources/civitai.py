"""Models of CivitAI, or of a mirror that speaks its REST API."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import Final

from catalog.sources.base import (
    Link,
    Listing,
    ModelRef,
    SourceOptions,
    checked_token,
    sources,
)
from catalog.sources.civit import files, search
from catalog.sources.civit.api import ask
from catalog.sources.civit.listing import (
    PublishedFile,
    commit_of,
    id_of,
    make_listing,
    newest_version,
    published_files,
)
from catalog.sources.civit.references import (
    COMMIT,
    is_repo_id,
    is_revision,
    read_reference,
    version_of,
)
from catalog.sources.civit.refusals import Asked, page_of
from catalog.sources.civit.values import moment
from catalog.sources.parts import read_part
from catalog.sources.paths import check_path, shown
from catalog.sources.searching import FoundPage, SearchedSource
from core.errors import (
    InvalidInputError,
    PinnedGoneError,
    RevisionNotPinnedError,
    UpstreamForbiddenError,
    UpstreamNotFoundError,
)
from core.http import build_client, check_url, fetch, origin_of

HOME: Final = "https://civitai.com"
_MARGIN: Final = timedelta(minutes=2)  # a signed address that ends sooner is not used again


@dataclass(frozen=True, slots=True)
class _Pinned:
    """A version as it is now, which is what its commit says."""

    commit: str
    asked: Asked
    answer: Mapping[str, object]
    files: Mapping[str, PublishedFile]


@sources.register
class CivitAI(SearchedSource):
    """Read models of CivitAI; the token goes to its own address, in a header, and nowhere else.

    A model is named by its number. A version has a number too, and its files can be replaced: so a
    commit is a hash over the files with the number of the version behind it (listing.commit_of).
    """

    slug = "civitai"
    title = "CivitAI"
    homepage = HOME
    terms_url = "https://civitai.com/content/tos"

    def __init__(self, options: SourceOptions, *, token: str = "") -> None:
        self._options = options
        self._endpoint = (options.endpoint or HOME).rstrip("/")
        self._token = checked_token(token or options.token)
        self._policy = options.http.allowing([origin_of(self._endpoint), *options.file_origins])
        self._client = build_client(self._policy)
        self._pinned: dict[str, _Pinned] = {}
        self._links: dict[tuple[str, str], Link] = {}

    @classmethod
    def page(cls, repo_id: str, commit: str) -> str:
        known = is_repo_id(repo_id) and COMMIT.fullmatch(commit)
        return page_of(repo_id, version_of(repo_id, commit)) if known else ""

    def parse(self, text: str) -> ModelRef | None:
        found = read_reference(text, self._endpoint)
        return None if found is None else ModelRef(self.slug, *found)

    def named(self, repo_id: str, revision: str) -> ModelRef | None:
        """Read an id, or anything that people paste, and a version beside it."""
        ref = self.parse(repo_id) or self.parse(f"civitai:{repo_id}")
        if ref is None or not revision or ref.revision == revision:
            return ref
        fits = ref.revision is None and is_revision(revision)
        return ModelRef(self.slug, ref.repo_id, revision) if fits else None

    def resolve(self, ref: ModelRef) -> Listing:
        """Take one request for the version and one for its model.

        There is one more, or two, for each file of which CivitAI does not say how long it is.
        """
        asked = self._asked(ref)
        model = None
        if asked.version_id is None:
            model = self._model(asked)
            asked = self._asked(ref, newest_version(model, ref.repo_id))
        pinned = self._pin(asked, ref.revision or "")
        if model is None:
            model = self._model(pinned.asked)
        _check_mode(model, pinned.asked)
        sizes = {path: self._size(pinned, file) for path, file in pinned.files.items()}
        gated = "early access" if pinned.asked.early_until else ""
        return make_listing(model, pinned.answer, pinned.commit, pinned.files, sizes, gated=gated)

    def name_commit(self, ref: ModelRef) -> ModelRef:
        """Take one request for the version; one before for its model where none is named."""
        asked = self._asked(ref)
        if asked.version_id is None:
            asked = self._asked(ref, newest_version(self._model(asked), ref.repo_id))
        pinned = self._pin(asked, ref.revision or "")
        return ModelRef(self.slug, pinned.asked.repo_id, pinned.commit)

    def search(self, query: str, *, limit: int = 20, cursor: str = "") -> FoundPage:
        """Return models whose names have these words; `cursor` is `next` of the page before."""
        address = search.address(query, limit=limit, cursor=cursor)
        return search.read_page(ask(self._client, address, self._nothing(), self._authorization()))

    def prepare(self, ref: ModelRef) -> None:
        self._of(ref)

    def read_text(self, ref: ModelRef, path: str, limit: int) -> bytes:
        pinned, file = self._file(ref, path)
        link = self._located(pinned, file)
        answer = fetch(self._client, link.url, limit=limit, headers=self.headers(link))
        files.check_status(answer.status, pinned.asked.of_file(path))
        return answer.content

    def read_range(self, ref: ModelRef, path: str, start: int, end: int) -> bytes:
        if not 0 <= start < end:
            raise InvalidInputError(f"No bytes from {start} to {end}")
        pinned, file = self._file(ref, path)
        link, asked = self._located(pinned, file), pinned.asked.of_file(path)
        return read_part(
            self._client,
            link.url,
            start,
            end,
            name=path,
            headers=self.headers(link),
            check=lambda response: files.check_status(response.status_code, asked),
        )

    def link(self, ref: ModelRef, path: str) -> Link:
        """Take one or two requests; the address is checked by the guard before it is given out."""
        pinned, file = self._file(ref, path)
        link = self._locate(pinned, file)
        check_url(link.url, policy=self._policy)
        return link

    def headers(self, link: Link) -> Mapping[str, str]:
        if link.needs_token and origin_of(link.url) == origin_of(self._endpoint):
            return self._authorization()
        return {}

    def close(self) -> None:
        self._client.close()

    def _authorization(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._token}"} if self._token else {}

    def _asked(self, ref: ModelRef, version_id: int | None = None) -> Asked:
        if not is_repo_id(ref.repo_id):
            raise InvalidInputError(f"{shown(ref.repo_id)} is no number of a model of CivitAI")
        if ref.revision is not None and not is_revision(ref.revision):
            raise InvalidInputError(f"{shown(ref.revision)} is no version of CivitAI")
        version_id = version_id or version_of(ref.repo_id, ref.revision)
        return Asked(self._endpoint, ref.repo_id, version_id, has_token=bool(self._token))

    def _nothing(self) -> Asked:
        return Asked(self._endpoint, "", has_token=bool(self._token))

    def _model(self, asked: Asked) -> Mapping[str, object]:
        return ask(self._client, f"models/{asked.repo_id}", asked, self._authorization())

    def _pin(self, asked: Asked, revision: str) -> _Pinned:
        """Ask what a version is now; one whose files were replaced is not what was pinned."""
        path = f"model-versions/{asked.version_id}"
        answer = ask(self._client, path, asked, self._authorization())
        version_id = id_of(answer, "id", asked.what)
        model_id = str(id_of(answer, "modelId", asked.what))
        if asked.repo_id.isdecimal() and model_id != asked.repo_id:
            raise UpstreamNotFoundError(
                f"Version {version_id} of CivitAI is not of model {asked.repo_id} but of model"
                f" {model_id}: write civitai:{model_id}@{version_id}."
            )
        found = published_files(answer, self._options.max_files)
        commit = commit_of(version_id, found)
        if COMMIT.fullmatch(revision) and commit != revision:
            raise PinnedGoneError(
                f"The files of version {version_id} at CivitAI are not {revision[:7]} any more,"
                f" its creator replaced them: import it again as the new version {commit[:7]}.",
                commit=commit,
            )
        named = replace(asked, repo_id=model_id, version_id=version_id, early_until=_early(answer))
        pinned = _Pinned(commit, named, answer, {file.path: file for file in found})
        self._pinned[commit] = pinned
        return pinned

    def _of(self, ref: ModelRef) -> _Pinned:
        if not ref.revision or not COMMIT.fullmatch(ref.revision):
            raise RevisionNotPinnedError("Files are read at a commit only: resolve the model first")
        return self._pinned.get(ref.revision) or self._pin(self._asked(ref), ref.revision)

    def _file(self, ref: ModelRef, path: str) -> tuple[_Pinned, PublishedFile]:
        pinned = self._of(ref)
        try:
            return pinned, pinned.files[check_path(path)]
        except KeyError:
            raise UpstreamNotFoundError(f"{ref.repo_id} has no file {shown(path)}") from None

    def _size(self, pinned: _Pinned, file: PublishedFile) -> int:
        if file.size is not None:
            return file.size
        link = self._located(pinned, file)
        return files.measure(
            self._client, link, self.headers(link), pinned.asked.of_file(file.path)
        )

    def _located(self, pinned: _Pinned, file: PublishedFile) -> Link:
        """Give an address that was found before, as long as it lasts: CivitAI counts downloads."""
        key = (pinned.commit, file.path)
        known = self._links.get(key)
        if known and (not known.expires_at or known.expires_at > datetime.now(UTC) + _MARGIN):
            return known
        self._links[key] = found = self._locate(pinned, file)
        return found

    def _locate(self, pinned: _Pinned, file: PublishedFile) -> Link:
        return files.locate(
            self._client,
            pinned.asked.of_file(file.path),
            file,
            self._authorization(),
            most_hops=self._policy.max_redirects,
        )


def _early(answer: Mapping[str, object]) -> str:
    ends = moment(answer.get("earlyAccessEndsAt"))
    return ends.isoformat() if ends and ends > datetime.now(UTC) else ""


def _check_mode(model: Mapping[str, object], asked: Asked) -> None:
    """Refuse a model whose files CivitAI does not give out any more."""
    reasons = {"TakenDown": "was taken down by CivitAI", "Archived": "is archived at CivitAI"}
    reason = reasons.get(str(model.get("mode")))
    if reason:
        raise UpstreamForbiddenError(
            f"Model {asked.repo_id} {reason}: its files are not given out.",
            repo_id=asked.repo_id,
            reason="disabled",
        )
