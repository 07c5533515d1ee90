"""Imports that are hurt at random moments; the seed says which, so that each can be repeated."""

from __future__ import annotations

import random
import shutil
import time
from dataclasses import dataclass

from bench._weights import large_model
from config.yard.services import wait_until
from tests.e2e.aftermath import back_again, check_one_admitted_version, kill
from tests.e2e.yard import Person, Yard
from tests.services.yard import PATIENCE

FILES = 10


@dataclass(frozen=True)
class Blow:
    """Which part was killed, how long after the request, and in which step that was."""

    victim: str
    after: float
    step: str


def victims(yard: Yard) -> list[str]:
    own = ["worker-intake", "worker-downloads", "worker-scanning", "postgres"]
    return [name for name in [*own, "aria2"] if yard.running.main_of(name) is not None]


def hurt(yard: Yard, person: Person, *, seed: int, megabytes: int, duration: float) -> Blow:
    """Import a model of its own, kill a part of the yard on the way, and look what became of it."""
    numbers = random.Random(seed)  # noqa: S311 the same moments at every run
    repo_id = f"acme/hurt-at-random-{seed}"
    folder = large_model(
        yard.upstream.repos, repo_id, files=FILES, megabytes=megabytes, seed=1000 + seed
    )
    yard.upstream.reload()
    victim, after = numbers.choice(victims(yard)), numbers.uniform(0, duration)
    workflow = yard.extract(person, repo_id)
    time.sleep(after)
    step = _step(yard, workflow)
    back_again(yard, victim, kill(yard.running.main_of(victim)))
    assert wait_until(lambda: yard.running.status("/ready") == 200, seconds=PATIENCE)
    document = yard.follow(person, workflow)
    assert document["state"] == "done", document
    check_one_admitted_version(yard, repo_id, folder)
    shutil.rmtree(folder)
    return Blow(victim, after, step)


def unhurt(yard: Yard, person: Person, *, megabytes: int) -> float:
    """Seconds that an import of this size takes when nobody is killed."""
    repo_id = "acme/not-hurt"
    large_model(yard.upstream.repos, repo_id, files=FILES, megabytes=megabytes, seed=999)
    yard.upstream.reload()
    began = time.monotonic()
    document = yard.bring(person, repo_id)
    assert document["state"] == "done", document
    return time.monotonic() - began


def _step(yard: Yard, workflow: str) -> str:
    query = "select name from core_runstep where run_id = %s and state = 'running'"
    return next((str(row[0]) for row in yard.rows(query, workflow)), "between two")
