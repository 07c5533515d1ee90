"""A large file over a connection that breaks, and for many at once: the bytes are the same."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import pytest

from tests.clients.cutter import cutting
from tests.clients.environments import CLIENTS
from tests.clients.repositories import LARGE, LARGE_BYTES, SHARDED

WEIGHTS = "model.safetensors"
TENTH = LARGE_BYTES // 10
PULL = ("file", [LARGE, WEIGHTS])
MOST = 12  # calls: one for each cut, and one that ends
KEEP_PARTS = {"036"}  # after an RST the others throw away what had come
TOGETHER = 10
SERVED = "SELECT count(*) FROM registry_served WHERE repo_id = %s AND path = %s"


def served(world):
    return world.yard.rows(SERVED, LARGE, WEIGHTS)[0][0]


@pytest.mark.parametrize("reset", [False, True], ids=["FIN", "RST"])
@pytest.mark.parametrize("client", CLIENTS)
def test_a_file_that_is_cut_at_every_tenth_arrives_whole(world, client, reset):
    begins_anew = reset and client not in KEEP_PARTS
    cuts = [TENTH * n if begins_anew else TENTH for n in range(1, 10)]
    left = list(cuts)
    with cutting(world.yard.running.port, left, reset=reset) as cutter:
        endpoint = f"http://localhost:{cutter.port}/hf"
        told = []
        while not told or ("error" in told[-1] and len(told) < MOST):
            home = f"{client}-cut-{reset}"
            told += world.run(client, "cora", [PULL], endpoint=endpoint, home=home)
    assert told[-1] == {"value": world.digests(LARGE)[WEIGHTS]}, told
    assert left == [], f"{len(left)} of {len(cuts)} cuts were not reached"


@pytest.mark.parametrize("client", CLIENTS)
def test_ten_clients_at_once_get_the_same_bytes_and_each_is_written_down(world, client):
    files = world.digests(SHARDED)
    paths = sorted(files)[:TOGETHER]
    asked = [[PULL, ("file", [SHARDED, path])] for path in paths]
    asked += [[PULL]] * (TOGETHER - len(asked))
    before = served(world)
    with ThreadPoolExecutor(TOGETHER) as pool:
        told = list(
            pool.map(
                lambda n: world.run(client, "cora", asked[n], home=f"{client}-{n}"), range(TOGETHER)
            )
        )
    large = {"value": world.digests(LARGE)[WEIGHTS]}
    assert [one[0] for one in told] == [large] * TOGETHER
    assert [one[1]["value"] for one in told[: len(paths)]] == [files[path] for path in paths]
    assert served(world) - before == TOGETHER
