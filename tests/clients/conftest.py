"""One upstream, one yard and its people for all clients."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.clients import repositories
from tests.clients.cases import CASES
from tests.clients.environments import ALL_ARE_TRIED, ENVIRONMENTS
from tests.clients.world import World
from tests.e2e.upstream import running_upstream
from tests.e2e.yard import running_yard
from tests.standins.repos import MINILM, TWIN, RepoRoot

HERE = Path(__file__).parent
PATIENCE = 3600  # the first test brings all models in, and waits for all that its client does


def pytest_collection_modifyitems(items):
    for item in items:
        if HERE in item.path.parents:
            item.add_marker(pytest.mark.clients)
            item.add_marker(pytest.mark.timeout(PATIENCE))


@pytest.fixture(scope="session")
def world(tmp_path_factory):
    root = RepoRoot(tmp_path_factory.mktemp("upstream"))
    repositories.write_all(root)
    quotas = dict.fromkeys(("HUB_RATE_API", "HUB_RATE_FILES", "HUB_RATE_PAGES"), "100000")
    clients = ENVIRONMENTS if ALL_ARE_TRIED else tmp_path_factory.mktemp("clients")
    told = quotas | {"HUB_CLIENTS_DIR": str(clients)}
    with running_upstream(root) as upstream, running_yard(upstream, **told) as yard:
        cora = yard.person("cora", tier="professional", role="curator")
        lena = yard.person("lena", tier="lite", role="viewer")
        sam = yard.person("sam", tier="standard", role="viewer")
        world = World(yard, tmp_path_factory.mktemp("homes"), cora, lena, sam)
        world.bring(MINILM, TWIN, *repositories.BROUGHT)
        world.settle()
        yield world


@pytest.fixture(scope="session")
def answers(world):
    """What a client answered to all cases of a person, asked once."""
    known = {}

    def of(client, person):
        if (client, person) not in known:
            cases = [case for case in CASES if case.person == person]
            told = world.run(client, person, [case.asked() for case in cases])
            known[client, person] = {
                case.name: answer for case, answer in zip(cases, told, strict=True)
            }
        return known[client, person]

    return of
