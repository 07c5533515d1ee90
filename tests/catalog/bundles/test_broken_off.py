"""An import of a bundle that is broken off: gone on with, and nothing half done."""

from __future__ import annotations

import pytest

from catalog.services import bundle_import, bundle_rows
from core import pipelines
from core.jobs import cancel_run
from core.models import RunState, StepState
from core.steps import StepContext
from core.storage.configured import content_store
from registry.enums import Role
from registry.models import Content, ModelVersion
from tests.catalog.bundles import making
from tests.catalog.bundles.conftest import STEPS


@pytest.mark.parametrize("step", STEPS)
def test_a_worker_that_dies_at_any_step_is_followed_by_another(sent, step):
    """The step is done, its end is not written: the next worker does it again."""
    row = bundle_import.request_import(
        caller=sent.yard.person(role=Role.ADMIN), name=str(sent.file)
    )
    run = sent.yard.drive(row.run, until=step)
    half = run.steps.get(name=step)
    pipelines.get(run.kind).step(step).work(StepContext(run, half))
    assert run.steps.get(name=step).state == StepState.WAITING
    run = sent.yard.drive(run)
    assert (run.error, run.state) == ("", RunState.DONE)
    assert ModelVersion.objects.get().admission == "admitted"


@pytest.mark.parametrize(
    "left",
    [lambda whole: whole[: len(whole) // 2], lambda whole: b"wrong" * len(whole)],
    ids=["half", "wrong"],
)
def test_an_import_goes_on_from_whatever_was_staged_before(sent, left):
    row = bundle_import.request_import(
        caller=sent.yard.person(role=Role.ADMIN), name=str(sent.file)
    )
    run = sent.yard.drive(row.run, until="store")
    largest = max(sent.files.values(), key=len)
    staged = bundle_rows.staging_of(str(run.pk)) / making.sha(largest)
    staged.parent.mkdir(parents=True)
    staged.write_bytes(left(largest))
    run = sent.yard.drive(run)
    assert (run.error, run.state) == ("", RunState.DONE)
    assert content_store().read_range(making.sha(largest), 0, len(largest)) == largest
    assert sent.yard.staged() == []


def test_a_cancelled_import_leaves_nothing_in_staging(sent):
    row = bundle_import.request_import(
        caller=sent.yard.person(role=Role.ADMIN), name=str(sent.file)
    )
    run = sent.yard.drive(row.run, until="store")
    staged = bundle_rows.staging_of(str(run.pk)) / ("a" * 64)
    staged.parent.mkdir(parents=True)
    staged.write_bytes(b"half")
    cancel_run(run.pk)
    assert sent.yard.drive(run).state == RunState.CANCELLED
    assert sent.yard.staged() == []


def test_what_is_stored_already_is_not_copied_again(sent):
    sent.take_in()
    ModelVersion.objects.update(admission="pending", decided_at=None)
    before = {key: content_store().local_path(key).stat().st_ino for key in digests(sent)}
    run = sent.take_in()
    assert run.state == RunState.DONE
    assert before == {key: content_store().local_path(key).stat().st_ino for key in digests(sent)}


def digests(sent):
    return {making.sha(body) for body in sent.files.values()}


def test_bytes_that_were_stored_and_not_noted_are_taken_up(sent):
    """A worker died between the store and the row."""
    row = bundle_import.request_import(
        caller=sent.yard.person(role=Role.ADMIN), name=str(sent.file)
    )
    run = sent.yard.drive(row.run, until="store")
    for number, body in enumerate(sent.files.values()):
        path = sent.folder / f"staged-{number}"
        path.write_bytes(body)
        content_store().put(path, making.sha(body), len(body))
    run = sent.yard.drive(run)
    assert (run.error, run.state) == ("", RunState.DONE)
    assert set(Content.objects.values_list("pk", flat=True)) == digests(sent)


def test_a_bundle_that_does_not_fit_waits_and_goes_on_when_there_is_space(sent, monkeypatch):
    """What the system says of the disk is replaced; no test can fill a real one."""
    monkeypatch.setattr("downloads.services.room.free_bytes", lambda _: 1000)
    row = bundle_import.request_import(
        caller=sent.yard.person(role=Role.ADMIN), name=str(sent.file)
    )
    run = sent.yard.drive(row.run, until="store")
    run = sent.yard.turn(run)
    assert (run.is_active, run.waiting_for) == (True, "storage_full")
    assert not Content.objects.exists()
    monkeypatch.undo()
    assert sent.yard.drive(run).state == RunState.DONE
