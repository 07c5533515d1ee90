from __future__ import annotations

import httpx2
import pytest

from tests.standins.fixture import start_upstream, upstream
from tests.standins.repos import MOVING, RENAMED_TO

__all__ = ["start_upstream", "upstream"]


def asked(upstream, path, **headers):
    return httpx2.get(f"{upstream.url}/api/models/{path}", headers=headers)


def history(upstream, repo_id):
    return [row["id"] for row in asked(upstream, f"{repo_id}/commits/main").json()]


def test_a_push_adds_a_commit_and_leaves_the_ids_of_those_before(upstream):
    first = upstream.commit(RENAMED_TO)
    second = upstream.push(RENAMED_TO, {"README.md": "New.\n"})
    assert history(upstream, RENAMED_TO) == [second, first]
    found = asked(upstream, f"{RENAMED_TO}/tree/main").json()
    assert {row["path"] for row in found} == {"README.md", "config.json", "model.safetensors"}


@pytest.mark.parametrize(("onto", "depth"), [(0, 2), (None, 1)])
def test_a_force_push_leaves_the_old_head_out_of_the_history(upstream, onto, depth):
    old = upstream.commit(MOVING)
    new = upstream.push(MOVING, {"config.json": {"model_type": "bert"}}, onto=onto)
    assert new != old
    assert len(history(upstream, MOVING)) == depth
    assert old not in history(upstream, MOVING)
    assert asked(upstream, f"{MOVING}/revision/{old}").status_code == 200


def test_a_forgotten_commit_is_not_found_and_main_stays(upstream):
    old = upstream.commit(MOVING)
    upstream.push(MOVING, {"config.json": {"model_type": "bert"}}, onto=None)
    upstream.forget(MOVING, old)
    assert asked(upstream, f"{MOVING}/revision/{old}").status_code == 404
    assert asked(upstream, MOVING).status_code == 200


def test_a_known_answer_is_not_sent_again(upstream):
    path = f"{RENAMED_TO}?expand[]=sha&expand[]=gated"
    etag = asked(upstream, path).headers["etag"]
    same = asked(upstream, path, **{"If-None-Match": etag})
    assert (same.status_code, same.content) == (304, b"")
    upstream.change(RENAMED_TO, gated="manual")
    assert asked(upstream, path, **{"If-None-Match": etag}).json()["gated"] == "manual"


def test_a_repository_can_go_and_be_hidden(upstream):
    upstream.change(RENAMED_TO, private=True)
    assert asked(upstream, RENAMED_TO).status_code == 401
    upstream.delete(MOVING)
    assert asked(upstream, MOVING).status_code == 401
