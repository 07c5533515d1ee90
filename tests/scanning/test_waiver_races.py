"""Two at once: both grant, or one ends a waiver while another answers by it."""

from __future__ import annotations

import threading

import pytest
from django.db import connection, connections

from config.yard.services import wait_until
from core.errors import ConflictError
from scanning.models import FindingWaiver
from scanning.services import answers
from scanning.services.engines import engines, named
from scanning.services.reviewing import review_waivers
from scanning.services.waivers import take_back
from tests.registry.conftest import caller, person
from tests.scanning.reports import accept, fresh, make_held, malware, scanned

__all__ = ["caller", "person"]
WAITS = """
    SELECT 1 FROM pg_stat_activity
    WHERE datname = current_database() AND wait_event_type = 'Lock'
"""


@pytest.fixture
def yard(transactional_db, make_yard):
    return make_yard


def started(work):
    """A thread with a connection of its own; what it raised is in the list that comes with it."""
    raised = []

    def run():
        try:
            work()
        except Exception as error:  # noqa: BLE001 whatever it is, the test looks at it
            raised.append(error)
        finally:
            connections.close_all()

    thread = threading.Thread(target=run)
    thread.start()
    return thread, raised


def test_of_two_who_accept_at_once_one_does_and_the_other_is_told(yard, caller):
    scanned(make_held())
    people = [caller(roles=("curator",)) for _ in range(2)]
    together = threading.Barrier(2)

    def grant(person):
        together.wait(timeout=30)
        accept(person)

    threads = [started(lambda person=person: grant(person)) for person in people]
    for thread, _ in threads:
        thread.join(timeout=60)
    errors = [error for _, raised in threads for error in raised]
    assert [type(error) for error in errors] == [ConflictError]
    assert FindingWaiver.objects.count() == 1


def test_an_answer_that_is_under_way_when_a_waiver_ends_does_not_outlive_it(
    yard, caller, monkeypatch
):
    ada = caller(roles=("curator",))
    version = scanned(make_held())
    waiver = accept(ada)
    review_waivers()
    reached, go_on = threading.Event(), threading.Event()
    real = answers._record

    def slowly(*words):
        if threading.current_thread() is not threading.main_thread() and not reached.is_set():
            reached.set()
            assert go_on.wait(timeout=60)
        real(*words)

    monkeypatch.setattr(answers, "_record", slowly)
    gate = malware(version)
    looks = answers.looks_known(version, answers.scanned_by(gate), gate.evidence["engines"])
    by = named(engines())
    scan, scan_raised = started(lambda: answers.answer_gate(fresh(version), looks, by=by))
    assert reached.wait(timeout=60)
    take_back(caller=ada, waiver=waiver)
    review, review_raised = started(review_waivers)
    assert wait_until(lambda: _somebody_waits() or not review.is_alive(), seconds=60)
    go_on.set()
    scan.join(timeout=60)
    review.join(timeout=60)
    assert (scan_raised, review_raised) == ([], [])
    assert (fresh(version).admission, fresh(version).scan_verdict) == ("held", "unsafe")
    assert malware(version).outcome == "failed"


def _somebody_waits():
    with connection.cursor() as cursor:
        cursor.execute(WAITS)
        return cursor.fetchone() is not None
