"""From CivitAI's answers to files and a commit; nothing in them is trusted."""

from __future__ import annotations

import hashlib
import re
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final
from urllib.parse import parse_qsl, urlencode, urlsplit

from catalog.sources.base import Listing, ModelRef, RemoteFile
from catalog.sources.civit.card import card_of
from catalog.sources.civit.kinds import task_of
from catalog.sources.civit.values import LARGEST, mapping, moment, number, text, whole
from catalog.sources.paths import check_path, check_tree, shown
from core.errors import InvalidInputError, TooLargeError, UpstreamError, UpstreamNotFoundError

_SHA256 = re.compile(r"[0-9a-f]{64}")
_CHOICES: Final = frozenset({"type", "format", "size", "fp", "quantType"})
_MOST_VERSIONS: Final = 10_000


@dataclass(frozen=True, slots=True)
class PublishedFile:
    """One file of a version; `size` is None where `sizeKB` is not exact. `query` asks for it."""

    id: int
    path: str
    sha256: str
    size: int | None
    query: str
    is_primary: bool = False


def published_files(version: Mapping[str, object], most: int) -> tuple[PublishedFile, ...]:
    """Check the files of a version, in the order of their ids; previews are none of them.

    A name that several files have is put below the id of each but the primary one.
    """
    listed = version.get("files")
    rows = listed if isinstance(listed, list) else []
    if len(rows) > most:
        raise TooLargeError(f"The version has more than {most} files", limit=most)
    named = Counter(mapping(row).get("name") for row in rows if _is_text(mapping(row).get("name")))
    files = sorted((_file(mapping(row), named) for row in rows), key=lambda file: file.id)
    check_tree(file.path for file in files)
    return tuple(files)


def _is_text(value: object) -> bool:
    return isinstance(value, str)


def _file(row: Mapping[str, object], named: Counter[object]) -> PublishedFile:
    name, file_id = check_path(row.get("name")), whole(row.get("id"))
    if "/" in name:
        raise InvalidInputError(f"The file name {shown(name)} cannot be used: it has a slash")
    if not file_id:
        raise InvalidInputError(f"The file {shown(name)} has no id")
    sha256 = text(mapping(row.get("hashes")).get("SHA256"), 80).lower()
    if not _SHA256.fullmatch(sha256):
        raise InvalidInputError(
            f"CivitAI has not published the SHA-256 of {shown(name)}, without which its bytes"
            " cannot be verified. It does so once its own scan has ended: try again later."
        )
    is_primary = row.get("primary") is True
    path = name if named[name] == 1 or is_primary else f"{file_id}/{name}"
    return PublishedFile(file_id, path, sha256, size_of(row), _query(row), is_primary)


def size_of(row: Mapping[str, object]) -> int | None:
    """Return the bytes of a file where `sizeKB` says them exactly, else None: ask for them.

    The API gives bytes / 1024 as a double, which is exact up to 2^53 bytes; mirrors and copies
    round it to two decimals. So what has no more decimals than that may be rounded.
    """
    kilobytes = number(row.get("sizeKB"))
    if kilobytes is None or kilobytes * 1024 > LARGEST:
        raise InvalidInputError(
            f"The file {shown(row.get('name'))} has no usable size: {shown(row.get('sizeKB'))}"
        )
    size = kilobytes * 1024
    if not size.is_integer() or (kilobytes * 100).is_integer():
        return None
    return int(size)


def _query(row: Mapping[str, object]) -> str:
    """Return what chooses this file among those of its version; nothing else of the address."""
    address = row.get("downloadUrl")
    try:
        given = parse_qsl(urlsplit(address).query) if isinstance(address, str) else []
    except ValueError:
        given = []
    return urlencode([(name, value[:60]) for name, value in given if name in _CHOICES])


def commit_of(version_id: int, files: Sequence[PublishedFile]) -> str:
    """Name a version and what its files are, in 40 characters of which the last twelve are its id.

    A version keeps its id while its creator replaces files, so the id alone pins nothing: the
    first 28 characters are of a SHA-256 over id, path and SHA-256 of each file.
    """
    digest = hashlib.sha256(f"civitai {version_id}\n".encode())
    for file in sorted(files, key=lambda file: file.id):
        digest.update(f"{file.id} {file.sha256} {file.path}\n".encode())
    return f"{digest.hexdigest()[:28]}{version_id:012d}"


def newest_version(model: Mapping[str, object], repo_id: str) -> int:
    """Return the version that the page of a model shows first, among the published ones."""
    listed = model.get("modelVersions")
    for row in listed[:_MOST_VERSIONS] if isinstance(listed, list) else []:
        version_id = whole(mapping(row).get("id"))
        if version_id and mapping(row).get("status") in (None, "Published"):
            return version_id
    raise UpstreamNotFoundError(f"Model {repo_id} of CivitAI has no published version.")


def id_of(answer: Mapping[str, object], name: str, what: str) -> int:
    """Return an id that an answer must have."""
    found = whole(answer.get(name))
    if not found:
        raise UpstreamError(f"CivitAI answers something unreadable for {what}: no {name}")
    return found


def make_listing(
    model: Mapping[str, object],
    version: Mapping[str, object],
    commit: str,
    files: Mapping[str, PublishedFile],
    sizes: Mapping[str, int],
    *,
    gated: str,
) -> Listing:
    """Put both answers together; what has the wrong type is left out."""
    card = card_of(model, version)
    told = card["civitai"]
    stats = told["stats"]
    return Listing(
        ref=ModelRef("civitai", str(told["model_id"]), commit),
        commit=commit,
        files=tuple(
            RemoteFile(path, sizes[path], None, file.sha256, is_lfs=True)
            for path, file in sorted(files.items())
        ),
        title=told["name"],
        author=told["creator"],
        gated=gated,
        private=told["availability"] == "Private",
        card_data=card,
        pipeline_tag=task_of(told["type"], told["base_model"]),
        tags=tuple(told["tags"]),
        downloads=stats.get("downloadCount"),
        likes=stats.get("thumbsUpCount"),
        created_at=moment(version.get("createdAt")),
        last_modified=moment(version.get("updatedAt")),
    )
