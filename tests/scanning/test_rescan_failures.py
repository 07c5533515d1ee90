"""Re-scans that cannot look, workers that die, services that are away."""

from __future__ import annotations

from datetime import timedelta

import pytest
from django.test import Client
from django.utils import timezone
from kombu.exceptions import OperationalError as BrokerAway

from core import jobs
from core.models import Run, RunState
from core.storage.configured import content_store
from registry.models import Notice, Receipt
from scanning.models import EngineSet, Rescan, Scan, VersionScan
from scanning.services import published, rescans
from tests.factories.registry import UserFactory
from tests.scanning.clamd import publish_signatures, running_clamd
from tests.scanning.published import (
    GOOD,
    bring,
    downloaded,
    drive,
    fresh,
    needs_clamd,
    publish,
    rescan,
    turn,
    unread,
    upgrade,
)

__all__ = ["bring", "publish", "unread", "upgrade"]
NOTES = GOOD["notes.txt"]


def scan_tab(version):
    browser = Client()
    browser.force_login(
        UserFactory(tier="professional"), backend="django.contrib.auth.backends.ModelBackend"
    )
    return browser.get(f"/models/{version.model.slug}/scan/").content.decode()


def test_an_engine_that_breaks_withdraws_nothing_at_first_and_holds_in_the_end(
    publish, upgrade, unread
):
    version = publish()
    rescan()
    upgrade("plain_files")
    unread.append("plain_files")
    run = rescan()
    row = Rescan.objects.get()
    assert (run.state, run.result["put_off"], row.tries) == ("done", 1, 1)
    assert "the engine crashed" in row.detail
    assert row.not_before > timezone.now() + timedelta(minutes=4)
    assert fresh(version).admission == "admitted"
    assert fresh(version).gates.get(gate="malware").outcome == "passed"
    assert Scan.objects.filter(scanner="plain_files").count() == 2  # what was known stays
    assert "Scanned again 1 time without an answer" in scan_tab(version)
    assert rescan() is None  # not before its time
    waits = []
    for _ in range(rescans.MOST_TRIES - 1):
        waits.append(Rescan.objects.get().not_before - timezone.now())
        Rescan.objects.update(not_before=timezone.now())
        rescan()
    assert waits == sorted(waits)
    after = fresh(version)
    assert (after.admission, after.scan_verdict) == ("held", "incomplete")
    assert "the engine crashed" in after.gates.get(gate="malware").reason
    assert Notice.objects.get().version == version
    assert Rescan.objects.get().gave_up_at
    assert "It could not be scanned again and is held" in scan_tab(version)
    assert rescan() is None


def test_what_was_given_up_comes_back_when_other_engines_can_read_it(publish, upgrade, unread):
    version, person = publish(), UserFactory()
    downloaded(version, person)
    rescan()
    upgrade("plain_files")
    unread.append("plain_files")
    for _ in range(rescans.MOST_TRIES):
        Rescan.objects.update(not_before=None)
        rescan()
    assert fresh(version).admission == "held"
    unread.clear()
    assert rescan() is None
    upgrade("plain_files", "100")
    rescan()
    assert (fresh(version).admission, fresh(version).scan_verdict) == ("admitted", "clean")
    assert not Rescan.objects.exists()
    kinds = Notice.objects.order_by("pk").values_list("kind", flat=True)
    assert list(kinds) == ["held", "back"]
    assert Receipt.objects.filter(user=person).count() == 2


def test_bytes_that_are_gone_are_no_reason_to_stop_and_are_held_in_the_end(publish, upgrade):
    lost, other = publish(), publish({"b.txt": b"b\n"})
    downloaded(lost, UserFactory(), 9)
    rescan()
    upgrade("plain_files")
    content_store().delete(lost.files.get(path="notes.txt").sha256)
    for _ in range(rescans.MOST_TRIES):
        Rescan.objects.update(not_before=None)
        assert rescan().state == RunState.DONE
    assert VersionScan.objects.get(version=other).rules == EngineSet.objects.first().rules
    assert (fresh(lost).admission, fresh(lost).scan_verdict) == ("held", "incomplete")
    assert fresh(other).admission == "admitted"


def test_an_engine_that_is_away_is_waited_for(publish, upgrade, settings):
    publish()
    rescan()
    upgrade("plain_files")
    run = turn(published.notice_engines())
    settings.CLAMD_HOST, settings.CLAMD_PORT = "127.0.0.1", 9
    assert published.notice_engines() is None
    turn(run)
    assert (run.state, run.waiting_for) == ("running", "rescan_waits")
    settings.CLAMD_HOST = ""
    assert drive(run).state == RunState.DONE


def test_a_broker_that_is_away_loses_nothing(
    publish, upgrade, monkeypatch, django_capture_on_commit_callbacks
):
    def away(**_):
        raise BrokerAway("connection refused")

    publish()
    rescan()
    upgrade("plain_files")
    monkeypatch.setattr(jobs.current_app.tasks[jobs.ADVANCE], "apply_async", away)
    with django_capture_on_commit_callbacks(execute=True):
        run = published.notice_engines()
    assert Run.objects.get(pk=run.pk).state == RunState.QUEUED
    assert drive(run).result["versions"] == 1


class KilledError(BaseException):
    """Ends a worker where it stands, as kill -9 does."""


MOMENTS = {
    "queued": (rescans, "scan_due"),
    "before the engines": (rescans, "look"),
    "scanned": (rescans, "fold_of"),
    "before it is settled": (rescans, "settle"),
    "settled": (rescans, "tell_others"),
    "at the decision": (rescans, "decide"),
}


@needs_clamd
@pytest.mark.parametrize("moment", MOMENTS, ids=str)
def test_a_worker_that_dies_anywhere_is_succeeded_and_nobody_is_told_twice(
    publish, settings, moment, monkeypatch
):
    person = UserFactory()
    with running_clamd() as (address, _):
        settings.CLAMD_SOCKET = address.socket
        publish_signatures(address, 1, b"else")
        version, twin = publish(), publish({"old.txt": NOTES})
        downloaded(version, person)
        downloaded(twin, person)
        rescan()
        publish_signatures(address, 2, NOTES)
        run = published.notice_engines()
        with monkeypatch.context() as patch:
            patch.setattr(*MOMENTS[moment], _killing)
            turn(run)
            with pytest.raises(KilledError):
                turn(run)
        Run.objects.filter(pk=run.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
        drive(run)
    assert run.state == RunState.DONE
    assert {fresh(version).admission, fresh(twin).admission} == {"held"}
    assert Notice.objects.count() == Receipt.objects.filter(user=person).count() == 2
    assert not Rescan.objects.exists()


def _killing(*_, **__):
    raise KilledError


def test_a_version_that_takes_its_worker_down_each_time_is_held(publish, upgrade, monkeypatch):
    version = publish()
    rescan()
    upgrade("plain_files")
    run = turn(published.notice_engines())
    monkeypatch.setattr(rescans, "look", _killing)
    for _ in range(rescans.MOST_TRIES):
        with pytest.raises(KilledError):
            turn(run)
        Run.objects.filter(pk=run.pk).update(lease_until=timezone.now() - timedelta(seconds=1))
    drive(run)
    assert (fresh(version).admission, fresh(version).scan_verdict) == ("held", "incomplete")
    assert "has not reported" in fresh(version).gates.get(gate="malware").reason
