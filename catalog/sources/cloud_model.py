"""Models that others host, as a BudConnect-compatible catalog describes them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, NoReturn
from urllib.parse import quote, urlencode

from catalog.sources.base import Link, Listing, ModelRef, Source, SourceOptions, sources
from catalog.sources.cloud.answer import Details, Listed, read_answer
from catalog.sources.cloud.facts import Told, facts_of
from catalog.sources.paths import check_path, shown
from core.errors import (
    InvalidInputError,
    NotConfiguredError,
    UpstreamError,
    UpstreamForbiddenError,
    UpstreamNotFoundError,
)
from core.http import Fetched, build_client, fetch, origin_of

LARGEST: Final = 1 << 20
_LONGEST_NAME: Final = 200
_MISSING: Final = 404
_REDIRECT: Final = 300
_BAD: Final = 400
_REFUSED: Final = frozenset({401, 403})


@sources.register
class CloudModel(Source):
    """Say what a hosted model is. It has no files: nothing of it is fetched, verified or scanned.

    What is recorded of it is therefore never admitted (registry.policy.NO_FILES).
    """

    slug = "cloud_model"
    title = "Hosted elsewhere"
    homepage = terms_url = "https://github.com/BudEcosystem/bud-connect"

    def __init__(self, options: SourceOptions, *, token: str = "") -> None:
        del token  # catalogs of hosted models are read without one
        self._endpoint = options.endpoint.rstrip("/")
        self._client = build_client(options.http)

    def parse(self, text: str) -> ModelRef | None:
        """Nothing that people paste is for this source: names of the Hub look the same."""
        return None

    def named(self, repo_id: str, revision: str) -> ModelRef | None:
        return ModelRef(self.slug, check_uri(repo_id), revision or None)

    def told(self, uri: str) -> Told:
        """Ask for a model by its name at its provider; once more where details are missing."""
        if not self._endpoint:
            raise NotConfiguredError(
                "This yard has no catalog of hosted models: an operator sets BUDCONNECT_URL, or"
                " BUDCONNECT_ALLOW for those that a request names as external_service_url."
            )
        service, uri = origin_of(self._endpoint), check_uri(uri)
        answer = self._ask(f"model/models/{quote(uri, safe='/')}/details")
        if answer.status == _MISSING:
            answer, details = self._found(uri, service)
        else:
            details = read_answer(Details, self._checked(answer, uri).content, service)
        if details.uri != uri:
            raise UpstreamError(f"{service} answers for {shown(details.uri)} in place of {uri}")
        hit = "hit" in answer.headers.get("x-cache", "").lower()
        return Told(details, service, is_cached=hit or details.is_cached)

    def resolve(self, ref: ModelRef) -> Listing:
        told = self.told(ref.repo_id)
        return Listing(
            ref=ModelRef(self.slug, ref.repo_id, told.commit),
            commit=told.commit,
            files=(),
            author=told.details.provider_name or "",
            card_data=facts_of(told)["card"],
            tags=tuple(told.details.tags or ()),
        )

    def read_text(self, ref: ModelRef, path: str, limit: int) -> bytes:
        _no_files(ref)

    def read_range(self, ref: ModelRef, path: str, start: int, end: int) -> bytes:
        _no_files(ref)

    def link(self, ref: ModelRef, path: str) -> Link:
        _no_files(ref)

    def headers(self, link: Link) -> Mapping[str, str]:
        return {}

    def close(self) -> None:
        self._client.close()

    def _ask(self, path: str) -> Fetched:
        """Ask once, following nothing: the address that was allowed is the one that answers."""
        headers = {"Accept": "application/json"}
        url = f"{self._endpoint}/{path}"
        return fetch(self._client, url, limit=LARGEST, headers=headers, follow_redirects=False)

    def _found(self, uri: str, service: str) -> tuple[Fetched, Details]:
        """Look for a model that has no details: the list of models says less, and says it too."""
        answer = self._checked(self._ask(f"model/?{urlencode({'search': uri})}"), uri)
        listed = read_answer(Listed, answer.content, service).models
        found = next((one for one in listed if one.uri == uri), None)
        if found is None:
            raise UpstreamNotFoundError(f"{service} knows no model {uri}. Look at the spelling.")
        return answer, found

    def _checked(self, answer: Fetched, uri: str) -> Fetched:
        service, status = origin_of(self._endpoint), answer.status
        if status in _REFUSED:
            raise UpstreamForbiddenError(
                f"{service} refuses {uri} ({status}).", upstream_status=status
            )
        if status == _MISSING:
            raise UpstreamNotFoundError(f"{service} knows no model {uri}. Look at the spelling.")
        if status >= _REDIRECT:
            what = "redirects, which is not followed" if status < _BAD else f"answers {status}"
            raise UpstreamError(f"{service} {what}.", upstream_status=status)
        return answer


def check_uri(uri: str) -> str:
    """Return the name of a hosted model, or raise InvalidInputError that says why it is none."""
    uri = uri.strip()
    if len(uri) > _LONGEST_NAME or any(c.isspace() for c in uri):
        raise InvalidInputError(
            f"{shown(uri)} is no name of a hosted model: write provider/model.", field="model_uri"
        )
    return check_path(uri)


def _no_files(ref: ModelRef) -> NoReturn:
    raise UpstreamNotFoundError(f"{ref.repo_id} is hosted elsewhere: it has no files.")
