"""What tests of `POST /model-info/extract` share: asking, and what happens while it waits."""

from __future__ import annotations

import time
from types import SimpleNamespace

import pytest
from django.apps import apps

from catalog.api import started
from core.models import Run
from tests.standins.repos import RENAMED_TO

PATH = "/model-info/extract"
ROWS = ("registry.Model", "registry.ModelVersion", "registry.ModelFile", "core.Run", "core.RunStep")


@pytest.fixture
def extract(ask, make_key):
    def send(uri, *, key=None, wait=0, **body):
        headers = {"Prefer": f"wait={wait}"} if wait else {}
        body = {"model_uri": uri, **body}
        return ask(PATH, key=key or make_key(), method="POST", body=body, **headers)

    return send


@pytest.fixture
def while_waiting(monkeypatch):
    """Let something happen in place of the time that an answer waits."""

    def put(act, *, once=False):
        now = [0.0]

        def sleep(seconds):
            now[0] += 3600 if once else seconds
            act()

        clock = SimpleNamespace(sleep=sleep, monotonic=lambda: now[0], time=time.time)
        monkeypatch.setattr(started, "time", clock)

    return put


@pytest.fixture
def working(yard, while_waiting):
    """A worker does a step whenever an answer waits."""
    while_waiting(lambda: yard.turn(Run.objects.get()))
    return yard


@pytest.fixture
def inspected(yard, extract):
    """A model of which the record is here and the bytes are not."""
    run = Run.objects.get(pk=extract(RENAMED_TO).json()["workflow_id"])
    yard.drive(run, until="fetch")
    yard.upstream.reset()
    return run


def rows():
    return {name: apps.get_model(name).objects.count() for name in ROWS}


def steps(run):
    return dict(run.steps.values_list("name", "state"))
