"""Waivers are by content: what other versions are told, left-over work, and who comes at once."""

from __future__ import annotations

import pytest
from django.db import connection
from django.test.utils import CaptureQueriesContext

from core.errors import StorageError
from registry.models import AuditEvent
from registry.services.curation import withdraw
from scanning.models import Scan
from scanning.services import answers, reviewing
from scanning.services.reviewing import review_waivers
from scanning.services.waivers import take_back
from scanning.tasks import review_waivers as review_task
from tests.registry.conftest import caller, person
from tests.scanning.reports import (
    GOOD,
    RISKY,
    accept,
    finding,
    fresh,
    later,
    make_held,
    malware,
    only_waiver,
    scanned,
    sha_of,
)

__all__ = ["caller", "later", "person"]


@pytest.fixture
def ada(make_yard, caller):
    return caller(roles=("curator",), username="ada")


def admissions(*versions):
    return [fresh(version).admission for version in versions]


def test_an_accepted_finding_holds_no_twin(ada):
    twin = scanned(make_held())
    accept(ada)
    review_waivers()
    scanned(make_held({"other.pkl": RISKY}))
    assert admissions(twin) == ["admitted"]
    assert not AuditEvent.objects.filter(action="version.finding").exists()


def test_a_twin_is_told_of_what_is_left_after_waivers(ada):
    first = scanned(make_held({"first.pkl": RISKY}))
    accept(ada)
    withdraw(caller=ada, version=first, reason="gone")
    twin = scanned(make_held(), {})
    assert admissions(twin) == ["admitted"]
    scanned(make_held({"b.pkl": RISKY}), {sha_of(RISKY): [finding(), finding("other", "medium")]})
    assert (fresh(twin).admission, fresh(twin).scan_verdict) == ("held", "suspicious")
    assert "other was seen" in malware(twin).reason


def test_a_twin_that_was_held_by_a_newer_engine_is_free_when_that_is_accepted(ada):
    """It was told of the finding; its own scan knew other engines, which still stand."""
    twin = scanned(make_held({"a.pkl": RISKY, "c.pkl": GOOD}), {})
    assert admissions(twin) == ["admitted"]
    own = malware(twin).evidence["scanned_by"]
    scanned(make_held({"b.pkl": RISKY}), by="picklescan")
    assert admissions(twin) == ["held"]
    assert malware(twin).evidence["scanned_by"] == own
    accept(ada)
    review_waivers()
    assert admissions(twin) == ["admitted"]
    assert malware(twin).evidence["waivers"][0]["rule"] == "odd_call"


def test_an_engine_that_has_not_reported_on_a_file_keeps_it_incomplete(ada):
    version = scanned(make_held({"a.pkl": RISKY, "c.pkl": GOOD}))
    Scan.objects.filter(sha256=sha_of(GOOD), scanner="pickle_ops").delete()
    accept(ada)
    review_waivers()
    assert (fresh(version).admission, fresh(version).scan_verdict) == ("held", "incomplete")
    assert "c.pkl: pickle_ops has not reported" in malware(version).reason


def test_a_version_that_no_scan_has_answered_for_is_left_to_its_own(ada):
    """Told of a finding before it was scanned, it may not pass by the reports of others."""
    scanned(make_held())
    pending = make_held({"mine.pkl": RISKY})
    scanned(make_held({"third.pkl": RISKY}), {sha_of(RISKY): [finding()]})
    assert (fresh(pending).scan_verdict, malware(pending).outcome) == ("unsafe", "failed")
    accept(ada)
    review_waivers()
    assert (fresh(pending).admission, malware(pending).outcome) == ("pending", "failed")
    assert scanned(pending, {sha_of(RISKY): [finding()]}).admission == "admitted"


def test_withdrawn_versions_stay_withdrawn(ada):
    version = scanned(make_held())
    withdraw(caller=ada, version=version, reason="gone")
    accept(ada)
    assert review_waivers() == 0
    assert admissions(version) == ["withdrawn"]
    assert only_waiver().settled_at is not None


class DiedError(BaseException):
    """As kill -9 looks from inside: nothing more is done."""


@pytest.mark.parametrize("done", [0, 1, 2])
def test_a_worker_that_dies_between_is_followed_by_the_next_review(ada, monkeypatch, done):
    versions = [scanned(make_held({f"{n}.pkl": RISKY})) for n in range(3)]
    accept(ada)
    real, calls = reviewing.decide, []

    def dying(**words):
        if len(calls) == done:
            raise DiedError
        calls.append(1)
        return real(**words)

    with monkeypatch.context() as patch:
        patch.setattr(reviewing, "decide", dying)
        with pytest.raises(DiedError):
            review_waivers()
    assert admissions(*versions) == ["admitted"] * done + ["held"] * (3 - done)
    assert only_waiver().settled_at is None
    assert review_waivers() == 3 - done
    assert admissions(*versions) == ["admitted"] * 3
    assert AuditEvent.objects.filter(action="version.waiver").count() == 3
    assert review_waivers() == 0


def test_one_whose_bytes_are_away_keeps_no_other_from_being_decided(ada, monkeypatch):
    away, here = scanned(make_held()), scanned(make_held({"b.pkl": RISKY}))
    accept(ada)
    real = answers.looks_known

    def looks(version, *said):
        if version.pk == away.pk:
            raise StorageError("the store is away")
        return real(version, *said)

    with monkeypatch.context() as patch:
        patch.setattr(answers, "looks_known", looks)
        review_waivers()
    assert admissions(away, here) == ["held", "admitted"]
    assert only_waiver().settled_at is None
    review_task()
    assert admissions(away, here) == ["admitted", "admitted"]


def test_what_ends_while_it_is_being_settled_is_settled_again(ada, monkeypatch):
    version = scanned(make_held())
    waiver = accept(ada)
    real = reviewing.decide

    def and_then_taken_back(**words):
        decided = real(**words)
        take_back(caller=ada, waiver=waiver)
        return decided

    with monkeypatch.context() as patch:
        patch.setattr(reviewing, "decide", and_then_taken_back)
        review_waivers()
    assert only_waiver().settled_at is None
    review_waivers()
    assert admissions(version) == ["held"]


def test_versions_are_taken_in_batches(ada, monkeypatch):
    versions = [scanned(make_held({f"{n}.pkl": RISKY, f"again{n}.pkl": RISKY})) for n in range(5)]
    monkeypatch.setattr(reviewing, "BATCH", 2)
    accept(ada)
    assert review_waivers() == 5
    assert set(admissions(*versions)) == {"admitted"}


def test_a_review_of_a_version_takes_as_many_queries_for_many_files(ada):
    def queries_of(risky, *others):
        files = {f"{n}.pkl": content for n, content in enumerate([risky, *others])}
        scanned(make_held(files), {sha_of(risky): [finding()]})
        accept(ada, sha256=sha_of(risky))
        with CaptureQueriesContext(connection) as captured:
            assert review_waivers() == 1
        return len(captured)

    many = [GOOD + bytes([n]) for n in range(12)]
    assert queries_of(RISKY) == queries_of(RISKY + b"x", *many)
