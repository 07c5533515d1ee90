"""Names that move are no versions for a manual download."""

from __future__ import annotations

import pytest

from catalog.services.pinning import check_pinned
from core.errors import RevisionNotPinnedError
from tests.standins.repos import MOVING


def test_a_moving_name_is_refused_for_a_manual_download_with_today_s_commit(yard):
    commit = yard.upstream.commit(MOVING)
    for name in ("main", "", "latest", "HEAD"):
        with pytest.raises(RevisionNotPinnedError) as caught:
            check_pinned(source="huggingface", repo_id=MOVING, revision=name)
        assert caught.value.details["commit"] == commit
        assert caught.value.message == (
            f"Revision must be explicitly pinned. Today it would be {commit}."
        )
    check_pinned(source="huggingface", repo_id=MOVING, revision=commit)


def test_a_moving_name_is_refused_also_while_the_source_is_away(yard):
    yard.upstream.config(inject=[{"match": "GET", "status": 503}])
    with pytest.raises(RevisionNotPinnedError) as caught:
        check_pinned(source="huggingface", repo_id=MOVING, revision="main")
    assert caught.value.message == (
        "Revision must be explicitly pinned. Name a commit, a tag or a version."
    )
