"""Several files of a run at once: what fails alone, what people hold, what limits allow."""

from __future__ import annotations

import threading
from datetime import time, timedelta

import pytest
from django.db import connection
from django.utils import timezone

from core.errors import (
    LeaseLostError,
    QuietHoursError,
    TransferCancelledError,
    TransfersPausedError,
    UpstreamError,
    UpstreamNotFoundError,
)
from core.models import Run
from downloads.models import FileTransfer, RunTransfers, TransferLimit, TransferState
from downloads.services import controls, fetch, keep_arrived, verify_and_store
from downloads.services.places import hold
from downloads.sharing import SOURCE, Limits
from tests.downloads.work import BIG, SMALL, stored


@pytest.fixture
def beating(monkeypatch):
    """Let the mover look at its rows all the time."""
    monkeypatch.setattr("downloads.services.mover.EVERY", 0.0)


def states(run):
    rows = FileTransfer.objects.filter(run=run).order_by("file__path")
    return {row.file.path: str(row.state) for row in rows}


def when_moving(work, path, do):
    """Call `do` with the row of a file once its bytes come, from the mover's own look at it."""
    done = []

    def look():
        if not done and work.sent(path):
            done.append(True)
            do(FileTransfer.objects.get(run=work.run, file__path=path))
        return True

    work.checkpoint_when = look


def test_each_file_has_a_row_that_says_how_it_came(work):
    version = work.version({"a.bin": BIG, "b.txt": SMALL})
    fetch(work.transfer(version))
    assert states(work.run) == {"a.bin": "verifying", "b.txt": "verifying"}
    row = FileTransfer.objects.get(run=work.run, file__path="a.bin")
    assert (row.done, row.size, row.fetcher, row.attempts) == (len(BIG), len(BIG), "ranged", 1)
    verify_and_store(work.transfer(version))
    assert states(work.run) == {"a.bin": "stored", "b.txt": "stored"}


def test_one_file_s_failure_leaves_the_others_and_a_retry_takes_only_it(work):
    version = work.version({"a.txt": SMALL, "b.bin": b"b" * 5000, "c.txt": b"c"})
    work.server.files["/b.bin"].statuses = [404] * 9
    with pytest.raises(UpstreamNotFoundError) as caught:
        fetch(work.transfer(version))
    assert caught.value.details["path"] == "b.bin"
    assert states(work.run) == {"a.txt": "verifying", "b.bin": "failed", "c.txt": "verifying"}
    assert FileTransfer.objects.get(run=work.run, state="failed").error_code == "upstream_not_found"
    work.server.files["/b.bin"].statuses = []
    before = work.sent("a.txt")
    fetch(work.transfer(version))
    assert work.sent("a.txt") == before
    assert work.sent("b.bin") == 5000


def test_an_error_that_a_try_may_mend_does_not_hide_one_that_none_can(work):
    version = work.version({"a.txt": SMALL, "b.txt": b"b"})
    work.server.files["/a.txt"].statuses = [400] * 20
    work.server.files["/b.txt"].statuses = [404] * 20
    with pytest.raises(UpstreamNotFoundError) as caught:
        fetch(work.transfer(version))
    assert caught.value.message.startswith("2 of 2 files failed: b.txt and a.txt. ")


def test_only_errors_that_a_try_may_mend_are_tried_again_by_the_run(work):
    version = work.version({"a.txt": SMALL})
    work.server.files["/a.txt"].statuses = [400] * 20
    with pytest.raises(UpstreamError) as caught:
        fetch(work.transfer(version))
    assert caught.value.retryable


@pytest.mark.django_db(transaction=True)
def test_files_are_kept_while_others_still_move(work, beating):
    version = work.version({"a.bin": b"a" * 100, "b.bin": BIG})
    work.server.files["/b.bin"].hold = holding = threading.Event()

    def look():
        if version.files.filter(path="a.bin", content__isnull=False).exists():
            holding.set()
        return True

    work.checkpoint_when = look
    fetch(work.transfer(version), keep=keep_arrived)
    assert holding.is_set()
    assert states(work.run) == {"a.bin": "stored", "b.bin": "stored"}
    assert stored(version) == {"a.bin": b"a" * 100, "b.bin": BIG}


def test_a_paused_file_is_left_and_resumed_where_it_was(work, beating):
    version = work.version({"a.txt": SMALL, "b.bin": BIG})
    served = work.server.files["/b.bin"]
    served.hold = threading.Event()
    when_moving(work, "b.bin", lambda row: controls.pause_file(work.run, row.pk))
    with pytest.raises(TransfersPausedError, match=r"b\.bin"):
        fetch(work.transfer(version))
    served.hold.set()
    served.hold = None
    assert states(work.run) == {"a.txt": "verifying", "b.bin": "paused"}
    with pytest.raises(TransfersPausedError):
        fetch(work.transfer(version))
    controls.resume_file(work.run, FileTransfer.objects.get(state="paused").pk)
    fetch(work.transfer(version))
    assert states(work.run) == {"a.txt": "verifying", "b.bin": "verifying"}


def test_a_cancelled_file_is_thrown_away_and_the_others_come(work, beating, settings):
    version = work.version({"a.txt": SMALL, "b.bin": BIG})
    served = work.server.files["/b.bin"]
    served.hold = threading.Event()
    when_moving(work, "b.bin", lambda row: controls.cancel_file(work.run, row.pk))
    with pytest.raises(TransferCancelledError, match=r"b\.bin"):
        fetch(work.transfer(version))
    served.hold.set()
    served.hold = None
    assert states(work.run) == {"a.txt": "verifying", "b.bin": "cancelled"}
    assert [path.read_bytes() for path in settings.STAGING_DIR.iterdir()] == [SMALL]
    controls.revive(work.run)
    fetch(work.transfer(version))
    assert states(work.run)["b.bin"] == "verifying"


def test_a_paused_run_moves_nothing_until_it_is_resumed(work):
    version = work.version({"a.txt": SMALL})
    controls.pause_run(work.run)
    with pytest.raises(TransfersPausedError):
        fetch(work.transfer(version))
    assert work.sent("a.txt") == 0
    controls.resume_run(work.run)
    fetch(work.transfer(version))
    assert states(work.run) == {"a.txt": "verifying"}


def test_what_a_dead_worker_left_behind_is_corrected(work):
    version = work.version({"a.txt": SMALL})
    file = version.files.get()
    FileTransfer.objects.create(
        run=work.run, file=file, size=file.size, state="moving", speed=99, connections=3
    )
    fetch(work.transfer(version))
    row = FileTransfer.objects.get(run=work.run)
    assert (row.state, row.speed, row.connections) == (TransferState.VERIFYING, 0, 0)


def test_a_worker_whose_run_another_one_has_writes_nothing(work):
    version = work.version({"a.txt": SMALL})
    RunTransfers.objects.create(run=work.run, epoch=work.run.epoch + 1)
    with pytest.raises(LeaseLostError):
        fetch(work.transfer(version))
    assert states(work.run) == {}


def test_in_quiet_hours_without_bandwidth_nothing_moves(work):
    midnight = time(0, 0)
    TransferLimit.objects.create(
        source="", quiet_from=midnight, quiet_until=midnight, quiet_bytes_per_second=0
    )
    with pytest.raises(QuietHoursError, match="until 00:00"):
        fetch(work.transfer(work.version({"a.txt": SMALL})))
    assert work.sent("a.txt") == 0
    assert QuietHoursError.waits


def test_a_limited_bandwidth_lets_all_arrive(work):
    TransferLimit.objects.create(source="", bytes_per_second=50_000_000)
    version = work.version({"a.bin": BIG, "b.txt": SMALL})
    fetch(work.transfer(version))
    assert states(work.run) == {"a.bin": "verifying", "b.txt": "verifying"}


def limits(files, **by_source):
    return {"": Limits(files), **{name: Limits(count) for name, count in by_source.items()}}


def run_of(key, source="hf"):
    run = Run.objects.create(kind="test", key=key, state="running")
    RunTransfers.objects.create(run=run, source=source)
    return run


@pytest.mark.django_db
def test_runs_together_never_hold_more_places_than_there_are():
    one, two, three = run_of("1"), run_of("2"), run_of("3", "other")
    assert hold(one, wanted=9, moving=0, limits=limits(6)) == 6
    assert hold(two, wanted=9, moving=0, limits=limits(6)) == 0
    assert hold(one, wanted=9, moving=3, limits=limits(6)) == 3
    assert hold(two, wanted=9, moving=0, limits=limits(6)) == 3
    assert hold(two, wanted=9, moving=3, limits=limits(6, hf=4)) <= 3
    assert hold(one, wanted=0, moving=0, limits=limits(6)) == 0
    assert hold(three, wanted=9, moving=0, limits=limits(6)) == 3
    assert sum(RunTransfers.objects.values_list("held", flat=True)) <= 6


@pytest.mark.django_db
def test_a_source_without_a_row_has_the_safe_limit():
    run = run_of("1")
    assert hold(run, wanted=60, moving=0, limits=limits(60)) == SOURCE.files


@pytest.mark.django_db
def test_places_of_a_worker_that_died_are_free_after_a_while():
    one, two = run_of("1"), run_of("2")
    hold(one, wanted=9, moving=0, limits=limits(6))
    RunTransfers.objects.filter(run=one).update(until=timezone.now() - timedelta(seconds=1))
    assert hold(two, wanted=9, moving=0, limits=limits(6)) == 6
    assert connection.in_atomic_block
