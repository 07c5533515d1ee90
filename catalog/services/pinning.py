"""Names that move and commits that do not."""

from __future__ import annotations

import re
from typing import Final

from catalog import upstreams
from catalog.sources.base import ModelRef
from core.errors import RevisionNotPinnedError

MOVING: Final = frozenset({"", "main", "master", "latest", "head"})
_COMMIT: Final = re.compile(r"[0-9a-f]{40}|[0-9a-f]{64}")


def is_commit(revision: str | None) -> bool:
    """Tell whether a revision is the whole of a commit: of all revisions that alone never moves."""
    return bool(_COMMIT.fullmatch(revision or ""))


def check_pinned(*, source: str, repo_id: str, revision: str) -> None:
    """Refuse a moving name for a manual download and say which commit it would be.

    A commit is none; of any other name the source is asked whether it is a branch.
    """
    named = "" if revision.lower() in MOVING else revision
    if named and (is_commit(named) or not _moves(source, repo_id, named)):
        return
    commit = upstreams.commit_of(ModelRef(source, repo_id, named or None))
    today = f"Today it would be {commit}." if commit else "Name a commit, a tag or a version."
    raise RevisionNotPinnedError(f"Revision must be explicitly pinned. {today}", commit=commit)


def _moves(source: str, repo_id: str, revision: str) -> bool:
    return upstreams.is_branch(upstreams.named(source, repo_id, revision))
