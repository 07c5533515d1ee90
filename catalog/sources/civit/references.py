"""Read what people paste: `civitai:ID@VERSION`, AIRs, and addresses of pages and downloads."""

from __future__ import annotations

import re
from typing import Final
from urllib.parse import parse_qs, urlsplit

# The site has a second home for what it does not show on the first; the ids are the same.
HOMES: Final = frozenset(
    {"civitai.com", "www.civitai.com", "civitai.red", "www.civitai.red", "civitai.green"}
)
BY_VERSION: Final = "model-versions/"
_ID: Final = r"[1-9][0-9]{0,11}"
_COMMIT: Final = r"[0-9a-f]{28}[0-9]{12}"
COMMIT: Final = re.compile(_COMMIT)
_REVISION: Final = re.compile(rf"{_ID}|{_COMMIT}")
_REPO: Final = re.compile(rf"(?:{BY_VERSION})?{_ID}")
_SHORT: Final = re.compile(rf"civitai:(?P<repo>(?:{BY_VERSION})?{_ID})(?:@(?P<revision>.+))?")
_AIR: Final = re.compile(
    rf"(?:urn:)?air:[\w-]+:[\w-]+:civitai:(?P<repo>{_ID})(?:@(?P<revision>{_ID}))?(?:\.\w+)?"
)
_PAGE: Final = re.compile(
    rf"/(?:api/download/models/(?P<download>{_ID})"
    rf"|(?:api/v1/)?model-versions/(?P<version>{_ID})"
    rf"|(?:api/v1/)?models/(?P<model>{_ID})(?:/[^/]*)?)/?"
)
_LONGEST: Final = 2000

Found = tuple[str, str | None]


def is_repo_id(value: object) -> bool:
    """Tell whether a name is the id of a model, or `model-versions/ID` where only that is known."""
    return isinstance(value, str) and bool(_REPO.fullmatch(value))


def is_revision(value: object) -> bool:
    """Tell whether a revision is the id of a version or a commit as `listing.commit_of` makes."""
    return isinstance(value, str) and bool(_REVISION.fullmatch(value))


def version_of(repo_id: str, revision: str | None) -> int | None:
    """Return the id of the version that a reference names; None when it names a model alone."""
    if revision:
        return int(revision[-12:]) if COMMIT.fullmatch(revision) else int(revision)
    return int(repo_id.removeprefix(BY_VERSION)) if repo_id.startswith(BY_VERSION) else None


def read_reference(pasted: str, endpoint: str) -> Found | None:
    """Return (repo id, revision) of what was pasted; None when it names nothing of CivitAI.

    Of an address nothing but ids is taken: a token in its query goes no further.
    """
    pasted = pasted.strip()
    if not pasted or len(pasted) > _LONGEST or not pasted.isprintable():
        return None
    if found := _SHORT.fullmatch(pasted) or _AIR.fullmatch(pasted):
        return _checked(found["repo"], found["revision"])
    if pasted.startswith(("http://", "https://")):
        return _address(pasted, endpoint)
    home = pasted.partition("/")[0]
    return _address(f"https://{pasted}", endpoint) if home in HOMES else None


def _checked(repo: str, revision: str | None) -> Found | None:
    if revision is not None and not is_revision(revision):
        return None
    if repo.startswith(BY_VERSION) and revision is None:
        revision = repo.removeprefix(BY_VERSION)
    return repo, revision


def _address(pasted: str, endpoint: str) -> Found | None:
    try:
        parts, base = urlsplit(pasted), urlsplit(endpoint)
        own = (parts.hostname, parts.port) == (base.hostname, base.port)
    except ValueError:
        return None
    if not own and parts.hostname not in HOMES:
        return None
    path = parts.path.removeprefix(base.path.rstrip("/")) if own else parts.path
    page = _PAGE.fullmatch(path)
    if page is None:
        return None
    if version := page["download"] or page["version"]:
        return _checked(f"{BY_VERSION}{version}", None)
    return _checked(page["model"], parse_qs(parts.query).get("modelVersionId", [None])[0])
