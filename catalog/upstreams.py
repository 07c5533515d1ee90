"""The configured sources: plugins know no settings, so this file hands them theirs."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Final

from django.conf import settings

from catalog import further_hubs
from catalog.remembered import RememberedFiles
from catalog.sources import sources
from catalog.sources.base import (
    Listing,
    LocalOptions,
    ModelRef,
    Source,
    SourceOptions,
    WatchedSource,
)
from catalog.sources.cloud.service import check_service
from catalog.sources.cloud_model import CloudModel
from catalog.sources.huggingface import HuggingFace
from catalog.sources.searching import SearchedSource
from catalog.uploaded import UploadedSets
from core import this_yard
from core.errors import (
    ConflictError,
    InvalidInputError,
    ModelyardError,
    NotFoundError,
    UnknownPluginError,
    UpstreamForbiddenError,
    UpstreamNotFoundError,
)
from core.folders import Heard
from core.http import HttpPolicy, origin_of
from core.yards import way_of
from registry.enums import Reach

UPLOADS: Final = "upload"
HOSTED: Final = "cloud_model"
_IN_API: Final = {"huggingface": "hugging_face"}
MOST_UNREAD: Final = 2 << 30  # bytes that are hashed while somebody waits for an answer


def plugin_of(slug: str) -> type[Source]:
    """The class that reads models of this source; all further Hubs have one."""
    return HuggingFace if further_hubs.is_further(slug) else sources.get(slug)


def http_policy(slug: str = "") -> HttpPolicy:
    """What outgoing requests may reach: public addresses, and the upstreams named in settings.

    Those for a further Hub may reach its own address too, where an admin gave it.
    """
    endpoints = (settings.HF_ENDPOINT, settings.CIVITAI_ENDPOINT, settings.BUDCONNECT_URL)
    configured = {*map(origin_of, filter(None, endpoints)), *settings.UPSTREAM_ALLOW}
    return HttpPolicy(
        allowed_origins=frozenset(configured) | further_hubs.inside(slug),
        read_timeout=settings.REQUEST_TIMEOUT,
        user_agent=f"{settings.APP_NAME}/{settings.VERSION}",
    )


def _place_of(slug: str) -> tuple[str, str]:
    """The address of a source and the token that is for it alone; ('', '') where it needs none."""
    places = {
        "huggingface": (settings.HF_ENDPOINT, settings.HF_TOKEN),
        "civitai": (settings.CIVITAI_ENDPOINT, settings.CIVITAI_TOKEN),
        HOSTED: (settings.BUDCONNECT_URL, ""),
    }
    return places.get(slug, ("", ""))


def options(slug: str, *, heard: Heard | None = None, through: str = "") -> SourceOptions:
    """What a source is told. Without `heard` somebody waits, and little is read of local files.

    `through` says which yards a question left before it came here (see core.yards).
    """
    further = further_hubs.active(slug) if further_hubs.is_further(slug) else None
    endpoint, token = further_hubs.place_of(further) if further else _place_of(slug)
    instance = this_yard.instance()
    return SourceOptions(
        endpoint=endpoint,
        token=token,
        further=further_hubs.told(further) if further else None,
        instance=instance,
        onward=way_of(through).onward(instance),
        file_origins=settings.UPSTREAM_ALLOW,
        http=http_policy(),
        local=LocalOptions(
            folder=settings.UPLOADS_DIR if slug == UPLOADS else settings.MODELS_DIR,
            uploads=UploadedSets(),
            places=named_places(),
            memory=RememberedFiles(),
            heard=heard or (lambda count: None),
            most_unread=None if heard else MOST_UNREAD,
        ),
    )


def named_places() -> dict[str, Path]:
    """Folders outside MODELS_DIR that a setting names, and the name of the model in each."""
    vosk = settings.VOSK_MODEL_PATH
    return {f"vosk/{vosk.name}": vosk} if vosk else {}


def provider_types() -> dict[str, str]:
    """The sources whose models a request may name, by the words of the API."""
    named = (source.slug for source in sources if source.slug != UPLOADS)
    return {_IN_API.get(slug, slug): slug for slug in named}


def source_title(slug: str) -> str:
    """Write the name of a source; one whose plugin is gone keeps its slug.

    That of a further Hub is what people write before its models.
    """
    if further_hubs.is_further(slug):
        return further_hubs.name_of(slug)
    return next((source.title for source in sources if source.slug == slug), slug)


def page_of(slug: str, repo_id: str, commit: str) -> str:
    """Where people read about a version at its source; '' where there is no such page."""
    if further_hubs.is_further(slug):
        return further_hubs.page_of(slug, repo_id, commit)
    pages = (plugin.page(repo_id, commit) for plugin in sources if plugin.slug == slug)
    return next(pages, "")


def source_for(
    slug: str, *, token: str = "", heard: Heard | None = None, through: str = ""
) -> Source:
    """Make the source of this name; a token of one run comes before the configured one."""
    return plugin_of(slug)(options(slug, heard=heard, through=through), token=token)


def hosted_catalog(service_url: str = "") -> CloudModel:
    """Make the source of hosted models for somebody who waits; a named service must be allowed.

    It is checked before its name is looked up. A service that only a request names is reached at
    public addresses alone, unless UPSTREAM_ALLOW has it as well.
    """
    given = options(HOSTED)
    if service_url:
        allowed = (*settings.BUDCONNECT_ALLOW, *filter(None, [settings.BUDCONNECT_URL]))
        given = replace(given, endpoint=check_service(service_url, allowed))
    return CloudModel(_briefly(given))


def searched_slugs() -> list[str]:
    """Name the sources that can be searched."""
    found = [plugin.slug for plugin in sources if issubclass(plugin, SearchedSource)]
    return [*found, *further_hubs.active_sources()]


def searched_source(slug: str, *, token: str = "") -> SearchedSource:
    """Make a source for a search, for which somebody waits."""
    try:
        plugin = plugin_of(slug)
    except UnknownPluginError as error:
        raise NotFoundError(f"There is no source {slug!r}.") from error
    if not issubclass(plugin, SearchedSource):
        raise InvalidInputError(f"{plugin.title} cannot be searched.")
    return plugin(_briefly(options(slug)), token=token)


def _briefly(given: SourceOptions) -> SourceOptions:
    return replace(given, http=replace(given.http, attempts=2, patience=5.0))


def is_watched(slug: str) -> bool:
    """Tell whether models of this source are looked after: its plugin is here and can be asked."""
    if further_hubs.is_further(slug):
        return slug in further_hubs.active_sources()
    return any(plugin.slug == slug and issubclass(plugin, WatchedSource) for plugin in sources)


def watched_source(slug: str) -> WatchedSource:
    """Make a source for looks that nobody waits for: one try, with the yard's own access."""
    plugin = plugin_of(slug)
    if not issubclass(plugin, WatchedSource):
        raise InvalidInputError(f"{plugin.title} cannot be asked for news.")
    given = options(slug)
    return plugin(replace(given, http=replace(given.http, attempts=1)))


def reading(text: str) -> ModelRef | None:
    """Read what somebody pasted, by the first source that understands it; None where none does.

    Further Hubs come first: each reads its own name, before a colon, and addresses below its own.
    """
    further = further_hubs.active_sources() if ":" in text else []
    for slug in [*further, *(plugin.slug for plugin in sources)]:
        with source_for(slug) as source:
            if ref := source.parse(text):
                return ref
    return None


def parse(text: str) -> ModelRef:
    """Read what somebody pasted, or say what to write."""
    if ref := reading(text):
        return ref
    raise InvalidInputError(
        "This names no model. Write org/name, org/name@commit, civitai:number, NAME:org/name of a"
        " further Hub, an address, or an hf download line."
    )


def named(slug: str, repo_id: str, revision: str = "") -> ModelRef:
    """Check words that a caller gave one by one; only what the source itself would read passes."""
    with source_for(slug) as source:
        ref = source.named(repo_id, revision)
    if ref is None:
        raise InvalidInputError(
            f"This names no model of {source_title(slug)}. Write its name (org/name; at CivitAI its"
            " number) and the revision as a commit, a tag or the number of a version."
        )
    return ref


def pin(source: Source, ref: ModelRef) -> Listing:
    """Pin a reference at its source; a model without a single file is not there yet."""
    listing = source.resolve(ref)
    if not listing.files:
        raise UpstreamNotFoundError(
            f"{listing.ref.repo_id} has no files at {listing.commit[:7]}, so there is nothing to"
            " import yet."
        )
    return listing


def reach_of(listing: Listing) -> Reach:
    """Ask the source how far the yard's own access (HF_TOKEN, else none) gets with this commit."""
    if plugin_of(listing.ref.source).is_local:
        return Reach.PRIVATE if listing.private else Reach.OPEN
    largest = max(listing.files, key=lambda file: file.size)
    with source_for(listing.ref.source) as source:
        try:
            source.link(listing.ref, largest.path)
        except UpstreamForbiddenError as error:
            return Reach.GATED if error.details.get("reason") == "gated" else Reach.PRIVATE
        except UpstreamNotFoundError:
            return Reach.PRIVATE
    return Reach.OPEN


def commit_of(ref: ModelRef) -> str:
    """Say which commit a moving name is now; '' while its source cannot say."""
    try:
        with source_for(ref.source) as source:
            return source.name_commit(ref).revision or ""
    except ModelyardError:
        return ""


def name_commit(ref: ModelRef, *, token: str = "") -> ModelRef | None:
    """Pin a reference for somebody who waits; None where files of this machine must be read first.

    What its source lacks, refuses or cannot say is raised.
    """
    given = options(ref.source)
    brief = replace(
        given,
        http=replace(given.http, attempts=2, patience=5.0),
        local=replace(given.local, most_unread=0),
    )
    with plugin_of(ref.source)(brief, token=token) as source:
        try:
            return source.name_commit(ref)
        except ConflictError:
            if source.is_local:
                return None
            raise


def is_branch(ref: ModelRef) -> bool:
    """Ask the source whether the revision of a reference is a name that moves."""
    with source_for(ref.source) as source:
        return source.is_branch(ref)
