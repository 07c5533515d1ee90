"""A model that is still looked at is refused with that reason, and served once it is admitted."""

from __future__ import annotations

from tests.clients.environments import CLIENTS
from tests.clients.repositories import PENDING
from tests.e2e.holds import hold, reached

ASKED = [("file", [PENDING, "config.json"]), ("info", [PENDING]), ("snapshot", [PENDING])]


def test_what_is_not_decided_yet_is_refused_until_it_is(world):
    with hold(world.yard, "license", PENDING):
        workflow = world.yard.extract(world.cora, PENDING)
        reached(world.yard, workflow, "license")
        before = {client: world.run(client, "cora", ASKED) for client in CLIENTS}
    world.follow(PENDING, workflow)
    for told in before.values():
        assert [one["error"] for one in told] == ["GatedRepoError"] * len(ASKED)
        for one in told:
            assert "is not admitted yet" in one["text"]
            assert world.page(PENDING) in one["text"]
    config = {"value": world.digests(PENDING)["config.json"]}
    assert [world.run(client, "cora", ASKED)[0] for client in CLIENTS] == [config] * len(CLIENTS)
