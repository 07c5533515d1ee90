"""A repository of many small files: what each one costs the database."""

from __future__ import annotations

import dataclasses
import json

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core.models import Run, RunStep
from core.steps import StepContext
from downloads.models import FileTransfer, TransferState
from downloads.services import fetch, reuse_stored, rows, verify_and_store
from registry.models import ModelFile

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


def test_files_are_settled_in_statements_of_some(work, transfer_of, monkeypatch):
    """PostgreSQL takes 65,535 parameters: a run of more files than that failed."""
    transfer = transfer_of(work.version(small_files(20)))
    fetch(transfer)
    verify_and_store(transfer)
    transfers = FileTransfer.objects.filter(run=transfer.run)
    transfers.update(state=TransferState.WAITING)
    assert not transfer.version.files.filter(content__isnull=True).exists()
    monkeypatch.setattr(rows, "BATCH", 7)
    assert queries_of(rows.settle, transfer.run) == 1 + 3
    assert set(transfers.values_list("state", flat=True)) == {TransferState.STORED}


def take_for_empty(*models):
    """Let PostgreSQL believe what it does after it looked at a table before its rows came."""
    restore = """
        SELECT pg_restore_relation_stats('schemaname', current_schema()::text,
            'relname', %s::text, 'relpages', 20, 'reltuples', 0::real)
    """
    with connection.cursor() as cursor:
        for model in models:
            cursor.execute(restore, [model._meta.db_table])


def rows_compared(sql):
    """Run a statement again; count the rows that all parts of its plan took into their hands."""
    with connection.cursor() as cursor:
        cursor.execute(f"EXPLAIN (ANALYZE, FORMAT JSON) {sql}")
        (told,) = cursor.fetchone()
    plans = json.loads(told) if isinstance(told, str) else told
    return _rows_of(plans[0]["Plan"])


def _rows_of(node):
    seen = node["Actual Rows"] + sum(
        node.get(f"Rows Removed by {why}", 0) for why in ("Filter", "Join Filter", "Index Recheck")
    )
    return node["Actual Loops"] * seen + sum(_rows_of(part) for part in node.get("Plans", []))


def test_old_statistics_do_not_multiply_the_work(work, transfer_of):
    """They did: one UPDATE over 300 files compared 300 x 300 x 300 rows and took minutes."""
    if connection.pg_version < 180000:
        pytest.skip("PostgreSQL lets statistics be set from 18 on")
    count = 60
    transfer = transfer_of(work.version(small_files(count)))
    fetch(transfer)
    take_for_empty(FileTransfer, ModelFile)
    with CaptureQueriesContext(connection) as seen:
        rows.settle(transfer.run)
    assert seen.captured_queries
    assert sum(rows_compared(query["sql"]) for query in seen) < 5 * count**2
