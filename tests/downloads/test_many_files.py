"""A repository of many small files: what each one costs the database."""

from __future__ import annotations

import dataclasses

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core.models import Run, RunStep
from core.steps import StepContext
from downloads.services import fetch, reuse_stored, verify_and_store

pytestmark = pytest.mark.django_db


class Clock:
    """Time that passes when the test says so."""

    def __init__(self):
        self.now = 0.0

    def __call__(self):
        return self.now


@pytest.fixture
def transfer_of(work):
    """Transfers as a step of a run makes them, with time standing still."""

    def make(version):
        run = Run.objects.create(kind="test", key=f"{version.pk}-{len(work.made)}", state="running")
        step = RunStep.objects.create(run=run, position=1, name="fetch", title="Fetch", queue="x")
        context = StepContext(run, step, clock=Clock())

        def report(done, total, words):
            context.progress(done, total, unit="bytes", message=words)

        made = work.transfer(version)
        made = dataclasses.replace(
            made, run=run, report=report, checkpoint=context.checkpoint, clock=Clock()
        )
        work.made.append(made)
        return made

    return make


def small_files(count):
    return {f"part-{n:03d}.json": b"{%d}" % n for n in range(count)}


def queries_of(do, *given):
    with CaptureQueriesContext(connection) as seen:
        do(*given)
    return len(seen)


def test_fetching_more_files_asks_the_database_no_more(work, transfer_of):
    few, many = (work.version(small_files(count)) for count in (3, 40))
    assert queries_of(fetch, transfer_of(few)) == queries_of(fetch, transfer_of(many)) < 52


def test_a_verified_file_costs_one_transaction_of_a_lock_and_two_writes(work, transfer_of):
    costs = []
    for count in (3, 13):
        version = work.version(small_files(count))
        fetch(transfer_of(version))
        costs.append(queries_of(verify_and_store, transfer_of(version)))
        version.model.delete()  # the next one has nothing to reuse
    assert costs[1] - costs[0] == 10 * 6  # begin, lock, look, content, file, end


def test_files_that_are_stored_already_are_attached_together(work, transfer_of):
    version = work.version(small_files(40))
    fetch(transfer_of(version))
    verify_and_store(transfer_of(version))
    twin = work.version(small_files(40), model=version.model)
    assert queries_of(reuse_stored, twin) <= 7
    assert not twin.files.filter(content__isnull=True).exists()
