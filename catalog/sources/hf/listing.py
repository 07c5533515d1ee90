"""From the Hub's answers to our Listing; nothing in them is trusted."""

from __future__ import annotations

import re
from collections.abc import Iterable
from datetime import datetime
from typing import TYPE_CHECKING, Any, cast

from catalog.sources.base import Listing, ModelRef, RemoteFile
from catalog.sources.hf.references import is_repo_id
from catalog.sources.paths import check_path, check_tree, shown
from core.errors import InvalidInputError, TooLargeError, UpstreamError
from registry.source_scan import MOST, SourceScan

if TYPE_CHECKING:
    from huggingface_hub.hf_api import ModelInfo, RepoFile, RepoFolder, RepoSibling

COMMIT = re.compile(r"[0-9a-f]{40}")
SHA256 = re.compile(r"[0-9a-f]{64}")
_MOST_TAGS = 1000
_LONGEST_PATH = 1000
_MOST_TOLD = 50_000
_LARGEST = 1 << 50  # a thousand terabytes; sums of such sizes still fit the database


def pinned_commit(info: ModelInfo, ref: ModelRef) -> str:
    """Return the commit that the Hub resolved, which must be the one asked for if one was."""
    commit = info.sha
    if not isinstance(commit, str) or not COMMIT.fullmatch(commit):
        raise UpstreamError(f"The source names no commit for {ref.repo_id}")
    if ref.revision and COMMIT.fullmatch(ref.revision) and commit != ref.revision:
        raise UpstreamError(f"The source answers with commit {commit} instead of {ref.revision}")
    return commit


def canonical_id(info: ModelInfo, ref: ModelRef) -> str:
    """Return the name the Hub uses now."""
    if not is_repo_id(info.id):
        raise UpstreamError(f"The source calls {ref.repo_id} {shown(info.id)}, which is no name")
    return str(info.id)


def files_told(info: ModelInfo) -> list[RepoSibling]:
    """Return the files that came with the model; none where they may not be all, or lack hashes.

    The Hub leaves some out of very long lists, and other servers tell names alone.
    """
    files = info.siblings or []
    whole = len(files) <= _MOST_TOLD and all(file.blob_id for file in files)
    return list(files) if whole else []


def remote_files(
    entries: Iterable[RepoFile | RepoFolder | RepoSibling], limit: int
) -> tuple[RemoteFile, ...]:
    """Check and convert the files that a source tells; stop at `limit`."""
    files: list[RemoteFile] = []
    for number, entry in enumerate(entries):
        if number >= limit:
            raise TooLargeError(f"The model has more than {limit} files", limit=limit)
        if hasattr(entry, "blob_id"):
            files.append(_remote_file(cast("RepoFile | RepoSibling", entry)))
    check_tree(file.path for file in files)
    return tuple(sorted(files, key=lambda file: file.path))


def _remote_file(entry: RepoFile | RepoSibling) -> RemoteFile:
    path, lfs = check_path(entry.rfilename), entry.lfs
    sha256 = None if lfs is None else lfs.sha256
    sizes = {entry.size} if lfs is None else {entry.size, lfs.size}
    size = entry.size
    if len(sizes) > 1 or isinstance(size, bool) or not isinstance(size, int):
        size = -1
    if not 0 <= size <= _LARGEST:
        raise InvalidInputError(f"The file {shown(path)} has no usable size: {sizes}")
    if not _is_hash(entry.blob_id, COMMIT) or (lfs is not None and not _is_hash(sha256, SHA256)):
        raise InvalidInputError(f"The file {shown(path)} has no usable hash")
    return RemoteFile(path, size, entry.blob_id, sha256, is_lfs=lfs is not None)


def _is_hash(value: object, form: re.Pattern[str]) -> bool:
    return isinstance(value, str) and bool(form.fullmatch(value))


def make_listing(
    info: ModelInfo, ref: ModelRef, commit: str, files: tuple[RemoteFile, ...]
) -> Listing:
    """Put the Hub's answers together; what has the wrong type is left out."""
    repo_id, card = canonical_id(info, ref), _card(info)
    moved = repo_id.lower() != ref.repo_id.lower()
    return Listing(
        ref=ModelRef(ref.source, repo_id, commit),
        commit=commit,
        files=files,
        moved_from=ref.repo_id if moved else None,
        author=text_of(info.author) or repo_id.rpartition("/")[0],
        gated=text_of(info.gated),
        private=info.private is True,
        disabled=info.disabled is True,
        card_data=card,
        pipeline_tag=text_of(info.pipeline_tag),
        library_name=text_of(info.library_name),
        tags=_texts(info.tags),
        base_models=_texts(card.get("base_model")),
        downloads=count_of(info.downloads),
        likes=count_of(info.likes),
        created_at=info.created_at if isinstance(info.created_at, datetime) else None,
        last_modified=info.last_modified if isinstance(info.last_modified, datetime) else None,
        scan=scan_told(info.security_repo_status),
    )


def scan_told(told: object) -> SourceScan | None:
    """Read `securityRepoStatus`: whether the Hub's scanners are done, and the files with issues.

    A file without a word of its own has an issue all the same. What cannot be read, or is too
    much, makes the rest not whole, which holds: nobody can hide a warning behind it.
    """
    if told is None:
        return None
    known = told if isinstance(told, dict) else {}
    rows = known.get("filesWithIssues")
    issues = rows if isinstance(rows, list) else []
    levels = {
        row["path"][:_LONGEST_PATH]: text_of(row.get("level"))[:40]
        for row in issues[:MOST]
        if isinstance(row, dict) and isinstance(row.get("path"), str)
    }
    is_whole = isinstance(rows, list) and len(levels) == len(rows)
    return SourceScan(known.get("scansDone") is True, levels, is_whole)


def _card(info: ModelInfo) -> dict[str, object]:
    data: Any = info.card_data
    return data if isinstance(data, dict) else {}


def text_of(value: object) -> str:
    """Return a text, cut where it is too long; '' for all that is none."""
    return value[:500] if isinstance(value, str) else ""


def _texts(value: object) -> tuple[str, ...]:
    items = value if isinstance(value, list) else [value]
    return tuple(item[:500] for item in items[:_MOST_TAGS] if isinstance(item, str) and item)


def count_of(value: object) -> int | None:
    """Return a whole number; None for all that is none."""
    return value if isinstance(value, int) and not isinstance(value, bool) else None
