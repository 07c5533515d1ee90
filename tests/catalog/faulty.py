"""A model with weights worth a fault, and what a fault may leave behind: nothing."""

from __future__ import annotations

import pytest

from core.models import Run, RunState
from tests.standins.repos import tiny_safetensors
from tests.standins.yard import Yard

BIG = "acme/big"
WEIGHTS = tiny_safetensors({"w": ("F32", [300_000])})


@pytest.fixture
def big(yard: Yard) -> Yard:
    """A yard whose upstream has a model with weights worth a fault, ready to be fetched."""
    card = "---\nlicense: mit\n---\nBig.\n"
    yard.upstream.repos.repo(BIG, {"README.md": card, "model.safetensors": WEIGHTS})
    yard.upstream.reload()
    return yard


def at_fetch(yard: Yard, **faults) -> Run:
    """A run whose next step fetches, from a source that has these faults from now on."""
    run = yard.drive(yard.ask(BIG).run, until="fetch")
    yard.upstream.config(**faults)
    return run


def assert_all_is_well(yard: Yard, run: Run) -> None:
    yard.drive(run)
    assert (run.state, run.error) == (RunState.DONE, "")
    assert yard.version(run).admission == "admitted"
    sha256 = yard.version(run).files.get(path="model.safetensors").sha256
    assert yard.store.local_path(sha256).read_bytes() == WEIGHTS
    assert yard.staged() == []


def assert_nothing_is_out(yard: Yard, run: Run) -> None:
    version = yard.version(run)
    assert version.admission != "admitted"
    assert yard.hub_status(BIG, "model.safetensors") == 403
    assert yard.hub_status(BIG, "model.safetensors", tier="lite") == 404


def assert_it_waits(run: Run, step: str, code: str, words: str) -> None:
    """The run stands still at this step with a reason, and none of its tries is used up."""
    row = run.steps.get(name=step)
    assert (run.state, run.waiting_for, run.is_waiting) == (RunState.RUNNING, code, True)
    assert (row.state, row.retries, row.claims) == ("waiting", 0, 0)
    assert words in row.message
