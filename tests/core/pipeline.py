"""A pipeline of three steps, each of which does what the test planned."""

from __future__ import annotations

import pytest

from core import jobs, pipelines, runs
from core.pipelines import Pipeline, Step


class Work:
    """What a step of the test pipeline does next; every call is written down."""

    def __init__(self):
        self.calls = []
        self.plan = {}
        self.ends = []

    def step(self, name):
        def work(context):
            self.calls.append(name)
            planned = self.plan.get(name, [])
            action = planned.pop(0) if planned else None
            if isinstance(action, Exception):
                raise action
            if action:
                action(context)

        return Step(name, name.title(), "intake", work)


@pytest.fixture
def work():
    work = Work()
    pipeline = Pipeline(
        "testing",
        "Test",
        tuple(map(work.step, ["one", "two", "three"])),
        on_end=lambda context: work.ends.append(context.run.state),
    )
    pipelines._pipelines["testing"] = pipeline
    yield work
    del pipelines._pipelines["testing"]


def start(key="x"):
    return jobs.start_run(kind="testing", key=key)[0]


def drive(run, turns=10):
    for _ in range(turns):
        runs.advance(run.pk)
    run.refresh_from_db()
    return run


def states(run):
    return list(run.steps.values_list("state", flat=True))
