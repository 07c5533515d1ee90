"""Several processes of pytest-xdist (`-n`): who runs what, on which database and broker.

The tests of one file stay together and in order; those of tests/e2e, and those of tests/clients,
share one running yard, so each of the two forms one part. A part that mostly waits begins first and
the others run beside it.
"""

from __future__ import annotations

import os
from typing import Any
from urllib.parse import urlsplit

import pytest

STARTED = "MODELYARD_TEST_SERVICES"  # set for the processes of pytest-xdist, which share ours
SERVER_ENDS, SERVER_STAYS = "own", "given"  # what becomes of PostgreSQL after the run
WORKER = os.environ.get("PYTEST_XDIST_WORKER", "")  # gw0, gw1, …; empty in the process of `make`
TOGETHER = ("tests/e2e/", "tests/clients/")
# What takes longest by waiting; it would be alone at the end otherwise.
FIRST = (
    "tests/e2e/",
    "tests/clients/",
    "tests/config/test_up.py",
    "tests/config/test_supervise.py",
)
MOST = 4


def keep_apart() -> None:
    """Give this process its own state and its own database of Valkey.

    Its own database of PostgreSQL comes from pytest-django.
    """
    number = int(WORKER.removeprefix("gw")) + 1
    parts = urlsplit(os.environ["REDIS_URL"])
    database = int(parts.path.strip("/") or 0) + number
    os.environ["REDIS_URL"] = parts._replace(path=f"/{database}").geturl()
    os.environ["STATE_DIR"] += f"-{WORKER}"


def part_of(nodeid: str) -> str:
    """Name the part that a test belongs to; one process runs all of it."""
    path = nodeid.partition("::")[0]
    return next((folder for folder in TOGETHER if path.startswith(folder)), path)


def turn_of(item: pytest.Item) -> int:
    return next((n for n, start in enumerate(FIRST) if item.nodeid.startswith(start)), len(FIRST))


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    if WORKER:
        items.sort(key=turn_of)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """Answer `-n auto`: one more than there are processors, since some of the tests only wait."""
    return min(MOST, len(os.sched_getaffinity(0)) + 1 if hasattr(os, "sched_getaffinity") else 3)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    from xdist.scheduler import LoadScopeScheduling  # noqa: PLC0415 only there with -n

    class ByPart(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return part_of(nodeid)

    config.option.loadscopereorder = False  # in the order of collection, not by number of tests
    return ByPart(config, log)
