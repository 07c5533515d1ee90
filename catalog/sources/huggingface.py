"""Models of the Hugging Face Hub, or of any server that speaks its protocol."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final

from catalog.sources.base import (
    Glance,
    Lineage,
    Link,
    Listing,
    ModelRef,
    SourceOptions,
    WatchedSource,
    checked_token,
    sources,
)
from catalog.sources.hf import files, watching
from catalog.sources.hf.info import model_info
from catalog.sources.hf.listing import (
    COMMIT,
    canonical_id,
    files_told,
    make_listing,
    pinned_commit,
    remote_files,
)
from catalog.sources.hf.matches import found_models
from catalog.sources.hf.papers import is_yard, read_papers
from catalog.sources.hf.references import is_repo_id, is_revision, read_further, read_reference
from catalog.sources.hf.refusals import Asked, translated
from catalog.sources.hf.session import HubTransport, lent
from catalog.sources.hf.yards import YardTransport
from catalog.sources.paths import check_path, shown
from catalog.sources.searching import FoundPage, SearchedSource, check_search
from catalog.sources.yards import YardSource
from core.errors import InvalidInputError, RevisionNotPinnedError
from core.http import Fetched, build_client, check_url, fetch, origin_of
from core.http.client import guarded_transport
from core.yards import YARD, instance_of

if TYPE_CHECKING:
    from huggingface_hub import HfApi

HOME: Final = "https://huggingface.co"
# A tree page holds 1000 entries; the rest is for redirects, retries of broken answers, folders.
_PAGE, _SPARE = 1000, 20


@sources.register
class HuggingFace(WatchedSource, SearchedSource, YardSource):
    """Read models through huggingface_hub over our guarded client; the token goes nowhere else."""

    slug = "huggingface"
    title = "Hugging Face"
    homepage = HOME
    terms_url = "https://huggingface.co/terms-of-service"

    def __init__(self, options: SourceOptions, *, token: str = "") -> None:
        self._options = options
        self._endpoint = (options.endpoint or HOME).rstrip("/")
        self._token = checked_token(token or options.token)
        self._further = further = options.further
        self._source = further.source if further else self.slug
        inside = further is None or further.may_be_inside
        own = [origin_of(self._endpoint)] if inside else []
        self._policy = options.http.allowing([*own, *options.file_origins])
        self._transport = YardTransport(
            guarded_transport(self._policy),
            endpoint=self._endpoint,
            instance=options.instance,
            onward=options.onward,
        )
        self._client = build_client(self._policy, transport=self._transport)
        self._shortcut = files.Shortcut()
        self._is_yard = False

    @classmethod
    def page(cls, repo_id: str, commit: str) -> str:
        return f"{HOME}/{repo_id}/tree/{commit}"

    @property
    def endpoint(self) -> str:
        return self._endpoint

    def ask(self, path: str, *, limit: int) -> Fetched:
        """Ask for what is below the endpoint, with the access of this source, in one request.

        Refusals (4xx) come back for the caller to judge, as from `core.http.fetch`.
        """
        url = f"{self._endpoint}/{path.lstrip('/')}"
        return fetch(self._client, url, limit=limit, headers=self._authorization())

    def parse(self, text: str) -> ModelRef | None:
        if self._further is None:
            found = read_reference(text, self._endpoint)
        else:
            names = (self._further.name, self._further.source)
            found = read_further(text, self._endpoint, names)
        return None if found is None else ModelRef(self._source, *found)

    def named(self, repo_id: str, revision: str) -> ModelRef | None:
        if self._further is None:
            return super().named(repo_id, revision)
        ref = ModelRef(self._source, repo_id, revision or None)
        whole = f"{self._source}:{repo_id}{f'@{revision}' if revision else ''}"
        return ref if self.parse(whole) == ref else None

    def introduce(self) -> str:
        """Make sure that a Hub answers and takes the token; give the yard that it is, '' if none.

        Takes one request.
        """
        what, has_token = "the list of its models", bool(self._token)
        asked = Asked(self._endpoint, what, has_token=has_token, is_further=True)
        answer = self.ask("api/models?limit=1", limit=watching.LARGEST)
        watching.listed(answer, asked)
        return instance_of(answer.headers.get(YARD, ""))

    def resolve(self, ref: ModelRef) -> Listing:
        """Take one request; one more for each thousand files where these are not told with it."""
        asked = self._asked(ref)
        with self._api(asked) as api:
            info, headers = model_info(api, ref, token=self._token)
            self._is_yard = is_yard(headers)
            commit = pinned_commit(info, ref)
            entries = files_told(info) or api.list_repo_tree(
                canonical_id(info, ref),
                revision=commit,
                recursive=True,
                token=self._token or False,
            )
            found = remote_files(entries, self._options.max_files)
            return make_listing(info, ref, commit, found)

    def papers(self, ref: ModelRef) -> bytes | None:
        """Take one request, and none where no yard answered."""
        if not self._is_yard:
            return None
        return read_papers(self._client, self._asked(ref), self._authorization())

    def name_commit(self, ref: ModelRef) -> ModelRef:
        """Take one request."""
        named = watching.name_commit(self._client, self._asked(ref), self._authorization())
        return ModelRef(self._source, *named)

    def search(self, query: str, *, limit: int = 20, cursor: str = "") -> FoundPage:
        """Take one request; the most downloaded come first, and there are no further pages."""
        check_search(query, limit=limit)
        if cursor:
            raise InvalidInputError("A search of the Hub has one page: ask for more at once.")
        with self._api(Asked(self._endpoint, "a search", has_token=bool(self._token))) as api:
            infos = api.list_models(
                search=query.strip(),
                limit=limit,
                sort="downloads",
                expand=["author", "downloads", "gated", "pipeline_tag", "private"],
                token=self._token or False,
            )
            hub = self._further.name if self._further else ""
            return FoundPage(found_models(infos, source=self._source, hub=hub))

    def read_text(self, ref: ModelRef, path: str, limit: int) -> bytes:
        asked = self._asked_file(ref, path)
        answer = self._shortcut.read(self._client, asked, limit, self._authorization())
        files.check_status(answer.status, answer.headers, answer.url, asked)
        return answer.content

    def read_range(self, ref: ModelRef, path: str, start: int, end: int) -> bytes:
        if not 0 <= start < end:
            raise InvalidInputError(f"No bytes from {start} to {end}")
        asked = self._asked_file(ref, path)
        return self._shortcut.read_part(self._client, asked, start, end, self._authorization())

    def link(self, ref: ModelRef, path: str) -> Link:
        """Take one or two requests; the address is checked by the guard before it is given out."""
        asked = self._asked_file(ref, path)
        hops = self._policy.max_redirects
        link = files.link_of(self._client, asked, self._authorization(), most_hops=hops)
        check_url(link.url, policy=self._policy)
        return link

    def headers(self, link: Link) -> Mapping[str, str]:
        if link.needs_token and origin_of(link.url) == origin_of(self._endpoint):
            return self._authorization()
        return {}

    def glance(self, repo_id: str, *, etag: str = "") -> Glance | None:
        asked = self._asked(ModelRef(self._source, repo_id))
        return watching.glance(self._client, asked, self._authorization(), etag=etag)

    def knows(self, repo_id: str, commit: str) -> bool:
        asked = self._asked(ModelRef(self._source, repo_id, commit))
        return watching.knows(self._client, asked, self._authorization())

    def is_branch(self, ref: ModelRef) -> bool:
        return watching.is_branch(self._client, self._asked(ref), self._authorization())

    def lineage(self, repo_id: str, commit: str, *, until: str, most: int) -> Lineage:
        asked = self._asked(ModelRef(self._source, repo_id, commit))
        return watching.lineage(self._client, asked, self._authorization(), until=until, most=most)

    def close(self) -> None:
        self._client.close()

    def _authorization(self) -> dict[str, str]:
        return {"Authorization": f"Bearer {self._token}"} if self._token else {}

    def _asked(self, ref: ModelRef, path: str = "") -> Asked:
        if not is_repo_id(ref.repo_id):
            raise InvalidInputError(f"{shown(ref.repo_id)} is no name of a model: write org/name")
        if ref.revision is not None and not is_revision(ref.revision):
            raise InvalidInputError(f"{shown(ref.revision)} is no commit, branch or tag")
        has_token, further = bool(self._token), self._further is not None
        return Asked(self._endpoint, ref.repo_id, ref.revision, path, has_token, further)

    def _asked_file(self, ref: ModelRef, path: str) -> Asked:
        if not ref.revision or not COMMIT.fullmatch(ref.revision):
            raise RevisionNotPinnedError("Files are read at a commit only: resolve the model first")
        return self._asked(ref, check_path(path))

    @contextmanager
    def _api(self, asked: Asked) -> Iterator[HfApi]:
        from huggingface_hub import HfApi  # noqa: PLC0415 slow

        budget = self._options.max_files // _PAGE + _SPARE
        transport = HubTransport(self._transport, endpoint=self._endpoint, budget=budget)
        with lent(transport), translated(asked):
            name, _, version = self._policy.user_agent.partition("/")
            # token=False: with None the library would look for one of its own on this machine.
            yield HfApi(
                endpoint=self._endpoint, token=False, library_name=name, library_version=version
            )
