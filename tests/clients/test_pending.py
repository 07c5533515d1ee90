"""A model that is still looked at is refused with that reason, and served once it is admitted.

So is one that is brought because a client asked for it.
"""

from __future__ import annotations

from tests.clients.environments import CLIENTS
from tests.clients.repositories import PENDING, REQUESTED
from tests.e2e.holds import hold, reached

START_FOR_STANDARD = """
from registry.models import Policy
policy = Policy.objects.get(tier="standard", is_active=True)
Policy.objects.filter(pk=policy.pk).update(is_active=False)
policy.pk, policy.number, policy.limits["pull_through"] = None, policy.number + 1, "start"
policy.save(force_insert=True)
"""


def asked(repo):
    return [("file", [repo, "config.json"]), ("info", [repo]), ("snapshot", [repo])]


def test_what_is_not_decided_yet_is_refused_until_it_is(world):
    with hold(world.yard, "license", PENDING):
        workflow = world.yard.extract(world.cora, PENDING)
        reached(world.yard, workflow, "license")
        before = {client: world.run(client, "cora", asked(PENDING)) for client in CLIENTS}
    world.follow(PENDING, workflow)
    for told in before.values():
        assert [one["error"] for one in told] == ["GatedRepoError"] * len(told)
        for one in told:
            assert "is not admitted yet" in one["text"]
            assert world.page(PENDING) in one["text"]
    config = {"value": world.digests(PENDING)["config.json"]}
    assert [world.run(client, "cora", asked(PENDING))[0] for client in CLIENTS] == [config] * len(
        CLIENTS
    )


def test_what_is_not_here_is_requested_and_says_when_to_ask_again(world):
    world.yard.manage("shell", "--command", START_FOR_STANDARD)
    with hold(world.yard, "license", REQUESTED):
        before = {client: world.run(client, "sam", asked(REQUESTED)) for client in CLIENTS}
    first = before[CLIENTS[0]][0]["text"]
    assert f"{REQUESTED} was requested for you; ask again in" in first
    for told in before.values():
        assert [one["error"] for one in told] == ["GatedRepoError"] * len(told)
        for one in told:
            assert "ask again in" in one["text"].lower()
            assert f"{world.yard.base}/" in one["text"]
    world.follow(REQUESTED, world.yard.first_workflow(REQUESTED))
    config = {"value": world.digests(REQUESTED)["config.json"]}
    after = [world.run(client, "sam", asked(REQUESTED))[0] for client in CLIENTS]
    assert after == [config] * len(CLIENTS)
