from __future__ import annotations

import pytest

from registry.callers import Caller
from registry.enums import Scope, Tier
from registry.services.mains import release, roll_back
from tests.hub.conftest import make_version

pytestmark = pytest.mark.django_db
CURATOR = Caller(name="carla", tier=Tier.PROFESSIONAL, scopes=frozenset({Scope.CURATE}))


def test_main_lists_and_bytes_follow_a_roll_back_at_once(ask, key, store):
    first = make_version(store, files={"a.txt": b"old"})
    second = make_version(store, files={"a.txt": b"new"}, model=first.model)
    repo = first.model.repo_id

    def seen():
        listed = ask("/api/models?full=true", key=key).json()
        return (
            ask(f"/api/models/{repo}", key=key).json()["sha"],
            [row["sha"] for row in listed],
            ask(f"/{repo}/resolve/main/a.txt", key=key).getvalue(),
            ask(f"/api/models/{repo}/refs", key=key).json()["branches"][0]["targetCommit"],
        )

    assert seen() == (second.commit, [second.commit], b"new", second.commit)
    roll_back(caller=CURATOR, version=first, reason="v2 is broken")
    assert seen() == (first.commit, [first.commit], b"old", first.commit)
    first.model.refresh_from_db()
    third = make_version(store, files={"a.txt": b"newest"}, model=first.model)
    assert seen() == (first.commit, [first.commit], b"old", first.commit)
    by_commit = ask(f"/{repo}/resolve/{third.commit}/a.txt", key=key)
    assert by_commit.getvalue() == b"newest"
    release(caller=CURATOR, model=first.model, reason="v3 is fine")
    assert seen() == (third.commit, [third.commit], b"newest", third.commit)
